import type { VoicePacket } from './voice-packet.ts'

/** A packet whose place is in front of what may be sent now is left out. */
export const LEFT_OUT = -1

const SHORTEST_FRAME = 160
/** A frame whose loudest sample is below this is silence (about −50 dBm0). */
const SILENCE = 80
const SMOOTHING = 1 / 16
// All in frames of the sender's packets, at least of 20 ms. Ahead of time by a whole one is normal: that is where a packet
// lands that comes right after our tick.
const FURTHEST = 2.75
const AHEAD_QUIET = 1.25
const AHEAD = 2
const BEHIND_QUIET = -0.75
const BEHIND = -1.5

/**
 * Where relayed packets stand in our stream. The sender's timestamps are kept as they follow each other (what it lost stays
 * a gap in time), moved by a distance that is chosen when it begins to speak and changed by a whole packet when its clock
 * drifts away from ours: in silence if it can wait so long. So our timestamps follow our time, whatever the sender's do.
 */
export class RelayTimeline {
  readonly #samples: Int16Array
  #begun = false
  #ssrc = 0
  #distance = 0
  /** How far placed packets are ahead of time, smoothed, in samples. */
  #ahead = 0

  /** `scratch` is written over; it has room for the longest packet. */
  constructor(scratch: Int16Array) {
    this.#samples = scratch
  }

  /** Forgets the sender: the next packet begins anew. */
  restart(): void {
    this.#begun = false
  }

  /**
   * The timestamp for a packet that is to be sent at once, or `LEFT_OUT`. `next` is the first timestamp that has not been
   * sent, `now` the one that stands for this moment.
   */
  place(packet: VoicePacket, next: number, now: number): number {
    const { timestamp, count } = packet
    const frame = Math.max(count, SHORTEST_FRAME)
    if (!this.#begun || packet.ssrc !== this.#ssrc) return this.#begin(packet, next, now)
    let placed = (timestamp + this.#distance) >>> 0
    if (before(placed, next)) placed = this.#move(timestamp, next)
    let ahead = (placed - now) | 0
    if (ahead > FURTHEST * frame) {
      // its clock jumped, or more has come than time has passed; what is late keeps its place, silence has not taken it yet
      placed = this.#move(timestamp, latest(next, now))
      ahead = (placed - now) | 0
      this.#ahead = ahead
      if (ahead > FURTHEST * frame) return this.#leaveOut(count)
    } else this.#ahead += (ahead - this.#ahead) * SMOOTHING
    if (this.#ahead > AHEAD * frame || (this.#ahead > AHEAD_QUIET * frame && this.#isQuiet(packet)))
      return this.#leaveOut(count)
    if (this.#ahead < BEHIND * frame || (this.#ahead < BEHIND_QUIET * frame && this.#isQuiet(packet))) {
      this.#distance = (this.#distance + count) >>> 0
      this.#ahead += count
      return (placed + count) >>> 0
    }
    return placed
  }

  #begin(packet: VoicePacket, next: number, now: number): number {
    this.#begun = true
    this.#ssrc = packet.ssrc
    const placed = this.#move(packet.timestamp, latest(next, now))
    this.#ahead = (placed - now) | 0
    return placed
  }

  #move(timestamp: number, to: number): number {
    this.#distance = (to - timestamp) >>> 0
    return to
  }

  #leaveOut(count: number): number {
    this.#distance = (this.#distance - count) >>> 0
    this.#ahead -= count
    return LEFT_OUT
  }

  #isQuiet({ codec, octets, offset, count }: VoicePacket): boolean {
    codec.decode(octets, offset, count, this.#samples)
    for (let i = 0; i < count; i++) if (Math.abs(this.#samples[i] as number) > SILENCE) return false
    return true
  }
}

const before = (a: number, b: number) => ((a - b) | 0) < 0
const latest = (a: number, b: number) => (before(a, b) ? b : a)
