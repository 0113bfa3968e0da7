import type { Bus, Subscription } from '#platform/bus'
import { type Connection, Session } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import { INBOX } from './append.ts'

/** The poke that wakes the sequencer: events have been committed to the inbox. No body. */
export const INBOX_GREW = 'ledger.inbox'
/** The poke that wakes readers: `{ customers: string[] }`, whose histories have grown. */
export const LEDGER_MOVED = 'ledger.moved'

/** The body of `LEDGER_MOVED`. */
export interface LedgerMoved {
  customers: string[]
}

export interface SequencerOptions {
  connection: Connection
  bus: Bus
  clock: Clock
  log: Log
  /** Events per batch (500). */
  batch?: number
}

/** While events keep coming the next look follows after so long, growing to the idle pace. */
const BUSY_MS = 5
const IDLE_MS = 250
/** So many within so long say that many happen at the same time: each batch gathers for so long then, whoever pokes. */
const MANY = 50
const MANY_WITHIN_MS = 100
const GATHER_MS = 10
const PREPARE_EVERY_MS = 3_600_000
const DAYS_AHEAD = 2
/** A batch without an answer for so long is given up; whether it was made or not, the next one goes on correctly. */
const ANSWER_MS = 10_000
const LONGEST_RETRY_MS = 1_000
/** After so many events the inbox is vacuumed, so that looking at it stays cheap under load. */
const VACUUM_AFTER = 20_000

/**
 * Moves events from the inbox into the ledger, each with its place in the customer's history. Any number may run at once:
 * an advisory lock of the batch's own transaction lets one work at a time. A batch is a single statement, so no holder can
 * keep the lock while it is away. A poke wakes it, a poll is the net.
 */
export class Sequencer {
  readonly #options: SequencerOptions
  readonly #closing = new AbortController()
  #subscription: Subscription | undefined
  #session: Session | undefined
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #pokes = 0
  #gatherUntilMs = Number.NEGATIVE_INFINITY
  /** Events moved lately, and when they were counted. */
  #recent = 0
  #countedMs = 0
  #pauseMs = BUSY_MS
  #retryMs = BUSY_MS
  #preparedMs = Number.NEGATIVE_INFINITY
  #sinceVacuum = 0

  constructor(options: SequencerOptions) {
    this.#options = options
  }

  /** Whether its last batch went through: nothing that happens is told to anybody while none does. */
  get isWorking(): boolean {
    return this.#retryMs === BUSY_MS
  }

  start(): void {
    this.#subscription = this.#options.bus.subscribe(INBOX_GREW, () => this.#poke())
    this.#poke()
  }

  /** Ends after the batch that is under way; cuts it off when it gets no answer within `deadlineMs`. */
  async stop(deadlineMs = 1_000): Promise<void> {
    this.#subscription?.unsubscribe()
    this.#closing.abort()
    this.#timer?.cancel()
    const timer = this.#options.clock.after(deadlineMs, () => this.#session?.destroy())
    await this.#running
    timer.cancel()
    await this.#session?.end()
  }

  #poke(): void {
    this.#pokes++
    // while it gathers its timer is set
    if (this.#running || this.#closing.signal.aborted || this.#gathers()) return
    this.#go()
  }

  #go(): void {
    this.#timer?.cancel()
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      if (!this.#closing.signal.aborted) this.#timer = this.#options.clock.after(this.#pauseMs, () => this.#go())
    })
  }

  #gathers(): boolean {
    return this.#options.clock.monotonicMs() < this.#gatherUntilMs
  }

  /** Batches until the inbox is empty and nobody has poked meanwhile, or it is better to let some events come together. */
  async #work(): Promise<void> {
    const { batch = 500, clock, log } = this.#options
    try {
      for (let pokes = -1; pokes !== this.#pokes && !this.#closing.signal.aborted; ) {
        pokes = this.#pokes
        const moved = await this.#move(batch)
        this.#retryMs = BUSY_MS
        this.#pauseMs = moved > 0 ? BUSY_MS : Math.min(this.#pauseMs * 2, IDLE_MS)
        if (moved >= batch) pokes = -1
        else if (this.#isMany(moved)) {
          this.#gatherUntilMs = clock.monotonicMs() + GATHER_MS
          this.#pauseMs = GATHER_MS
          return
        }
      }
    } catch (error) {
      if (this.#closing.signal.aborted) return
      if (this.#retryMs === BUSY_MS) log.warn({ error }, 'the ledger waits for the database')
      this.#session?.destroy()
      this.#session = undefined
      this.#preparedMs = Number.NEGATIVE_INFINITY
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
      this.#pauseMs = this.#retryMs
    }
  }

  /** Counts what was moved: whether many happen at the same time. */
  #isMany(moved: number): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    const kept = Math.max(0, 1 - (nowMs - this.#countedMs) / MANY_WITHIN_MS)
    this.#countedMs = nowMs
    this.#recent = this.#recent * kept + moved
    return this.#recent >= MANY
  }

  /** One batch; resolves to how many events it moved. */
  async #move(batch: number): Promise<number> {
    const { bus, clock } = this.#options
    const session = await this.#open()
    const timer = clock.after(ANSWER_MS, () => session.destroy())
    try {
      await this.#prepare(session)
      const { rows } = await session.query<{ served: string; events: number }>(
        'SELECT served, events FROM ledger_move($1)',
        [batch],
        'ledger_move',
      )
      if (rows.length === 0) return 0
      bus.publish(LEDGER_MOVED, { customers: rows.map(({ served }) => served) } satisfies LedgerMoved)
      const moved = rows.reduce((sum, { events }) => sum + events, 0)
      await this.#vacuum(session, moved)
      return moved
    } finally {
      timer.cancel()
    }
  }

  /** Partitions for today and the days ahead, looked at every hour and after every trouble. */
  async #prepare(session: Session): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#preparedMs < PREPARE_EVERY_MS) return
    await session.query('SELECT ledger_prepare($1)', [DAYS_AHEAD])
    this.#preparedMs = nowMs
  }

  async #vacuum(session: Session, moved: number): Promise<void> {
    this.#sinceVacuum += moved
    if (this.#sinceVacuum < VACUUM_AFTER) return
    this.#sinceVacuum = 0
    try {
      await session.query(`VACUUM (TRUNCATE off, SKIP_LOCKED) ${INBOX}`)
    } catch (error) {
      if (session.lost) throw error
      this.#options.log.debug({ error }, 'the inbox could not be vacuumed') // not the owner of the table: autovacuum does
    }
  }

  async #open(): Promise<Session> {
    if (this.#session && !this.#session.lost) return this.#session
    const { clock, connection } = this.#options
    const giveUp = new AbortController()
    const timer = clock.after(ANSWER_MS, () => giveUp.abort())
    try {
      const settings = { statement_timeout: '5s', lock_timeout: '1s' }
      const signal = AbortSignal.any([giveUp.signal, this.#closing.signal])
      this.#session = await Session.open(connection, { name: 'strowger sequencer', settings }, signal)
      return this.#session
    } finally {
      timer.cancel()
    }
  }
}
