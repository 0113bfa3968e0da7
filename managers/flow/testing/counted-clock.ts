import type { Clock, Timer } from '#platform/time'

/** A clock that knows how many of the timers that were started on it still wait. */
export class CountedClock implements Clock {
  readonly #clock: Clock
  #waiting = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get waiting(): number {
    return this.#waiting
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, run: () => void): Timer {
    let isOver = false
    const end = () => {
      if (!isOver) this.#waiting--
      isOver = true
    }
    this.#waiting++
    const timer = this.#clock.after(delayMs, () => {
      end()
      run()
    })
    return {
      cancel: () => {
        end()
        timer.cancel()
      },
    }
  }
}
