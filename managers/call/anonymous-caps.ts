import type { Clock } from '#platform/time'

interface Entry {
  atOnce: number
  secondMs: number
  inSecond: number
}

/** Pairs that are remembered; above it, those without a call go. */
const MOST_ENTRIES = 50_000

/**
 * Bounds what callers without credentials may do, per dialled number *and* source: so many calls a second, so many at
 * once.
 */
export class AnonymousCaps {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #atOnce: number
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock, caps: { perSecond: number; atOnce: number }) {
    this.#clock = clock
    this.#perSecond = caps.perSecond
    this.#atOnce = caps.atOnce
  }

  /** Takes a place; `undefined` when there is none. Call what is given back, once, when the call is over. */
  enter(dialled: string, source: string): (() => void) | undefined {
    const key = `${dialled} ${source}`
    const nowMs = this.#clock.monotonicMs()
    const entry = this.#entries.get(key) ?? { atOnce: 0, secondMs: nowMs, inSecond: 0 }
    if (nowMs - entry.secondMs >= 1_000) {
      entry.secondMs = nowMs
      entry.inSecond = 0
    }
    if (entry.atOnce >= this.#atOnce || entry.inSecond >= this.#perSecond) return undefined
    entry.atOnce++
    entry.inSecond++
    this.#entries.set(key, entry)
    if (this.#entries.size > MOST_ENTRIES) this.#forgetIdle(nowMs)
    let left = false
    return () => {
      if (left) return
      left = true
      entry.atOnce--
    }
  }

  #forgetIdle(nowMs: number): void {
    for (const [key, entry] of this.#entries)
      if (entry.atOnce === 0 && nowMs - entry.secondMs >= 1_000) this.#entries.delete(key)
  }
}
