const CHUNK = 16_384
const BITS = 14

/** Whole numbers by their position, of which there may be more and more: nothing is ever moved. */
export class IntColumn {
  readonly #initial: number
  readonly #chunks: Int32Array[] = []

  /** Every position has this number until it is given another one. */
  constructor(initial: number) {
    this.#initial = initial
  }

  get(at: number): number {
    return this.#chunks[at >>> BITS]?.[at & (CHUNK - 1)] ?? this.#initial
  }

  /** The position is at most one behind those that were set before. */
  set(at: number, value: number): void {
    const index = at >>> BITS
    const chunk = this.#chunks[index] ?? new Int32Array(CHUNK).fill(this.#initial)
    this.#chunks[index] = chunk
    chunk[at & (CHUNK - 1)] = value
  }
}
