/** Samples that stay readable: 256 ms. A power of two. */
const SIZE = 2_048
const MASK = SIZE - 1
const WRITTEN = 0
const KEY_SOUNDS = 1
const HEADER_BYTES = 8

/** How much memory one ring takes. */
export const SOUND_RING_BYTES = HEADER_BYTES + SIZE * 2

/**
 * The last quarter second of what an endpoint hears: one writes, any number read, each at its own place. The oldest is
 * overwritten, nobody waits and nothing is allocated. Over a `SharedArrayBuffer` the readers may live in other threads:
 * samples are laid down before the position that announces them.
 */
export class SoundRing {
  readonly #header: Int32Array
  readonly #samples: Int16Array

  constructor(memory: ArrayBufferLike) {
    this.#header = new Int32Array(memory, 0, HEADER_BYTES / 4)
    this.#samples = new Int16Array(memory, HEADER_BYTES, SIZE)
  }

  /** Number of the next sample to be written; it wraps around at 32 bits. */
  get written(): number {
    return Atomics.load(this.#header, WRITTEN)
  }

  /** Whether a key is being heard in the sound itself. */
  get keySounds(): boolean {
    return Atomics.load(this.#header, KEY_SOUNDS) !== 0
  }

  write(samples: Int16Array, count: number, keySounds: boolean): void {
    const at = this.written
    for (let i = 0; i < count; i++) this.#samples[(at + i) & MASK] = samples[i] as number
    Atomics.store(this.#header, KEY_SOUNDS, keySounds ? 1 : 0)
    Atomics.store(this.#header, WRITTEN, (at + count) | 0)
  }

  copy(at: number, into: Int16Array, count: number): void {
    for (let i = 0; i < count; i++) into[i] = this.#samples[(at + i) & MASK] as number
  }
}
