const ACTIVE_MS = 60_000
const HELD_MS = 3_600_000

/** Notices when the other side falls silent: 60 s while it should be heard, an hour while a call is held. */
export class Liveness {
  #limitMs = 0
  #sinceMs = 0
  #lost = false

  /** `limitMs` 0 = not watched, undefined = by whether the other side should be heard. A changed limit starts anew. */
  watch(limitMs: number | undefined, talking: boolean, nowMs: number): void {
    const limit = limitMs ?? (talking ? ACTIVE_MS : HELD_MS)
    if (limit === this.#limitMs) return
    this.#limitMs = limit
    this.#sinceMs = nowMs
  }

  /** A sign of life. True where it ends a silence that was reported. */
  heard(nowMs: number): boolean {
    this.#sinceMs = nowMs
    const back = this.#lost
    this.#lost = false
    return back
  }

  /** Milliseconds of silence where that has to be reported now. */
  tick(nowMs: number): number | undefined {
    if (this.#lost || this.#limitMs === 0 || nowMs - this.#sinceMs < this.#limitMs) return undefined
    this.#lost = true
    return Math.round(nowMs - this.#sinceMs)
  }
}
