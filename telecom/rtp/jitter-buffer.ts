/**
 * An adaptive jitter buffer on a timeline: decoded samples are laid down where their timestamp says and read at a
 * point that follows behind, so that any packet time, disorder, duplicates, gaps and DTX need no rules of their own.
 *
 * The delay is the distance between what arrives and what is read. It grows at once when the stream runs dry, and
 * otherwise shrinks and grows by leaving out or adding whole *silent* frames, which is also how a sender's drifting
 * clock is absorbed.
 */

const SIZE = 4_096
const MASK = SIZE - 1
const PER_MS = 8
/** Space kept free behind the reading point, so that it can step back when the stream runs dry. */
const BEHIND = 1_600
const AHEAD = SIZE - BEHIND
/** So many packets in a row far off the timeline mean that the sender has a new one. */
const RESYNCHRONISE_AFTER = 3
const WINDOW_SAMPLES = 8_000
/** A frame whose loudest sample is below this is silence (about −50 dBm0). */
const SILENCE = 80

export type Put = 'stored' | 'late' | 'off_timeline'

/** How long sound waits. Samples of 8 kHz unless said otherwise. */
export interface JitterPolicy {
  /** The delay of the first packet. */
  startMs: number
  /** The delay never grows above. */
  longestMs: number
  /** How long before its time the latest packet of a second came lies between these two when nothing needs to change. */
  growBelow: number
  shrinkAbove: number
  /** Shrinking leaves at least so much of it. */
  shrinkTo: number
  /** So much is left out at a time; undefined = as much as is read at a time. */
  shrinkStep?: number
  /** After so many seconds without enough silence as much as is read at a time is left out in the middle of sound. */
  patience: number
}

const PATIENT: JitterPolicy = {
  startMs: 40,
  longestMs: 200,
  growBelow: 5 * PER_MS,
  shrinkAbove: 40 * PER_MS,
  shrinkTo: 20 * PER_MS,
  patience: Number.POSITIVE_INFINITY,
}

export class JitterBuffer {
  readonly #samples = new Int16Array(SIZE)
  readonly #present = new Uint8Array(SIZE)
  readonly #last = new Int16Array(480)
  readonly #policy: JitterPolicy
  readonly #longest: number
  readonly #first: number
  #lastCount = 0
  #started = false
  /** Something of this timeline has been read. */
  #sounding = false
  /** Timestamp of the next sample to be read. */
  #next = 0
  /** Timestamp after the newest sample that came. */
  #newest = 0
  #strange = 0
  #smallest = Number.POSITIVE_INFINITY
  #windowLeft = WINDOW_SAMPLES
  #surplus = 0
  #deficit = 0
  /** Seconds since there was no surplus. */
  #waited = 0
  /** Packets that came after their time. */
  late = 0
  /** Samples that were missing when they were due, within a running stream. */
  concealed = 0
  /** Whole frames left out or added to fit the delay. */
  adjusted = 0

  constructor(policy: JitterPolicy = PATIENT) {
    this.#policy = policy
    this.#first = policy.startMs * PER_MS
    this.#longest = Math.min(policy.longestMs * PER_MS, BEHIND)
  }

  /** Forgets everything but the counters: the next packet starts a new timeline. */
  reset(): void {
    this.#present.fill(0)
    this.#started = false
    this.#sounding = false
    this.#lastCount = 0
    this.#strange = 0
    this.#startWindow()
    this.#surplus = 0
    this.#deficit = 0
    this.#waited = 0
  }

  /** Starts a new timeline: this timestamp will be read after `distance` samples. */
  begin(timestamp: number, distance: number): void {
    this.reset()
    this.#start(timestamp, distance)
  }

  /** Milliseconds between what came last and what is read next. */
  get delayMs(): number {
    return this.#started ? Math.max(0, (this.#newest - this.#next) | 0) / PER_MS : 0
  }

