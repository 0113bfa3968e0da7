/**
 * A bounded ring of decoded frames in shared memory: a media worker pushes, the writer of recordings reads. It outlives
 * both threads, so that whoever crashes finds the other's place when it comes back. Memory is all that it costs a media
 * worker: a full ring counts what it cannot take and never waits.
 */

/** Which way a frame went, seen from us. */
export const FrameDirection = { in: 0, out: 1 } as const
export type FrameDirection = (typeof FrameDirection)[keyof typeof FrameDirection]

/** One decoded frame; the one object is used again for each that is read. */
export interface Frame {
  direction: FrameDirection
  /** The stream that its timestamp belongs to. */
  ssrc: number
  /** RTP timestamp of its first sample. */
  timestamp: number
  /** When it passed, in samples since the recording's start: about where its last sample belongs. */
  at: number
  /** A view that is valid until the frame is released. */
  samples: Int16Array
}

/** About eight seconds of both directions in frames of 20 ms: so long may a disk stall before sound is lost. */
const DATA_WORDS = 1 << 16
const MASK = DATA_WORDS - 1
const RECORD_WORDS = 4
/** Stands where a record did not fit before the end: the next one is at the start. */
const SKIP = -1

/** Words of control before the data. Positions count words since the beginning and wrap with 32 bits. */
const Control = { read: 0, write: 1, lost: 2, created: 3, writtenSamples: 4, words: 16 } as const

/** Memory for one recording. */
export function makeRingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((Control.words + DATA_WORDS) * 4)
}

export class FrameRing {
  readonly memory: SharedArrayBuffer
  readonly #control: Int32Array
  readonly #words: Int32Array
  readonly #samples: Int16Array
  /** The reader's place, which is published by `release`. */
  #cursor: number

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#control = new Int32Array(memory, 0, Control.words)
    this.#words = new Int32Array(memory, Control.words * 4, DATA_WORDS)
    this.#samples = new Int16Array(memory, Control.words * 4, DATA_WORDS * 2)
    this.#cursor = Atomics.load(this.#control, Control.read)
  }

  /** Copies a frame in; false where there is no room, which is counted. */
  push(
    direction: FrameDirection,
    ssrc: number,
    timestamp: number,
    at: number,
    samples: Int16Array,
    count: number,
  ): boolean {
    const write = Atomics.load(this.#control, Control.write)
    const free = DATA_WORDS - ((write - Atomics.load(this.#control, Control.read)) >>> 0)
    const length = RECORD_WORDS + ((count + 1) >> 1)
    const toEnd = DATA_WORDS - (write & MASK)
    const skipped = toEnd < length ? toEnd : 0
    if (skipped + length > free) {
      Atomics.add(this.#control, Control.lost, 1)
      return false
    }
    if (skipped > 0) this.#words[write & MASK] = SKIP
    const index = (write + skipped) & MASK
    this.#words[index] = count | (direction << 16)
    this.#words[index + 1] = ssrc
    this.#words[index + 2] = timestamp
    this.#words[index + 3] = at
    const first = (index + RECORD_WORDS) * 2
    for (let i = 0; i < count; i++) this.#samples[first + i] = samples[i] as number
    Atomics.store(this.#control, Control.write, (write + skipped + length) | 0)
    return true
  }

  /** Reads the next frame into `frame`; false when there is none. */
  read(frame: Frame): boolean {
    const write = Atomics.load(this.#control, Control.write)
    if (this.#cursor === write) return false
    let index = this.#cursor & MASK
    if (this.#words[index] === SKIP) {
      this.#cursor = (this.#cursor + DATA_WORDS - index) | 0
      index = 0
    }
    const head = this.#words[index] as number
    const count = head & 0xffff
    frame.direction = head >> 16 === FrameDirection.in ? FrameDirection.in : FrameDirection.out
    frame.ssrc = (this.#words[index + 1] as number) >>> 0
    frame.timestamp = (this.#words[index + 2] as number) >>> 0
    frame.at = (this.#words[index + 3] as number) >>> 0
    const first = (index + RECORD_WORDS) * 2
    frame.samples = this.#samples.subarray(first, first + count)
    this.#cursor = (this.#cursor + RECORD_WORDS + ((count + 1) >> 1)) | 0
    return true
  }

  /** Gives the room of everything that was read back: done once it is in the files, so that a crash loses nothing. */
  release(): void {
    Atomics.store(this.#control, Control.read, this.#cursor)
  }

  /** Frames that found no room. */
  get lost(): number {
    return Atomics.load(this.#control, Control.lost)
  }

  /** Samples that each file holds. */
  get writtenSamples(): number {
    return Atomics.load(this.#control, Control.writtenSamples)
  }

  set writtenSamples(count: number) {
    Atomics.store(this.#control, Control.writtenSamples, count)
  }

  /** Whether a file was created for this recording: then a writer that comes back may open it again. */
  hasCreated(direction: FrameDirection): boolean {
    return (Atomics.load(this.#control, Control.created) & (1 << direction)) !== 0
  }

  noteCreated(direction: FrameDirection): void {
    Atomics.or(this.#control, Control.created, 1 << direction)
  }
}
