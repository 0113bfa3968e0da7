import type { Clock, Timer } from '#platform/time'
import type { CallerStep } from './script.ts'

/** Between two keys. Milliseconds. */
const KEY_MS = 200

interface Deeds {
  press(digit: string): void
  hangUp(): void
}

/** Who is at the other end of a tested call: does the steps of the script one after the other, each when its time has come. */
export class ScriptedCaller {
  readonly #clock: Clock
  readonly #steps: readonly CallerStep[]
  readonly #does: Deeds
  #at = 0
  #timer: Timer | undefined
  /** What sounds at the moment. */
  #hears = ''

  constructor(clock: Clock, steps: readonly CallerStep[], does: Deeds) {
    this.#clock = clock
    this.#steps = steps
    this.#does = does
  }

  /** How many steps he has not come to. */
  get left(): number {
    return this.#steps.length - this.#at
  }

  /** The call is there. */
  begin(): void {
    this.#look()
  }

  /** Something sounds from now on; empty = silence. */
  hears(text: string): void {
    this.#hears = text
    if (text !== '') this.#look()
  }

  /** The call is over. */
  leave(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#hears = ''
  }

  /** Whether the time of the next step has come. */
  #look(): void {
    const step = this.#steps[this.#at]
    if (!step || this.#timer) return
    if (step.hears !== undefined && !this.#hears.includes(step.hears)) return
    this.#timer = this.#clock.after(step.after_ms ?? 0, () => this.#do(step, step.press ?? ''))
  }

  #do(step: CallerStep, keys: string): void {
    const [key, ...rest] = keys
    if (key !== undefined) {
      this.#timer = this.#clock.after(KEY_MS, () => this.#do(step, rest.join('')))
      this.#does.press(key)
      return
    }
    this.#timer = undefined
    this.#at++
    if (step.hangup) this.#does.hangUp()
    else this.#look()
  }
}
