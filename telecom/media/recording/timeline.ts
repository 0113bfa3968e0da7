const SIZE = 16_384
const MASK = SIZE - 1

/**
 * The part of a recorded track that may still change: samples are laid down at their place in any order, what nobody
 * laid down is silence. Places count samples since the recording's start.
 */
export class Timeline {
  static readonly size = SIZE
  readonly #samples = new Int16Array(SIZE)
  #final: number

  constructor(final = 0) {
    this.#final = final
  }

  /** The first place that may still change. */
  get final(): number {
    return this.#final
  }

  /** Lays samples down; what is before `final` or too far ahead is left out. */
  lay(position: number, samples: Int16Array): void {
    const from = Math.max(0, this.#final - position)
    const until = Math.min(samples.length, this.#final + SIZE - position)
    for (let i = from; i < until; i++) this.#samples[(position + i) & MASK] = samples[i] as number
  }

  /** Copies the `count` samples from `final` on. */
  copy(into: Int16Array, count: number): void {
    for (let i = 0; i < count; i++) into[i] = this.#samples[(this.#final + i) & MASK] as number
  }

  /** The next `count` samples are final: their room is for later ones. */
  advance(count: number): void {
    for (let i = 0; i < Math.min(count, SIZE); i++) this.#samples[(this.#final + i) & MASK] = 0
    this.#final += count
  }
}
