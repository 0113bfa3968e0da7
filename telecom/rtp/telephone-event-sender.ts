/** What to put on the wire in one step of an event. */
export interface EventStep {
  code: number
  /** Timestamp units since the event's start. */
  duration: number
  marker: boolean
  end: boolean
  /** How often to send it now. */
  copies: number
}

const END_COPIES = 3

/**
 * Paces one key as RFC 4733 §2.5.1 asks: updates while it is held, then its end three times: one per step where the
 * pause after it leaves room, else at once, so that the next key never overtakes them.
 */
export class TelephoneEventSender {
  readonly #step: EventStep = { code: 0, duration: 0, marker: false, end: false, copies: 0 }
  #total = 0
  #pause = 0
  #endsLeft = 0
  #active = false

  /** Begins a key that is held for `total` units, followed by at least `pause` units without a key. */
  begin(code: number, total: number, pause: number): void {
    this.#step.code = code
    this.#step.duration = 0
    this.#total = total
    this.#pause = pause
    this.#endsLeft = END_COPIES
    this.#active = true
  }

  /** Whether the key is still held (end packets may follow during the pause). */
  get holding(): boolean {
    return this.#active && this.#endsLeft === END_COPIES
  }

  get active(): boolean {
    return this.#active
  }

  cancel(): void {
    // a key that is cut short is still ended properly
    if (this.holding) this.#total = Math.max(this.#step.duration, 1)
  }

  /** Moves on by `units` of time; the answer is one object used again, `undefined` when nothing is due. */
  next(units: number): EventStep | undefined {
    if (!this.#active) return undefined
    const step = this.#step
    step.marker = step.duration === 0 && this.#endsLeft === END_COPIES
    if (this.#endsLeft === END_COPIES) step.duration = Math.min(step.duration + units, this.#total)
    step.end = step.duration >= this.#total
    step.copies = 1
    if (!step.end) return step
    if (this.#pause < units * END_COPIES) step.copies = this.#endsLeft
    this.#endsLeft -= step.copies
    if (this.#endsLeft === 0) this.#active = false
    return step
  }
}
