/** Measured values, to be asked for percentiles. */
export class Samples {
  readonly #values: number[] = []
  #sorted = true

  add(value: number): void {
    this.#values.push(value)
    this.#sorted = false
  }

  get count(): number {
    return this.#values.length
  }

  /** The value that this share (0 to 1) of all does not exceed; 0 where there is none. */
  percentile(share: number): number {
    if (!this.#sorted) this.#values.sort((a, b) => a - b)
    this.#sorted = true
    const at = Math.ceil(share * this.#values.length) - 1
    return this.#values[Math.max(0, at)] ?? 0
  }

  get median(): number {
    return this.percentile(0.5)
  }
}
