import type { Clock, Timer } from './clock.ts'

interface Pending {
  atMs: number
  order: number
  run: () => void
}

/** A clock turned by hand: a 75-hour schedule runs in a moment, and nothing happens unless `advance` is called. */
export class ManualClock implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  #pending: Pending[] = []
  #order = 0

  constructor(startWallMs = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#wallOffsetMs = startWallMs
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, run: () => void): Timer {
    const entry: Pending = { atMs: this.#monotonicMs + Math.max(delayMs, 0), order: this.#order++, run }
    this.#pending.push(entry)
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry)
      },
    }
  }

  /** Moves time on, running every timer that falls due, in order; timers set meanwhile run too if they fall due. */
  advance(byMs: number): void {
    const untilMs = this.#monotonicMs + byMs
    while (this.#runNext(untilMs));
    this.#monotonicMs = untilMs
  }

  /** Moves time on to the timer that falls due next and runs it alone; false when none waits. */
  advanceToNext(): boolean {
    return this.#runNext(Number.POSITIVE_INFINITY)
  }

  /** Sets the wall clock forward or back without letting any monotonic time pass. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending.length
  }

  /** Milliseconds until the next timer falls due; `undefined` when none waits. */
  get nextInMs(): number | undefined {
    if (this.#pending.length === 0) return undefined
    return Math.min(...this.#pending.map((entry) => entry.atMs)) - this.#monotonicMs
  }

  #runNext(untilMs: number): boolean {
    const due = this.#pending
      .filter((entry) => entry.atMs <= untilMs)
      .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
    if (!due) return false
    this.#pending = this.#pending.filter((entry) => entry !== due)
    this.#monotonicMs = Math.max(this.#monotonicMs, due.atMs)
    due.run()
    return true
  }
}
