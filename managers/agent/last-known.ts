import { DatabaseUnavailable } from '#platform/db'
import type { AuthenticateOptions } from '#platform/http'
import type { Clock } from '#platform/time'

/** Milliseconds during which an answer is simply repeated. */
const FRESH_MS = 5_000
/** Milliseconds during which an old answer is believed when there is no new one, for whoever asks for that. */
const TRUSTED_MS = 60_000
/** Milliseconds that whoever trusts an old answer waits for a new one. */
const PATIENCE_MS = 100
/** Answers kept; beyond that the one that was learnt longest ago goes. */
const MOST = 10_000

interface Known<T> {
  value: T
  atMs: number
}

interface Loading<T> {
  answer: Promise<T | undefined>
  sinceMs: number
}

/**
 * Answers of the database, remembered for 5 s, and believed for 60 s where that is asked for and the database is away or
 * slow. That there is no answer is never remembered, so that what is new works at once.
 */
export class LastKnown<T> {
  readonly #clock: Clock
  readonly #known = new Map<string, Known<T>>()
  readonly #loading = new Map<string, Loading<T>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The answer for a key, from memory or by `load`; those who ask for the same at once share one `load`. */
  async get(
    key: string,
    load: () => Promise<T | undefined>,
    { trustLastKnown = false, noOlderThanMs = FRESH_MS }: AuthenticateOptions = {},
  ): Promise<T | undefined> {
    const known = this.#known.get(key)
    const ageMs = known ? this.#clock.monotonicMs() - known.atMs : Number.POSITIVE_INFINITY
    if (known && ageMs <= Math.min(noOlderThanMs, FRESH_MS)) return known.value
    const loading = this.#load(key, load)
    if (!known || !trustLastKnown || ageMs > TRUSTED_MS) return loading.answer
    return this.#hurried(loading, known.value)
  }

  /** The answer from memory where that is enough, so that who asks all the time need not wait for anything. */
  fresh(key: string, { noOlderThanMs = FRESH_MS }: AuthenticateOptions = {}): T | undefined {
    const known = this.#known.get(key)
    if (!known) return undefined
    return this.#clock.monotonicMs() - known.atMs <= Math.min(noOlderThanMs, FRESH_MS) ? known.value : undefined
  }

  /** Forgets every answer that the test picks; the next one who asks is told the truth of that moment. */
  forget(picks: (value: T) => boolean): void {
    for (const [key, { value }] of this.#known) if (picks(value)) this.#known.delete(key)
    // An answer that is under way may have been read before the change.
    this.#loading.clear()
  }

  #load(key: string, load: () => Promise<T | undefined>): Loading<T> {
    const underWay = this.#loading.get(key)
    if (underWay) return underWay
    const loading: Loading<T> = { answer: load(), sinceMs: this.#clock.monotonicMs() }
    this.#loading.set(key, loading)
    const finish = (value: T | undefined) => {
      if (this.#loading.get(key) !== loading) return
      this.#loading.delete(key)
      this.#known.delete(key)
      if (value !== undefined) this.#remember(key, value, loading.sinceMs)
    }
    loading.answer.then(finish, () => {
      if (this.#loading.get(key) === loading) this.#loading.delete(key)
    })
    return loading
  }

  #remember(key: string, value: T, atMs: number): void {
    this.#known.set(key, { value, atMs })
    if (this.#known.size <= MOST) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  /** The new answer when it comes in time, else the old one; a failure that is not the database's is passed on. */
  #hurried(loading: Loading<T>, old: T): Promise<T | undefined> {
    const waitMs = PATIENCE_MS - (this.#clock.monotonicMs() - loading.sinceMs)
    if (waitMs <= 0) return Promise.resolve(old)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(waitMs, () => resolve(old))
      loading.answer
        .then(resolve, (error) => (error instanceof DatabaseUnavailable ? resolve(old) : reject(error)))
        .finally(() => timer.cancel())
    })
  }
}
