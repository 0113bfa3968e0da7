import { goertzelCoefficient, goertzelPower } from './goertzel.ts'
import { COLUMNS_HZ, keyAt, ROWS_HZ } from './keys.ts'

/** 25.6 ms: long enough to tell the eight frequencies apart, short enough for a key of 50 ms. */
const BLOCK = 205
const BLOCK_MS = BLOCK / 8
/** Two blocks make a key, two without it end it. */
const CONFIRM = 2
/** The weakest tone taken: a sine of about −30 dBm0. */
const WEAKEST = ((700 * BLOCK) / 2) ** 2
/** One group may be up to 8 dB stronger than the other. */
const TWIST = 6.3
/** The chosen frequency over the next one of its group. */
const ABOVE_NEIGHBOUR = 6.3
/** Part of the block's energy that has to be in the two tones: what keeps speech out. */
const PURITY = 0.7

const ROWS = ROWS_HZ.map(goertzelCoefficient)
const COLUMNS = COLUMNS_HZ.map(goertzelCoefficient)

/** Hears keys in the sound itself, for phones that send no telephone events (ITU-T Q.24). */
export class InbandDetector {
  readonly #onKey: (key: string, durationMs: number) => void
  readonly #block = new Int16Array(BLOCK)
  readonly #powers = new Float64Array(4)
  #filled = 0
  #candidate = ''
  #seen = 0
  #held = ''
  #heldBlocks = 0
  #gone = 0

  constructor(onKey: (key: string, durationMs: number) => void) {
    this.#onKey = onKey
  }

  reset(): void {
    this.#filled = 0
    this.#candidate = ''
    this.#seen = 0
    this.#held = ''
  }

  /** Listens to `count` more samples. */
  listen(samples: Int16Array, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#block[this.#filled++] = samples[i] as number
      if (this.#filled < BLOCK) continue
      this.#filled = 0
      this.#judge(this.#detect())
    }
  }

  #judge(key: string): void {
    if (this.#held !== '') {
      if (key === this.#held) {
        this.#heldBlocks++
        this.#gone = 0
        return
      }
      if (++this.#gone < CONFIRM) return
      this.#onKey(this.#held, this.#heldBlocks * BLOCK_MS)
      this.#held = ''
      this.#seen = 0
    }
    this.#seen = key !== '' && key === this.#candidate ? this.#seen + 1 : 1
    this.#candidate = key
    if (key === '' || this.#seen < CONFIRM) return
    this.#held = key
    this.#heldBlocks = this.#seen
    this.#gone = 0
  }

  #detect(): string {
    let energy = 0
    for (let i = 0; i < BLOCK; i++) energy += (this.#block[i] as number) ** 2
    if ((energy * BLOCK) / 2 < WEAKEST) return ''
    const row = this.#strongest(ROWS)
    const rowPower = this.#powers[Math.max(row, 0)] as number
    const column = this.#strongest(COLUMNS)
    const columnPower = this.#powers[Math.max(column, 0)] as number
    if (row < 0 || column < 0) return ''
    if (rowPower > columnPower * TWIST || columnPower > rowPower * TWIST) return ''
    if (rowPower + columnPower < (PURITY * energy * BLOCK) / 2) return ''
    return keyAt(row, column)
  }

  /** The frequency of a group that clearly stands out; −1 where none does. */
  #strongest(coefficients: readonly number[]): number {
    let best = 0
    for (let i = 0; i < 4; i++) {
      this.#powers[i] = goertzelPower(this.#block, BLOCK, coefficients[i] as number)
      if ((this.#powers[i] as number) > (this.#powers[best] as number)) best = i
    }
    const power = this.#powers[best] as number
    if (power < WEAKEST) return -1
    for (let i = 0; i < 4; i++) if (i !== best && (this.#powers[i] as number) * ABOVE_NEIGHBOUR > power) return -1
    return best
  }
}
