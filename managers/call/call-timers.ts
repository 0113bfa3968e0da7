import type { Clock, Timer } from '#platform/time'
import type { CallTimer } from './call-input.ts'

/** What one call waits for, each by its name: one that is started again begins anew. */
export class CallTimers {
  readonly #clock: Clock
  readonly #due: (timer: CallTimer) => void
  readonly #running = new Map<CallTimer, Timer>()

  constructor(clock: Clock, due: (timer: CallTimer) => void) {
    this.#clock = clock
    this.#due = due
  }

  start(timer: CallTimer, ms: number): void {
    this.stop(timer)
    const handle = this.#clock.after(ms, () => {
      this.#running.delete(timer)
      this.#due(timer)
    })
    this.#running.set(timer, handle)
  }

  stop(timer: CallTimer): void {
    this.#running.get(timer)?.cancel()
    this.#running.delete(timer)
  }

  stopAll(): void {
    for (const timer of this.#running.values()) timer.cancel()
    this.#running.clear()
  }
}
