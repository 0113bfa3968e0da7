import { eventOfKey, type TelephoneEventSender } from '#telecom/rtp'
import { keyTones } from '../dtmf/keys.ts'
import { Tone } from '../tone.ts'

const SAMPLES_PER_MS = 8
const GAP_MS = 80
const SHORTEST_MS = 40
const LONGEST_MS = 5_000
const MOST_WAITING = 32
const TONE_LEVEL_DBM0 = -7

/** Keys that are pressed over whatever is sent, one after the other with a pause between. */
export class Presses {
  readonly #events: TelephoneEventSender
  readonly #waiting: { key: string; durationMs: number }[] = []
  #tone: Tone | undefined
  /** Samples until the next key may begin. */
  #left = 0

  constructor(events: TelephoneEventSender) {
    this.#events = events
  }

  /** Something is pressed, or waits for it. */
  get busy(): boolean {
    return this.#left > 0 || this.#waiting.length > 0
  }

  /** Queues a key for 40 ms to 5 s; what is none is ignored, and so is what comes when 32 are waiting. */
  add(key: string, durationMs: number): void {
    if (keyTones(key).length === 0 || this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push({ key, durationMs: Math.min(Math.max(durationMs, SHORTEST_MS), LONGEST_MS) })
  }

  /** Lets `count` samples of time pass: a key without telephone events takes the place of the sound in `frame`. */
  tick(frame: Int16Array, count: number, asEvents: boolean): void {
    if (this.#left <= 0) this.#begin(asEvents)
    if (this.#left <= 0) return
    this.#left -= count
    if (this.#tone?.read(frame, 0, count) === 0) this.#tone = undefined
  }

  #begin(asEvents: boolean): void {
    if (this.#waiting.length === 0 || this.#events.active) return
    const next = this.#waiting.shift()
    if (!next) return
    const hold = Math.round(next.durationMs * SAMPLES_PER_MS)
    this.#left = hold + GAP_MS * SAMPLES_PER_MS
    if (asEvents) this.#events.begin(eventOfKey(next.key), hold, GAP_MS * SAMPLES_PER_MS)
    else this.#tone = new Tone(keyTones(next.key), next.durationMs, TONE_LEVEL_DBM0)
  }
}
