import type { Clock } from '#platform/time'
import { isNotThere } from './names.ts'

/** What may be asked in all, and at each step: pointers, services, addresses. */
const TOTAL_MS = 3_000
const STEP_MS = 1_200

/** The questions about one URI, and the time that they may take together. */
export class Lookup {
  readonly #clock: Clock
  readonly #ending = new AbortController()
  readonly #deadline: { cancel(): void }
  readonly #stopping: AbortSignal | undefined
  readonly #end = () => this.end()
  #failed = false

  /** `stopping`: nothing is asked any more from then on. */
  constructor(clock: Clock, stopping?: AbortSignal) {
    this.#clock = clock
    this.#deadline = clock.after(TOTAL_MS, () => this.end())
    this.#stopping = stopping
    stopping?.addEventListener('abort', this.#end)
    if (stopping?.aborted) this.end()
  }

  /** Whether a question had no answer at all: what was not found may be there all the same. */
  get failed(): boolean {
    return this.#failed
  }

  /** One step: what was found in its time; nothing where there is none, an error, or no answer. */
  async ask<T>(question: (signal: AbortSignal) => Promise<T[]>): Promise<T[]> {
    const { signal } = this.#ending
    if (signal.aborted) return []
    const ending = new AbortController()
    let end = () => {}
    const late = new Promise<T[]>((resolve) => {
      end = () => {
        this.#failed = true
        ending.abort()
        resolve([])
      }
    })
    const timer = this.#clock.after(STEP_MS, end)
    signal.addEventListener('abort', end)
    try {
      return await Promise.race([question(ending.signal).catch((error) => this.#nothing<T>(error)), late])
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', end)
    }
  }

  end(): void {
    this.#deadline.cancel()
    this.#stopping?.removeEventListener('abort', this.#end)
    this.#ending.abort()
  }

  #nothing<T>(error: unknown): T[] {
    if (!isNotThere(error)) this.#failed = true
    return []
  }
}
