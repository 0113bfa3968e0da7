import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { AccesskeyStore } from './accesskey-store.ts'

/** Of a key that is used all the time one use is kept in so long, so that asking costs no write. */
const COARSE_MS = 60_000
/** Uses are gathered for so long before they are written, all in one statement. */
const GATHER_MS = 1_000

/** Keeps when each access key was last used, to a minute, off the way of the requests. */
export class AccesskeyUse {
  readonly #store: AccesskeyStore
  readonly #clock: Clock
  readonly #log: Log
  /** When the last use that is (to be) kept was, by key, in monotonic milliseconds. */
  readonly #kept = new Map<string, number>()
  /** What is to be written: milliseconds since 1970 by key. */
  #gathered = new Map<string, number>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(needs: { db: Database; clock: Clock; log: Log }) {
    this.#store = new AccesskeyStore(needs.db)
    this.#clock = needs.clock
    this.#log = needs.log
  }

  /** The key has been used. Returns at once; it is written within a second or two, once a minute at most. */
  used(accesskey_id: string): void {
    const nowMs = this.#clock.monotonicMs()
    const keptMs = this.#kept.get(accesskey_id)
    if (keptMs !== undefined && nowMs - keptMs < COARSE_MS) return
    this.#kept.set(accesskey_id, nowMs)
    this.#gathered.set(accesskey_id, this.#clock.wallMs())
    this.#timer ??= this.#clock.after(GATHER_MS, () => this.#write())
  }

  /** Writes what has been gathered. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#write()
    await this.#writing
  }

  #write(): void {
    this.#timer = undefined
    const gathered = this.#gathered
    this.#gathered = new Map()
    const nowMs = this.#clock.monotonicMs()
    for (const [id, keptMs] of this.#kept) if (nowMs - keptMs >= COARSE_MS) this.#kept.delete(id)
    if (gathered.size > 0) this.#writing = Promise.all([this.#writing, this.#save(gathered)]).then(() => {})
  }

  async #save(gathered: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.#store.noteUse([...gathered].map(([id, ms]) => ({ id, tm_last_used: timestamp(ms) })))
    } catch (error) {
      for (const id of gathered.keys()) this.#kept.delete(id) // the next use is kept in its place
      this.#log.debug({ error }, 'the last use of access keys could not be kept')
    }
  }
}
