import type { Clock } from '#platform/time'

/** How much is allowed: so many each second, and after a pause so many at once. */
export interface Allowance {
  perSecond: number
  burst: number
}

/** Keys remembered; beyond that those whose bucket is full again go, and then whoever came first. */
const MOST_KEYS = 100_000

/**
 * One token bucket per key, kept as the moment when it is full again (the generic cell rate algorithm): a number per key,
 * and nothing that has to run while nobody asks.
 */
export class TokenBuckets {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #depthMs: number
  /** Monotonic milliseconds when each bucket is full again; a key that is not here has a full one. */
  readonly #fullAtMs = new Map<string, number>()

  constructor({ perSecond, burst }: Allowance, clock: Clock) {
    this.#clock = clock
    this.#everyMs = 1_000 / perSecond
    this.#depthMs = this.#everyMs * (burst - 1)
  }

  /** Takes a token: 0, or the milliseconds until there is one. Being refused takes nothing. */
  take(key: string): number {
    const nowMs = this.#clock.monotonicMs()
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? 0)
    const waitMs = fullAtMs - nowMs - this.#depthMs
    // a thousandth of a millisecond, so that the arithmetic of a rate such as 3/s refuses nobody who came in time
    if (waitMs > 0.001) return waitMs
    this.#fullAtMs.set(key, fullAtMs + this.#everyMs)
    if (this.#fullAtMs.size > MOST_KEYS) this.#forget(nowMs)
    return 0
  }

  /** Buckets that are not full. */
  get size(): number {
    return this.#fullAtMs.size
  }

  #forget(nowMs: number) {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key)
    for (const key of this.#fullAtMs.keys()) {
      if (this.#fullAtMs.size <= MOST_KEYS * 0.9) return
      this.#fullAtMs.delete(key)
    }
  }
}
