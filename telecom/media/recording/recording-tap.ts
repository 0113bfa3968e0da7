import type { Clock } from '#platform/time'
import type { Tap } from '../worker/tap.ts'
import { FrameDirection, FrameRing } from './frame-ring.ts'
import type { RecordingSource } from './recorder.ts'

const SAMPLES_PER_MS = 8

/** The media worker's part of a recording: copies each frame into shared memory, with the time at which it passed. */
export class RecordingTap implements Tap {
  readonly #clock: Clock
  readonly #ring: FrameRing
  readonly #startMs: number

  /** The clock's monotonic time is the same in every thread of a process, so that the writer's start counts here. */
  constructor(clock: Clock, { memory, startMs }: RecordingSource) {
    this.#clock = clock
    this.#ring = new FrameRing(memory)
    this.#startMs = startMs
  }

  incoming(ssrc: number, timestamp: number, samples: Int16Array, count: number): void {
    this.#ring.push(FrameDirection.in, ssrc, timestamp, this.#place(), samples, count)
  }

  outgoing(ssrc: number, timestamp: number, samples: Int16Array, count: number): void {
    this.#ring.push(FrameDirection.out, ssrc, timestamp, this.#place(), samples, count)
  }

  #place(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startMs) * SAMPLES_PER_MS)
  }
}
