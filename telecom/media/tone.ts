const SAMPLE_RATE_HZ = 8_000
/** Peak of a sine of 0 dBm0: G.711's full scale is +3.17 dBm0. */
const PEAK_AT_0_DBM0 = 22_300
/** Tones begin and end over so many samples, so that they do not click. */
const RAMP = 40

/** Sine waves together for a set time. */
export class Tone {
  readonly #steps: readonly number[]
  readonly #amplitude: number
  readonly #total: number
  #at = 0

  /** `level` in dBm0 of each sine; together they never exceed full scale. */
  constructor(hz: readonly number[], durationMs: number, level = -10) {
    this.#steps = hz.map((frequency) => (2 * Math.PI * frequency) / SAMPLE_RATE_HZ)
    const wanted = PEAK_AT_0_DBM0 * 10 ** (Math.min(level, 0) / 20)
    this.#amplitude = Math.min(wanted, 32_000 / Math.max(hz.length, 1))
    this.#total = Math.round((durationMs * SAMPLE_RATE_HZ) / 1000)
  }

  /** Writes up to `count` samples at `offset` and gives how many; 0 = over. */
  read(into: Int16Array, offset: number, count: number): number {
    const written = Math.min(count, this.#total - this.#at)
    for (let i = 0; i < written; i++) {
      const at = this.#at + i
      let sum = 0
      for (const step of this.#steps) sum += Math.sin(step * at)
      const ramp = Math.min(1, (at + 1) / RAMP, (this.#total - at) / RAMP)
      into[offset + i] = Math.round(sum * this.#amplitude * ramp)
    }
    this.#at += written
    return written
  }
}
