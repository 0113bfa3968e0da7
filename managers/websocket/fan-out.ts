/**
 * Shares the thread with everything else that it does: of all deliveries of all customers together, at most a hundred
 * happen in a turn of the event loop. Whoever has more waits for turns, and takes them alternately with others.
 */
export class FanOut {
  readonly #perTurn: number
  #left: number
  #scheduled = false
  readonly #waiting: Job[] = []

  constructor(perTurn = 100) {
    this.#perTurn = perTurn
    this.#left = perTurn
  }

  /** Calls `deliver` for each of them, in this turn as far as there is room, and resolves after the last. */
  async each<Target>(targets: Iterable<Target>, deliver: (target: Target) => void): Promise<void> {
    const left = targets[Symbol.iterator]()
    const step = (): boolean => {
      const { done, value } = left.next()
      if (done) return false
      deliver(value)
      return true
    }
    this.#schedule()
    // looking at an event is work too, whether or not anybody wanted it
    this.#left--
    if (this.#waiting.length === 0) {
      while (this.#left > 0) {
        if (!step()) return
        this.#left--
      }
    }
    await new Promise<void>((resolve) => this.#waiting.push({ step, resolve }))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    this.#left = this.#perTurn
    while (this.#left > 0) {
      const job = this.#waiting.shift()
      if (!job) return
      if (job.step()) {
        this.#left--
        this.#waiting.push(job)
      } else job.resolve()
    }
    this.#schedule()
  }
}

interface Job {
  /** Delivers to the next one; false when there is none. */
  step: () => boolean
  resolve: () => void
}
