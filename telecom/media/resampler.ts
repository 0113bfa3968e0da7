/**
 * Converts a stream of samples from one rate to another by a polyphase FIR filter: a Kaiser-windowed sinc, cut off
 * below half of the lower rate, one row of coefficients per phase.
 */

const ZERO_CROSSINGS = 16
const KAISER_BETA = 8
/** Where the passband ends, as a part of half the lower rate. */
const CUTOFF = 0.92
/** Odd pairs of rates would need thousands of rows; beyond this the nearest of so many is taken. */
const MOST_PHASES = 1_024

export class Resampler {
  readonly #up: number
  readonly #down: number
  readonly #taps: number
  readonly #phases: number
  readonly #rows: Float32Array
  /** Input not used up yet, oldest first. */
  #held: Float32Array
  #heldCount: number
  /** Position of the next output within `#held`, in units of 1/up input samples. */
  #phase = 0

  constructor(fromHz: number, toHz: number) {
    const divisor = greatestCommonDivisor(fromHz, toHz)
    this.#up = toHz / divisor
    this.#down = fromHz / divisor
    const lower = Math.min(1, toHz / fromHz)
    this.#taps = Math.ceil((2 * ZERO_CROSSINGS) / lower / 2) * 2
    this.#phases = Math.min(this.#up, MOST_PHASES)
    this.#rows = makeRows(this.#phases, this.#taps, lower * CUTOFF)
    // half a filter of silence in front, so that the first output is the first input
    this.#heldCount = this.#taps / 2 - 1
    this.#held = new Float32Array(this.#heldCount)
  }

  /** Takes `count` more samples (full scale = ±1) and gives the output that is complete. */
  process(input: Float32Array, count = input.length): Int16Array {
    const held = new Float32Array(this.#heldCount + count)
    held.set(this.#held.subarray(0, this.#heldCount))
    held.set(input.subarray(0, count), this.#heldCount)
    const last = held.length - this.#taps
    const outputs = last < 0 ? 0 : Math.max(0, Math.floor(((last + 1) * this.#up - 1 - this.#phase) / this.#down) + 1)
    const output = new Int16Array(outputs)
    for (let n = 0; n < outputs; n++) {
      const position = this.#phase + n * this.#down
      output[n] = this.#filter(held, position)
    }
    const next = this.#phase + outputs * this.#down
    const used = Math.min(Math.floor(next / this.#up), held.length)
    this.#phase = next - used * this.#up
    this.#held = held.slice(used)
    this.#heldCount = this.#held.length
    return output
  }

  /** The end of the input: what the filter still holds. */
  flush(): Int16Array {
    return this.process(new Float32Array(this.#taps / 2))
  }

  #filter(held: Float32Array, position: number): number {
    const start = Math.floor(position / this.#up)
    const row = Math.floor(((position % this.#up) * this.#phases) / this.#up) * this.#taps
    const rows = this.#rows
    let sum = 0
    for (let k = 0; k < this.#taps; k++) sum += (rows[row + k] as number) * (held[start + k] as number)
    return Math.max(-32_768, Math.min(32_767, Math.round(sum * 32_768)))
  }
}

function makeRows(phases: number, taps: number, cutoff: number): Float32Array {
  const rows = new Float32Array(phases * taps)
  const half = taps / 2
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0
    for (let k = 0; k < taps; k++) {
      const t = k - (half - 1) - phase / phases
      const value = sinc(cutoff * t) * kaiser(t / half)
      rows[phase * taps + k] = value
      sum += value
    }
    for (let k = 0; k < taps; k++) rows[phase * taps + k] = (rows[phase * taps + k] as number) / sum
  }
  return rows
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const kaiser = (x: number) => (Math.abs(x) >= 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel(KAISER_BETA))

/** The modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; k < 40 && term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
