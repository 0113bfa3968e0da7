import { type EventStep, eventOfKey, TelephoneEventSender } from '#telecom/rtp'
import { keyTones } from '../dtmf/keys.ts'
import { Tone } from '../tone.ts'

const SAMPLES_PER_MS = 8
const TONE_LEVEL_DBM0 = -7
/** More keys than anybody dials ahead. */
const MOST_WAITING = 64

interface Press {
  key: string
  holdSamples: number
  gapSamples: number
  /** Belongs to a prompt, and goes with it. */
  ofPrompt: boolean
}

/**
 * Presses keys for the far end, over whatever sounds: one after the other with a gap between them, as telephone events
 * where the far end takes them (RFC 4733), else as tones.
 */
export class Keypad {
  readonly #events = new TelephoneEventSender()
  readonly #waiting: Press[] = []
  #current: Press | undefined
  #tone: Tone | undefined
  /** Time until the next key may begin. */
  #occupied = 0

  /** Queues a key; false where it is none or too many wait. */
  press(key: string, holdSamples: number, gapSamples: number, ofPrompt = false): boolean {
    if (eventOfKey(key) < 0 || !(holdSamples > 0) || this.#waiting.length === MOST_WAITING) return false
    this.#waiting.push({ key, holdSamples, gapSamples, ofPrompt })
    return true
  }

  /** The prompt is over: its keys are not pressed any more, one that is held is released. */
  forgetPrompt(): void {
    for (let at = this.#waiting.length - 1; at >= 0; at--) if (this.#waiting[at]?.ofPrompt) this.#waiting.splice(at, 1)
    if (this.#current?.ofPrompt) this.#events.cancel()
  }

  /** Begins the next key where its time has come. */
  begin(asEvents: boolean): void {
    if (this.#occupied > 0 || this.#events.active || this.#tone) return
    this.#current = this.#waiting.shift()
    if (!this.#current) return
    const { key, holdSamples, gapSamples } = this.#current
    this.#occupied = holdSamples + gapSamples
    if (asEvents) this.#events.begin(eventOfKey(key), holdSamples, gapSamples)
    else this.#tone = new Tone(keyTones(key), holdSamples / SAMPLES_PER_MS, TONE_LEVEL_DBM0)
  }

  /** Whether an event takes the place of sound. */
  get holding(): boolean {
    return this.#events.holding
  }

  /** Whether a tone takes the place of sound. */
  get sounding(): boolean {
    return this.#tone !== undefined
  }

  /** Whether a key is pressed or waits to be. */
  get busy(): boolean {
    return this.holding || this.sounding || this.#waiting.length > 0
  }

  /** Lets `samples` of time pass; what an event has to send then, `undefined` when nothing is due. */
  next(samples: number): EventStep | undefined {
    if (this.#occupied > 0) this.#occupied -= samples
    return this.#events.next(samples)
  }

  /** Writes the tone over the start of a frame, as far as it goes. */
  sound(into: Int16Array, count: number): void {
    const written = this.#tone?.read(into, 0, count) ?? 0
    if (written < count || this.#occupied <= (this.#current?.gapSamples ?? 0)) this.#tone = undefined
  }
}
