import type { Clock } from './clock.ts'
import { type Timestamp, timestamp } from './timestamp.ts'

/**
 * Timestamps of one thing's life: wall time at its start plus monotonic progress, so that a later moment of the same
 * thing never carries an earlier timestamp, however the machine's clock is set meanwhile.
 */
export class Stopwatch {
  readonly #clock: Clock
  readonly #startWallMs: number
  readonly #startMonotonicMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startWallMs = clock.wallMs()
    this.#startMonotonicMs = clock.monotonicMs()
  }

  /** Milliseconds since the start. */
  elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMonotonicMs
  }

  /** The present moment as a wire timestamp. */
  now(): Timestamp {
    return timestamp(this.#startWallMs + this.elapsedMs())
  }
}
