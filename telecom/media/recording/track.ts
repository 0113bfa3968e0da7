import { Aligner, FAR } from './aligner.ts'
import type { Frame } from './frame-ring.ts'
import type { GrowingWav } from './growing-wav.ts'
import { Timeline } from './timeline.ts'

/** A frame may come so late and still be laid in its place. */
const HOLDBACK = FAR
const LONGEST_FRAME = 1_600
const BLOCK = 4_096
const block = new Int16Array(BLOCK)

/** One direction of a recording: its frames in their places, and its file. */
export class Track {
  readonly wav: GrowingWav
  readonly #timeline: Timeline
  readonly #aligner: Aligner

  /** Goes on where the file ends, whose last half second may still change. */
  constructor(wav: GrowingWav) {
    this.wav = wav
    const final = Math.max(0, wav.samples - HOLDBACK)
    this.#timeline = new Timeline(final)
    this.#timeline.lay(final, wav.read(final))
    this.#aligner = new Aligner((position, samples) => this.#timeline.lay(position, samples))
  }

  put(frame: Frame): void {
    if (frame.at + FAR + LONGEST_FRAME > this.#timeline.final + Timeline.size) this.#settle(frame.at - HOLDBACK)
    this.#aligner.put(frame)
  }

  /** Writes everything up to `at`; the last half second may still change. */
  write(at: number): void {
    this.#aligner.pass(at)
    this.#settle(at - HOLDBACK)
    const open = at - this.#timeline.final
    if (open > 0) this.#write(open)
    this.wav.count()
  }

  /** Writes everything up to `at` for good and ends there. */
  finish(at: number): void {
    this.#aligner.finish()
    this.#settle(at)
    this.wav.cut(at)
  }

  #settle(until: number): void {
    for (let left = until - this.#timeline.final; left > 0; left -= BLOCK) {
      const count = Math.min(left, BLOCK)
      this.#write(count)
      this.#timeline.advance(count)
    }
  }

  #write(count: number): void {
    this.#timeline.copy(block, count)
    this.wav.write(this.#timeline.final, block, count)
  }
}
