/** What a sequence number means when it arrives. */
export type Arrival =
  /** Newer than everything before it, with or without a gap. */
  | 'new'
  /** Older than the newest, seen for the first time. */
  | 'reordered'
  | 'duplicate'
  /** So far away that it must be confirmed by its successor (RFC 3550 A.1); not to be used. */
  | 'jump'

const LARGEST_GAP = 3_000
const LARGEST_DISORDER = 100
const REMEMBERED = 128
const CLOCK_PER_MS = 8

/**
 * Statistics of one received stream: loss (RFC 3550 A.3), jitter (A.8) and the numbers of a report block. `restart`
 * begins a new synchronisation source and keeps the totals.
 */
export class Reception {
  packets = 0
  octets = 0
  duplicates = 0
  reordered = 0
  #started = false
  #base = 0
  #highest = 0
  #cycles = 0
  #jumpTo = -1
  #receivedOfStream = 0
  #expectedBefore = 0
  #receivedBefore = 0
  #expectedPrior = 0
  #receivedPrior = 0
  #seen = new Int32Array(REMEMBERED).fill(-1)
  #jitter = 0
  #transit = Number.NaN

  /** Forgets sequence and timing, not the totals: another SSRC speaks. */
  restart(): void {
    if (!this.#started) return
    this.#expectedBefore += this.#expectedOfStream()
    this.#receivedBefore += this.#receivedOfStream
    this.#started = false
    this.#jumpTo = -1
    this.#transit = Number.NaN
    this.#seen.fill(-1)
  }

  /** Takes one packet's sequence number into account. */
  arrive(sequence: number, octets: number): Arrival {
    const arrival = this.#classify(sequence)
    if (arrival === 'jump') return arrival
    if (arrival === 'duplicate') {
      this.duplicates++
      return arrival
    }
    this.#seen[sequence % REMEMBERED] = sequence
    this.packets++
    this.#receivedOfStream++
    this.octets += octets
    if (arrival === 'reordered') this.reordered++
    return arrival
  }

  #classify(sequence: number): Arrival {
    if (!this.#started) {
      this.#begin(sequence)
      return 'new'
    }
    const ahead = (sequence - this.#highest) & 0xffff
    if (ahead === 0) return 'duplicate'
    if (ahead < LARGEST_GAP) {
      if (sequence < this.#highest) this.#cycles += 65_536
      this.#highest = sequence
      return 'new'
    }
    if (ahead >= 65_536 - LARGEST_DISORDER) {
      return this.#seen[sequence % REMEMBERED] === sequence ? 'duplicate' : 'reordered'
    }
    if (sequence !== this.#jumpTo) {
      this.#jumpTo = (sequence + 1) & 0xffff
      return 'jump'
    }
    this.restart()
    this.#begin(sequence)
    return 'new'
  }

  #begin(sequence: number): void {
    this.#started = true
    this.#base = sequence
    this.#highest = sequence
    this.#cycles = 0
    this.#receivedOfStream = 0
  }

  /** Measures jitter from a voice packet; not for telephone events, whose timestamps stand still. */
  measure(timestamp: number, arrivalMs: number): void {
    const transit = (Math.round(arrivalMs * CLOCK_PER_MS) - timestamp) | 0
    if (!Number.isNaN(this.#transit)) {
      const change = Math.abs((transit - this.#transit) | 0)
      if (change < CLOCK_PER_MS * 10_000) this.#jitter += (change - this.#jitter) / 16
    }
    this.#transit = transit
  }

  #expectedOfStream(): number {
    return this.#started ? this.#cycles + this.#highest - this.#base + 1 : 0
  }

  get expected(): number {
    return this.#expectedBefore + this.#expectedOfStream()
  }

  get lost(): number {
    return Math.max(0, this.expected - this.#receivedBefore - this.#receivedOfStream)
  }

  get jitterMs(): number {
    return this.#jitter / CLOCK_PER_MS
  }

  /** Interarrival jitter in timestamp units, as a report block carries it. */
  get jitterUnits(): number {
    return Math.floor(this.#jitter)
  }

  get highestSequence(): number {
    return (this.#cycles + this.#highest) >>> 0
  }

  /** The newest sequence number of the stream as it stood in its packet; −1 before the first. */
  get newestSequence(): number {
    return this.#started ? this.#highest : -1
  }

  /** Part of the packets lost since the last call, in 256ths. */
  takeFractionLost(): number {
    const received = this.#receivedBefore + this.#receivedOfStream
    const expectedNow = this.expected - this.#expectedPrior
    const receivedNow = received - this.#receivedPrior
    this.#expectedPrior = this.expected
    this.#receivedPrior = received
    if (expectedNow <= 0 || expectedNow <= receivedNow) return 0
    return Math.min(255, Math.floor(((expectedNow - receivedNow) * 256) / expectedNow))
  }
}
