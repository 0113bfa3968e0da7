import { type Timestamp, timestampToMs } from '#platform/time'
import type { Hold } from './hold-store.ts'

/** What a hold says about sending to a target now. */
export type Verdict =
  | { type: 'free' }
  /** Nothing before that moment. */
  | { type: 'wait'; untilMs: number }
  /** Nothing at all, until somebody lifts it. */
  | { type: 'stopped' }
  /** There is one for another URI than the present one. */
  | { type: 'outdated' }

/** The holds that are in force, in memory: asked before each attempt. */
export class Holds {
  readonly #known = new Map<string, { hold: Hold; nth: number }>()
  #placed = 0

  /** How many have been placed: what `load` is to be given with what was read from now on. */
  get placed(): number {
    return this.#placed
  }

  /** Takes what the database has; what was placed since the reading began stays. */
  load(holds: readonly Hold[], placed: number): void {
    for (const [endpoint, { nth }] of this.#known) if (nth <= placed) this.#known.delete(endpoint)
    for (const hold of holds) if (!this.#known.has(hold.endpoint)) this.#known.set(hold.endpoint, { hold, nth: placed })
  }

  /** Places one; whether it says more than what is known. A stop is not weakened by an answer that was under way. */
  place(hold: Hold): boolean {
    const known = this.#known.get(hold.endpoint)?.hold
    if (known?.uri === hold.uri && !isLonger(hold.tm_until, known.tm_until)) return false
    this.#known.set(hold.endpoint, { hold, nth: ++this.#placed })
    return true
  }

  forget(endpoint: string): void {
    this.#known.delete(endpoint)
  }

  /** What holds for this endpoint and URI. */
  ask(endpoint: string, uri: string, nowMs: number): Verdict {
    const hold = this.#known.get(endpoint)?.hold
    if (!hold) return { type: 'free' }
    if (hold.uri !== uri) return { type: 'outdated' }
    if (hold.tm_until === null) return { type: 'stopped' }
    const untilMs = timestampToMs(hold.tm_until) ?? 0
    if (untilMs > nowMs) return { type: 'wait', untilMs }
    this.#known.delete(endpoint)
    return { type: 'free' }
  }
}

function isLonger(a: Timestamp | null, b: Timestamp | null): boolean {
  return b !== null && (a === null || a > b)
}
