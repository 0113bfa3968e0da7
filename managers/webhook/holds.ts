import { timestampToMs } from '#platform/time'
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

  /**
   * Places one; what is known now, where that is news. A stop is not weakened by answers that were under way, and begins
   * with the earliest event that was answered so.
   */
  place(hold: Hold): Hold | undefined {
    const known = this.#known.get(hold.endpoint)?.hold
    const next = known?.uri === hold.uri ? joined(known, hold) : hold
    if (next === known) return undefined
    this.#known.set(next.endpoint, { hold: next, nth: ++this.#placed })
    return next
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

/** The longer one, or the same stop from an earlier event on. */
function joined(known: Hold, hold: Hold): Hold {
  if (known.tm_until !== null) return hold.tm_until === null || hold.tm_until > known.tm_until ? hold : known
  const isEarlier = hold.tm_until === null && (hold.sequence ?? 0) < (known.sequence ?? 0)
  return isEarlier ? { ...known, sequence: hold.sequence } : known
}
