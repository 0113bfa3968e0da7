import type { Clock } from '#platform/time'

/** Others get their turn after so much of work. Milliseconds. */
const TURN_MS = 10
/** The most work of one test: hundreds of times what a flow of a hundred steps takes. Milliseconds. */
const MOST_WORK_MS = 2_000

/** The work of one test on a loop that others need too: in turns of a few milliseconds, up to a bound, while it is wanted. */
export class Work {
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  #beforeMs = 0
  #sinceMs: number

  /** `signal` says that nobody waits for the outcome any more. */
  constructor(clock: Clock, signal?: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
    this.#sinceMs = clock.monotonicMs()
  }

  /** Lets others have their turn when this one has lasted; false when the test has worked more than any may. */
  async goesOn(): Promise<boolean> {
    const turnMs = this.#clock.monotonicMs() - this.#sinceMs
    if (this.#beforeMs + turnMs > MOST_WORK_MS) return false
    if (turnMs >= TURN_MS) await this.pause(nextTurn())
    return true
  }

  /** Waits for something that is no work of the test; throws the reason of the signal when nobody wants it any more. */
  async pause(until: Promise<unknown>): Promise<void> {
    this.#beforeMs += this.#clock.monotonicMs() - this.#sinceMs
    await until
    this.#signal?.throwIfAborted()
    this.#sinceMs = this.#clock.monotonicMs()
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
