import type { Frame } from './frame-ring.ts'

const PER_MS = 8
/** A stream is listened to for so long before its timestamps are tied to our time: its first packet may be a late one. */
const GATHER = 100 * PER_MS
const MOST_GATHERED = 32
/** A frame that is further from its time than this belongs to another timeline (or is too late to be of use). */
export const FAR = 500 * PER_MS
/** The smallest delay of so long a time tells how a sender's clock stands: a congested network takes less to recover. */
const WINDOW = 5_000 * PER_MS
/** What comes before it can have been spoken was tied wrongly: that is certain sooner. */
const SHORT_WINDOW = 500 * PER_MS
const ENOUGH_FRAMES = 8
/** A smaller error is left alone. */
const TOLERATED = 8 * PER_MS
/** A larger one does not wait for silence. */
const URGENT = 40 * PER_MS
/** A frame whose loudest sample is no louder than this is silence (about −50 dBm0). */
const SILENCE = 80
/** In a noisy room silence is what is nearly as quiet as the quietest frame of the last seconds, if that is no louder. */
const LOUDEST_NOISE = 400

/** Places count samples since the recording's start. */
export type Lay = (position: number, samples: Int16Array) => void

/**
 * Finds the place of each frame of one direction on the recording's timeline, which follows our clock. Within a stream
 * timestamps decide, so that loss, disorder, pauses and jitter leave everything where it was spoken. What ties them to
 * our time is the quickest packet of the last seconds; a sender's clock that drifts away from ours is followed by leaving out
 * or adding samples in silence, or at once where there is no silence for too long.
 */
export class Aligner {
  readonly #lay: Lay
  #ssrc = -1
  /** Whether `#timestamp` is tied to `#position`. */
  #tied = false
  #timestamp = 0
  #position = 0
  /** Place after the newest sample. */
  #end = 0
  /** Frames of a timeline that is not tied yet, in the order of arrival. */
  #gathered: Frame[] = []
  #smallest = Number.POSITIVE_INFINITY
  #measured = 0
  #quietest = LOUDEST_NOISE
  #silence = SILENCE
  #windowFrom = 0
  /** Samples by which what follows has to be later (or earlier, below 0). */
  #error = 0
  #urgent = false

  constructor(lay: Lay) {
    this.#lay = lay
  }

  /** Takes the next frame, in the order of arrival. */
  put(frame: Frame): void {
    this.pass(frame.at)
    if (frame.ssrc !== this.#ssrc) this.#begin(frame.ssrc)
    const position = this.#placeOf(frame.timestamp)
    const delay = frame.at - position - frame.samples.length
    if (!this.#tied || Math.abs(delay) > FAR) {
      this.#gather(frame)
      return
    }
    // a few strange ones between good ones: they were only late
    if (this.#gathered.length > 0) this.#gathered = []
    this.#measure(delay, frame)
    this.#place(frame, position)
  }

  /** Time has come to `at` (samples since the start) without more frames. */
  pass(at: number): void {
    const first = this.#gathered[0]
    if (first && at - first.at >= GATHER) this.#tie()
  }

  /** Nothing follows: what waits is laid down. */
  finish(): void {
    if (this.#gathered.length > 0) this.#tie()
  }

  #begin(ssrc: number): void {
    this.finish()
    this.#ssrc = ssrc
    this.#tied = false
  }

  #placeOf(timestamp: number): number {
    return this.#position + ((timestamp - this.#timestamp) | 0)
  }

  #gather(frame: Frame): void {
    if (this.#gathered.length === MOST_GATHERED) this.#gathered.shift()
    this.#gathered.push({ ...frame, samples: frame.samples.slice() })
  }

  /** Ties the gathered timeline to our time by its quickest frame, and lays its frames down. */
  #tie(): void {
    const newest = this.#gathered.at(-1) as Frame
    const frames = this.#gathered.filter(({ timestamp }) => Math.abs((timestamp - newest.timestamp) | 0) <= FAR)
    this.#gathered = []
    this.#timestamp = newest.timestamp
    this.#position = Math.min(
      ...frames.map(({ at, samples, timestamp }) => at - samples.length + ((newest.timestamp - timestamp) | 0)),
    )
    this.#tied = true
    this.#error = 0
    this.#startWindow(newest.at)
    for (const { timestamp, samples } of frames) this.#lay(this.#placeOf(timestamp), samples)
    this.#end = this.#position + newest.samples.length
  }

  #startWindow(at: number): void {
    this.#smallest = Number.POSITIVE_INFINITY
    this.#measured = 0
    this.#quietest = LOUDEST_NOISE
    this.#windowFrom = at
  }

  #measure(delay: number, { at, samples }: Frame): void {
    this.#smallest = Math.min(this.#smallest, delay)
    this.#quietest = Math.min(this.#quietest, loudest(samples))
    this.#measured++
    const needed = this.#smallest < -URGENT ? SHORT_WINDOW : WINDOW
    if (at - this.#windowFrom < needed || this.#measured < ENOUGH_FRAMES) return
    this.#error = Math.abs(this.#smallest) > TOLERATED ? this.#smallest : 0
    this.#urgent = Math.abs(this.#error) > URGENT
    this.#silence = Math.max(SILENCE, Math.min(LOUDEST_NOISE, this.#quietest * 2))
    this.#startWindow(at)
  }

  #place(frame: Frame, position: number): void {
    const ahead = (frame.timestamp - this.#timestamp) | 0
    if (ahead < 0) {
      this.#lay(position, frame.samples)
      return
    }
    const gap = Math.max(0, position - this.#end)
    const shift = this.#error === 0 ? 0 : this.#shiftBefore(frame, gap)
    this.#timestamp = frame.timestamp
    this.#position = position + shift
    this.#end = this.#position + frame.samples.length
    // a frame that moves forward past a gap loses its start, not the end of what was before it
    const left = Math.max(0, -shift - gap)
    this.#lay(this.#position + left, frame.samples.subarray(left))
  }

  /** How far this frame and all that follow move, as far as nothing of worth is lost by it. */
  #shiftBefore(frame: Frame, gap: number): number {
    const free = this.#urgent || loudest(frame.samples) <= this.#silence
    if (!free && gap === 0) return 0
    const room = gap + (free ? frame.samples.length : 0)
    const shift = Math.max(this.#error, -room)
    this.#error -= shift
    this.#startWindow(frame.at)
    return shift
  }
}

function loudest(samples: Int16Array): number {
  let most = 0
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number
    if (sample > most) most = sample
    else if (-sample > most) most = -sample
  }
  return most
}
