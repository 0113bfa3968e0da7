const STEPS_PER_MS = 10
const LONGEST_MS = 50
const STEPS = LONGEST_MS * STEPS_PER_MS

/** The memory in which one worker counts: turns by lateness in tenths of a millisecond, the last for all that is later. */
export function latenessMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((STEPS + 1) * 4)
}

/** Counts how late the turns of a worker's tick begin; read by another thread. */
export class LatenessCounter {
  readonly #counts: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Int32Array(memory)
  }

  add(lateMs: number): void {
    Atomics.add(this.#counts, Math.min(Math.floor(lateMs * STEPS_PER_MS), STEPS), 1)
  }
}

/** How punctual the ticks of all workers have been since they were started. */
export class TickLateness {
  readonly #counts = new Float64Array(STEPS + 1)
  readonly turns: number

  constructor(memories: readonly SharedArrayBuffer[]) {
    let turns = 0
    for (const memory of memories) {
      for (const [step, count] of new Int32Array(memory).entries()) {
        this.#counts[step] = (this.#counts[step] ?? 0) + (count >>> 0)
        turns += count >>> 0
      }
    }
    this.turns = turns
  }

  /** How many turns were less late than this. */
  within(lateMs: number): number {
    const steps = Math.min(Math.round(lateMs * STEPS_PER_MS), STEPS)
    return this.#counts.subarray(0, steps).reduce((sum, count) => sum + count, 0)
  }

  /** The lateness in milliseconds that this share (0 to 1) of all turns stayed below; 50 stands for more as well. */
  percentile(share: number): number {
    let left = share * this.turns
    for (const [step, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min((step + 1) / STEPS_PER_MS, LONGEST_MS)
    }
    return LONGEST_MS
  }
}
