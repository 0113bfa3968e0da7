import type { Clock, Timer } from '#platform/time'

export interface Ticked {
  /** 10 or 20. */
  readonly tickMs: number
  /** One tick's time has passed, after `missed` more that are given up. */
  tick(missed: number): void
}

const REVOLUTION_MS = 20
const PHASES = 4
const PHASE_MS = REVOLUTION_MS / PHASES
/** Up to so many late revolutions are made up for in a burst; beyond that, time is given up. */
const MOST_CATCH_UP = 3
/** Timers fire on whole milliseconds: what is due within this is done now. */
const EARLY_MS = 0.5

const LATE_MS = 5

/**
 * The one clock of a worker: each member is ticked every 20 ms (or 10), on an absolute schedule that does not drift,
 * members spread over phases so that they do not all send at once.
 */
export class TickWheel {
  readonly #clock: Clock
  readonly #phases: Set<Ticked>[] = Array.from({ length: PHASES }, () => new Set())
  readonly #onLateness: (ms: number) => void
  /** Ticks that each phase has given up since it last ran. */
  readonly #owed: number[] = []
  #timer: Timer | undefined
  /** The turn that is late has let others go first. */
  #yielded = false
  #startMs = 0
  /** Number of the next phase since the start in which there is somebody. */
  #next = 0
  /** Number of the first phase that has not come yet. */
  #earliest = 0

  /** `onLateness` is told of each turn how many milliseconds late it began. */
  constructor(clock: Clock, onLateness: (ms: number) => void = () => {}) {
    this.#clock = clock
    this.#onLateness = onLateness
  }

  /** Ticks it from now on, in the emptiest phase. */
  add(member: Ticked): void {
    let emptiest = 0
    for (let phase = 1; phase < PHASES; phase++) {
      if (this.#size(phase) < this.#size(emptiest)) emptiest = phase
    }
    this.#phases[emptiest]?.add(member)
    if (member.tickMs < REVOLUTION_MS) this.#phases[(emptiest + PHASES / 2) % PHASES]?.add(member)
    if (!this.#timer) this.#begin()
  }

  /** Moves a member so that its next tick comes right at or after `earliestMs`; gives when that is. */
  align(member: Ticked, earliestMs: number): number {
    const every = (PHASES * member.tickMs) / REVOLUTION_MS
    let turn = Math.ceil((earliestMs - this.#startMs) / PHASE_MS)
    if (turn < this.#earliest) turn += Math.ceil((this.#earliest - turn) / every) * every
    for (const [phase, members] of this.#phases.entries()) {
      if ((phase - turn) % every === 0) members.add(member)
      else members.delete(member)
    }
    if (turn < this.#next) {
      // nobody was in that phase: the wheel means to sleep through it
      this.#next = turn
      this.#timer?.cancel()
      this.#schedule()
    }
    return this.#startMs + turn * PHASE_MS
  }

  remove(member: Ticked): void {
    for (const phase of this.#phases) phase.delete(member)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const phase of this.#phases) phase.clear()
  }

  #size(phase: number): number {
    return this.#phases[phase]?.size ?? 0
  }

  #begin(): void {
    this.#startMs = this.#clock.monotonicMs()
    this.#next = 0
    this.#earliest = 0
    this.#schedule()
  }

  #schedule(): void {
    for (let empty = 0; this.#size(this.#next % PHASES) === 0; empty++) {
      // nobody is left: sleep until somebody comes
      if (empty === PHASES) {
        this.#timer = undefined
        return
      }
      this.#next++
    }
    const dueMs = this.#startMs + this.#next * PHASE_MS
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), this.#turn)
  }

  #turn = (): void => {
    const nowMs = this.#clock.monotonicMs()
    const lateMs = nowMs - (this.#startMs + this.#next * PHASE_MS)
    if (lateMs > LATE_MS && !this.#yielded) {
      // packets that came while the thread was busy go first: what they bring belongs to this tick
      this.#yielded = true
      this.#timer = this.#clock.after(0, this.#turn)
      return
    }
    this.#yielded = false
    this.#onLateness(Math.max(0, lateMs))
    if (lateMs > REVOLUTION_MS * MOST_CATCH_UP) {
      const missed = Math.floor(lateMs / REVOLUTION_MS)
      this.#next += missed * PHASES
      for (let phase = 0; phase < PHASES; phase++) this.#owed[phase] = (this.#owed[phase] ?? 0) + missed
    }
    while (this.#startMs + this.#next * PHASE_MS <= nowMs + EARLY_MS) this.#run()
    this.#schedule()
  }

  #run(): void {
    const phase = this.#next % PHASES
    this.#next++
    this.#earliest = this.#next
    const missed = this.#owed[phase] ?? 0
    this.#owed[phase] = 0
    for (const member of this.#phases[phase] ?? []) member.tick(missed)
  }
}
