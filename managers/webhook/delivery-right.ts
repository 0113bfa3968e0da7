import { type Connection, Session } from '#platform/db'
import type { Clock } from '#platform/time'

/** The lock of the one that delivers: the hash of `strowger webhooks`. */
const LOCK = 7_342_985_112_036_001
const ANSWER_MS = 5_000

/**
 * The right to deliver, held by one process at a time: an advisory lock of a session of its own, which the server takes
 * back the moment that the holder is gone.
 */
export class DeliveryRight {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #onLost: () => void
  readonly #stopping = new AbortController()
  #session: Session | undefined

  constructor(needs: { connection: Connection; clock: Clock; onLost: () => void }) {
    this.#connection = needs.connection
    this.#clock = needs.clock
    this.#onLost = needs.onLost
  }

  /** Takes the right if nobody has it; whether it is ours now. Rejects when the database does not answer. */
  async acquire(): Promise<boolean> {
    const session = await this.#open()
    const giveUp = () => session.destroy()
    const timer = this.#clock.after(ANSWER_MS, giveUp)
    this.#stopping.signal.addEventListener('abort', giveUp)
    try {
      const { rows } = await session.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [LOCK])
      const mine = rows[0]?.mine === true
      if (mine) session.onLost(this.#onLost)
      return mine
    } finally {
      timer.cancel()
      this.#stopping.signal.removeEventListener('abort', giveUp)
    }
  }

  /** Whether the session that holds it is gone, or never was. */
  get lost(): boolean {
    return this.#session?.lost ?? true
  }

  /** Gives up waiting for the database. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Gives it back. */
  async release(): Promise<void> {
    await this.#session?.end()
  }

  async #open(): Promise<Session> {
    if (this.#session && !this.#session.lost) return this.#session
    this.#session = await Session.open(
      this.#connection,
      { name: 'strowger webhooks', settings: { tcp_keepalives_idle: '30' } },
      this.#stopping.signal,
    )
    return this.#session
  }
}
