import type { Clock } from '#platform/time'

interface Entry {
  atOnce: number
  secondMs: number
  inSecond: number
}

/** Pairs without a call that are remembered, for their calls of the last second; the oldest is forgotten first. */
const MOST_IDLE = 50_000

/**
 * Bounds what callers without credentials may do, per dialled number *and* source: so many calls a second, so many at
 * once. It holds a pair for each call that it let in, and so many more; who calls it bounds the length of what is dialled.
 */
export class AnonymousCaps {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #atOnce: number
  /** Pairs with calls: there are no more of them than calls. */
  readonly #busy = new Map<string, Entry>()
  /** Pairs whose calls are over, in the order in which they ended. */
  readonly #idle = new Map<string, Entry>()

  constructor(clock: Clock, caps: { perSecond: number; atOnce: number }) {
    this.#clock = clock
    this.#perSecond = caps.perSecond
    this.#atOnce = caps.atOnce
  }

  /** Pairs that are remembered. */
  get size(): number {
    return this.#busy.size + this.#idle.size
  }

  /** Takes a place; `undefined` when there is none. Call what is given back, once, when the call is over. */
  enter(dialled: string, source: string): (() => void) | undefined {
    const key = `${dialled} ${source}`
    const nowMs = this.#clock.monotonicMs()
    const entry = this.#busy.get(key) ?? this.#idle.get(key) ?? { atOnce: 0, secondMs: nowMs, inSecond: 0 }
    if (nowMs - entry.secondMs >= 1_000) {
      entry.secondMs = nowMs
      entry.inSecond = 0
    }
    if (entry.atOnce >= this.#atOnce || entry.inSecond >= this.#perSecond) return undefined
    entry.atOnce++
    entry.inSecond++
    this.#idle.delete(key)
    this.#busy.set(key, entry)
    let left = false
    return () => {
      if (left) return
      left = true
      entry.atOnce--
      if (entry.atOnce === 0) this.#rest(key, entry)
    }
  }

  #rest(key: string, entry: Entry): void {
    this.#busy.delete(key)
    this.#idle.set(key, entry)
    const oldest = this.#idle.size > MOST_IDLE ? this.#idle.keys().next() : undefined
    if (oldest && !oldest.done) this.#idle.delete(oldest.value)
  }
}
