import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import type { Captures } from './captures.ts'
import { RecordStore } from './record-store.ts'
import { RefusedStore } from './refused-store.ts'

const EVERY_MS = 3_600_000
const FIRST_MS = 60_000
const BATCH = 1_000
const DAY_MS = 86_400_000

/** Forgets what is kept of calls when it is older than so many days: rows each hour, captured sound by the day. */
export class RecordSweeper {
  readonly #stores: readonly Pick<RecordStore, 'forgetBefore'>[]
  readonly #captures: Captures
  readonly #clock: Clock
  readonly #log: Log
  readonly #days: number
  #timer: Timer | undefined
  #sweeping: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(needs: { db: Database; captures: Captures; clock: Clock; log: Log; days: number }) {
    this.#stores = [new RecordStore(needs.db), new RefusedStore(needs.db)]
    this.#captures = needs.captures
    this.#clock = needs.clock
    this.#log = needs.log
    this.#days = needs.days
  }

  start(): void {
    this.#next(FIRST_MS)
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#sweeping
  }

  /** Forgets everything that is too old, batch by batch. */
  async sweep(): Promise<void> {
    const moment = timestamp(this.#clock.wallMs() - this.#days * DAY_MS)
    for (const store of this.#stores)
      for (let gone = BATCH; gone === BATCH && !this.#stopped; ) gone = await store.forgetBefore(moment, BATCH)
    await this.#captures.forgetBefore(moment.slice(0, 10))
  }

  #next(afterMs: number): void {
    this.#timer = this.#clock.after(afterMs, () => {
      this.#sweeping = this.sweep()
        .catch((error: unknown) => this.#log.warn({ error }, 'records of calls could not be swept'))
        .then(() => {
          if (!this.#stopped) this.#next(EVERY_MS)
        })
    })
  }
}