  /**
   * Lays `count` samples down at their timestamp. Who knows when the next `readSamples` are going to be read says so
   * (`untilRead` samples of time from now): what a packet has to spare is measured exactly then.
   */
  put(timestamp: number, samples: Int16Array, count: number, untilRead = 0, readSamples = 1): Put {
    if (!this.#started) this.#start(timestamp, this.#first)
    let offset = (timestamp - this.#next) | 0
    const newest = ((timestamp + count - this.#newest) | 0) > 0
    // the last is a sender whose timestamps stood still while it paused
    if (offset + count > AHEAD || offset < -SIZE || (newest && offset < -this.#longest)) {
      if (++this.#strange < RESYNCHRONISE_AFTER) return 'off_timeline'
      this.begin(timestamp, this.#first)
      offset = this.#first
    }
    this.#strange = 0
    if (offset < 0 && newest) offset = this.#stepBack(-offset)
    this.#smallest = Math.min(this.#smallest, Math.floor(offset / readSamples) * readSamples + untilRead)
    if (offset + count <= 0) {
      this.late++
      return 'late'
    }
    const skip = offset < 0 ? -offset : 0
    this.#store(timestamp, samples, skip, count)
    if (newest) this.#newest = timestamp + count
    if (offset > this.#longest) this.#skipAhead(offset - this.#longest)
    return 'stored'
  }

  #start(timestamp: number, distance: number): void {
    this.#started = true
    this.#next = timestamp - distance
    this.#newest = timestamp
    this.#startWindow()
  }

  #startWindow(): void {
    this.#smallest = Number.POSITIVE_INFINITY
    this.#windowLeft = WINDOW_SAMPLES
  }

  #store(timestamp: number, samples: Int16Array, from: number, count: number): void {
    for (let i = from; i < count; i++) {
      const at = (timestamp + i) & MASK
      this.#samples[at] = samples[i] as number
      this.#present[at] = 1
    }
  }

  /** The stream ran dry and its newest packet came late: read it later instead of losing it. */
  #stepBack(by: number): number {
    this.#next -= by
    this.adjusted++
    return 0
  }

  /** More delay than allowed: what lies before is given up. */
  #skipAhead(by: number): void {
    for (let i = 0; i < by; i++) this.#present[(this.#next + i) & MASK] = 0
    this.#next += by
    this.#smallest = Number.POSITIVE_INFINITY
    this.adjusted++
  }

  /** Reads the next `count` samples; what is missing fades out and becomes silence. Gives how many were really there. */
  read(into: Int16Array, count: number): number {
    if (!this.#started) {
      into.fill(0, 0, count)
      return 0
    }
    this.#review(count)
    if (this.#deficit > 0 && this.#isSilentAhead(count)) {
      this.#deficit = Math.max(0, this.#deficit - count)
      this.adjusted++
      into.fill(0, 0, count)
      return 0
    }
    const step = this.#policy.shrinkStep ?? count
    if (this.#surplus >= step && this.#isSilentAhead(step)) this.#shrink(step)
    else if (this.#surplus >= count && this.#waited > this.#policy.patience) this.#shrink(count)
    return this.#take(into, count)
  }

  /** Once per second of reading: is the delay what the last second would have needed? */
  #review(count: number): void {
    this.#windowLeft -= count
    if (this.#windowLeft > 0) return
    const smallest = this.#smallest
    this.#startWindow()
    if (smallest === Number.POSITIVE_INFINITY) return
    const { growBelow, shrinkAbove, shrinkTo } = this.#policy
    this.#surplus = smallest > shrinkAbove ? smallest - shrinkTo : 0
    this.#deficit = smallest < growBelow ? growBelow - smallest : 0
    this.#waited = this.#surplus > 0 ? this.#waited + 1 : 0
    if (this.#deficit + this.delayMs * PER_MS > this.#longest) this.#deficit = 0
  }

  #isSilentAhead(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) & MASK
      if (this.#present[at] && Math.abs(this.#samples[at] as number) > SILENCE) return false
    }
    return true
  }

  #shrink(count: number): void {
    this.#surplus -= count
    this.adjusted++
    for (let i = 0; i < count; i++) this.#present[(this.#next + i) & MASK] = 0
    this.#next = (this.#next + count) >>> 0
  }

  #take(into: Int16Array, count: number): number {
    let real = 0
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) & MASK
      if (this.#present[at]) {
        into[i] = this.#samples[at] as number
        this.#present[at] = 0
        real++
      } else {
        // one faint repetition of what was just heard, then silence
        into[i] = i < this.#lastCount ? (this.#last[i] as number) >> 1 : 0
      }
    }
    this.#next = (this.#next + count) >>> 0
    if (real > 0) this.#sounding = true
    if (this.#sounding && real < count && ((this.#newest - this.#next) | 0) > 0) this.concealed += count - real
    this.#lastCount = real === count ? Math.min(count, this.#last.length) : 0
    for (let i = 0; i < this.#lastCount; i++) this.#last[i] = into[i] as number
    return real
  }
}
