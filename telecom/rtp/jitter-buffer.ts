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
/** The smallest distance in a window lies above this when nothing needs to change, … */
const GROW_BELOW = 5 * PER_MS
/** … and not further above it than the delay at the start, or this. */
const SHRINK_ABOVE_AT_LEAST = 20 * PER_MS
/** A frame whose loudest sample is below this is silence (about −50 dBm0). */
const SILENCE = 80

export type Put = 'stored' | 'late' | 'off_timeline'

export class JitterBuffer {
  readonly #samples = new Int16Array(SIZE)
  readonly #present = new Uint8Array(SIZE)
  readonly #last = new Int16Array(480)
  readonly #longest: number
  readonly #first: number
  readonly #shrinkAbove: number
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
  /** Packets that came after their time. */
  late = 0
  /** Samples that were missing when they were due, within a running stream. */
  concealed = 0
  /** Whole frames left out or added to fit the delay. */
  adjusted = 0

  /** Delay bounds in milliseconds; the delay starts at twice the smallest. */
  constructor(smallestMs = 20, longestMs = 200) {
    this.#first = smallestMs * 2 * PER_MS
    this.#shrinkAbove = Math.max(this.#first, SHRINK_ABOVE_AT_LEAST)
    this.#longest = Math.min(longestMs * PER_MS, BEHIND)
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
  }

  /** Milliseconds between what came last and what is read next. */
  get delayMs(): number {
    return this.#started ? Math.max(0, (this.#newest - this.#next) | 0) / PER_MS : 0
  }

  /** Lays `count` samples down at their timestamp. */
  put(timestamp: number, samples: Int16Array, count: number): Put {
    if (!this.#started) this.#start(timestamp)
    let offset = (timestamp - this.#next) | 0
    if (offset + count > AHEAD || offset < -SIZE) {
      if (++this.#strange < RESYNCHRONISE_AFTER) return 'off_timeline'
      this.reset()
      this.#start(timestamp)
      offset = this.#first
    }
    this.#strange = 0
    const newest = ((timestamp + count - this.#newest) | 0) > 0
    if (offset < 0 && newest) offset = this.#stepBack(-offset, offset)
    this.#smallest = Math.min(this.#smallest, offset)
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

  #start(timestamp: number): void {
    this.#started = true
    this.#next = timestamp - this.#first
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

  /** The stream ran dry and its newest packet came late: read it later instead of losing it, as far as allowed. */
  #stepBack(byAtLeast: number, offset: number): number {
    if (byAtLeast > this.#longest) return offset
    this.#next -= byAtLeast
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
    if (this.#surplus >= count && this.#isSilentAhead(count)) {
      this.#surplus -= count
      this.adjusted++
      this.#discard(count)
    }
    return this.#take(into, count)
  }

  /** Once per second of reading: is the delay what the last second would have needed? */
  #review(count: number): void {
    this.#windowLeft -= count
    if (this.#windowLeft > 0) return
    const smallest = this.#smallest
    this.#startWindow()
    if (smallest === Number.POSITIVE_INFINITY) return
    this.#surplus = smallest > this.#shrinkAbove ? smallest - this.#shrinkAbove / 2 : 0
    this.#deficit = smallest < GROW_BELOW ? GROW_BELOW - smallest : 0
    if (this.#deficit + this.delayMs * PER_MS > this.#longest) this.#deficit = 0
  }

  #isSilentAhead(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) & MASK
      if (this.#present[at] && Math.abs(this.#samples[at] as number) > SILENCE) return false
    }
    return true
  }

  #discard(count: number): void {
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
