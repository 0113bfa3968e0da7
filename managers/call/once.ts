import { ReasonedError } from '#platform/errors'
import type { Clock } from '#platform/time'

interface Entry<T> {
  result: Promise<T>
  atMs: number
}

/** Work that is done once per key: a repeat, also while the first is under way, gets what came of the first. */
export class Once<T> {
  readonly #clock: Clock
  readonly #most: number
  readonly #rememberMs: number
  readonly #done = new Map<string, Entry<T>>()

  /** Remembers so many keys, each for so long. */
  constructor(clock: Clock, limits: { most: number; rememberMs: number }) {
    this.#clock = clock
    this.#most = limits.most
    this.#rememberMs = limits.rememberMs
  }

  /** Does it, unless it was done. Only a failure without a declared reason is forgotten, so that it can be tried again. */
  do(key: string, work: () => Promise<T>): Promise<T> {
    this.#forgetOld()
    const known = this.#done.get(key)
    if (known) return known.result
    const entry: Entry<T> = { result: work(), atMs: this.#clock.monotonicMs() }
    this.#done.set(key, entry)
    entry.result.catch((error) => {
      if (!(error instanceof ReasonedError) && this.#done.get(key) === entry) this.#done.delete(key)
    })
    return entry.result
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.monotonicMs() - this.#rememberMs
    for (const [key, { atMs }] of this.#done) {
      if (atMs >= oldestMs && this.#done.size < this.#most) return
      this.#done.delete(key)
    }
  }
}
