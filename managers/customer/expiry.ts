import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { CustomerLifecycle } from './lifecycle.ts'

const EVERY_MS = 60 * 60_000

/** Deletes, hour by hour, the customers whose 30 days after a freeze are over. */
export class FreezeExpiry {
  readonly #needs: { lifecycle: CustomerLifecycle; clock: Clock; log: Log }
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(needs: { lifecycle: CustomerLifecycle; clock: Clock; log: Log }) {
    this.#needs = needs
  }

  /** Begins now, and again every hour. */
  start(): void {
    this.#running = this.#round()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }

  async #round(): Promise<void> {
    const { lifecycle, clock, log } = this.#needs
    try {
      for (let deleted = 1; deleted > 0 && !this.#isStopped; ) {
        deleted = await lifecycle.deleteExpired()
        if (deleted > 0) log.info({ deleted }, 'customers were deleted 30 days after they were frozen')
      }
    } catch (err) {
      log.warn({ err }, 'customers whose freeze is over could not be deleted yet')
    }
    if (!this.#isStopped) this.#timer = clock.after(EVERY_MS, () => this.start())
  }
}
