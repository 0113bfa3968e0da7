import { keyTones } from '../dtmf/keys.ts'
import { Tone } from '../tone.ts'
import type { PartPlayer } from './part-player.ts'

const SAMPLES_PER_MS = 8
const TONE_LEVEL_DBM0 = -7

/**
 * Presses keys one after the other. With `press` each is announced when its time begins (it travels as a telephone
 * event) and the sound is silent; without, it is the sound.
 */
export class KeysPlayer implements PartPlayer {
  readonly #keys: string[]
  readonly #hold: number
  readonly #gap: number
  readonly #durationMs: number
  readonly #press: ((key: string, holdSamples: number, gapSamples: number) => void) | undefined
  #next = 0
  #left = 0
  #gapLeft = 0
  #tone: Tone | undefined

  constructor(
    digits: string,
    durationMs: number,
    gapMs: number,
    press: ((key: string, holdSamples: number, gapSamples: number) => void) | undefined,
  ) {
    this.#keys = [...digits].filter((key) => keyTones(key).length > 0)
    this.#durationMs = durationMs
    this.#hold = Math.round(durationMs * SAMPLES_PER_MS)
    this.#gap = Math.round(gapMs * SAMPLES_PER_MS)
    this.#press = press
  }

  read(into: Int16Array, offset: number, count: number): number {
    if (this.#left === 0 && this.#gapLeft === 0 && !this.#begin()) return 0
    if (this.#left > 0) {
      const written = Math.min(count, this.#left)
      this.#left -= written
      if (this.#tone) this.#tone.read(into, offset, written)
      else into.fill(0, offset, offset + written)
      return written
    }
    const written = Math.min(count, this.#gapLeft)
    this.#gapLeft -= written
    into.fill(0, offset, offset + written)
    return written
  }

  #begin(): boolean {
    const key = this.#keys[this.#next++]
    if (key === undefined || this.#hold === 0) return false
    this.#left = this.#hold
    this.#gapLeft = this.#next < this.#keys.length ? this.#gap : 0
    if (this.#press) this.#press(key, this.#hold, this.#gapLeft)
    else this.#tone = new Tone(keyTones(key), this.#durationMs, TONE_LEVEL_DBM0)
    return true
  }

  close(): void {
    this.#keys.length = 0
    this.#left = 0
    this.#gapLeft = 0
  }
}
