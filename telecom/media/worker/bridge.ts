import { JitterBuffer } from '#telecom/rtp'
import { soundsLikeKey } from '../dtmf/key-sound.ts'
import type { Listener, VoicePacket } from './voice-packet.ts'

const SAMPLES_PER_MS = 8
/** So many packets in a row have to fit before they are relayed again. */
const FITTING = 100
/** A packet should be there so long before its first sample is read. */
const MARGIN = 32
const LONGEST_DELAY_MS = 200
/** Delay that is not needed any more goes after so long, even where nobody pauses. */
const PATIENCE_SECONDS = 3

export interface BridgeNeeds {
  /** Sends a packet at once; `muted` = as much silence. */
  relay: (packet: VoicePacket, muted: boolean) => void
  /** Has `read` be called next in at least so many samples of time, and hardly more. */
  align: (samples: number) => void
  /** Samples of time until `read` is called next. */
  untilRead: () => number
  count: (drop: 'late' | 'off_timeline') => void
}

/**
 * What the peer of a bridged endpoint says, on its way into the stream that the endpoint sends. Packets that are as long as
 * ours and in order are *relayed*: out the moment they come. All others are *processed*: through a jitter buffer that is
 * read by the tick, with as little delay as tick and packets leave. Which of both is decided by what comes, at any time.
 */
export class Bridge implements Listener {
  readonly #needs: BridgeNeeds
  readonly #samples: Int16Array
  #packetSamples = 160
  #readSamples = 160
  #takesEvents = false
  #mixing = false
  #fitting = FITTING
  #ssrc = -1
  #jitter: JitterBuffer | undefined

  /** `scratch` is written over; it has room for the longest packet. */
  constructor(scratch: Int16Array, needs: BridgeNeeds) {
    this.#samples = scratch
    this.#needs = needs
  }

  /**
   * How long our packets are, how much is read at a time, whether our far end takes telephone events, and whether something
   * is mixed in: then every packet is processed.
   */
  configure(packetSamples: number, readSamples: number, takesEvents: boolean, mixing = false): void {
    if (packetSamples !== this.#packetSamples) {
      this.#fitting = FITTING
      this.#jitter = undefined
    }
    this.#packetSamples = packetSamples
    this.#readSamples = readSamples
    this.#takesEvents = takesEvents
    this.#mixing = mixing
  }

  /** Whether packets go out as they come; else `read` gives what they say. */
  get relaying(): boolean {
    return this.#jitter === undefined
  }

  hear(packet: VoicePacket): void {
    const fits = packet.count === this.#packetSamples && !packet.reordered
    this.#fitting = fits ? this.#fitting + 1 : 0
    if (this.#fitting >= FITTING && !this.#mixing) this.#jitter = undefined
    else if ((!fits || this.#mixing) && !this.#jitter && !packet.reordered) this.#jitter = this.#buffer(packet.count)
    // a key in the sound is pressed anew for a far end that takes events: it must not arrive twice
    const keys = packet.keysInSound && this.#takesEvents
    if (keys || this.#jitter) packet.codec.decode(packet.octets, packet.offset, packet.count, this.#samples)
    const muted = keys && soundsLikeKey(this.#samples, packet.count)
    if (this.#jitter) this.#store(this.#jitter, packet, muted)
    else if (packet.reordered) {
      this.#needs.count('late')
      this.#jitter = this.#buffer(packet.count)
    } else this.#needs.relay(packet, muted)
  }

  #buffer(packetSamples: number): JitterBuffer {
    this.#ssrc = -1
    const shrinkStep = greatestCommonDivisor(packetSamples, this.#readSamples)
    return new JitterBuffer({
      startMs: this.#readSamples / SAMPLES_PER_MS,
      longestMs: LONGEST_DELAY_MS,
      growBelow: MARGIN / 4,
      shrinkAbove: shrinkStep + MARGIN,
      shrinkTo: MARGIN,
      shrinkStep,
      patience: PATIENCE_SECONDS,
    })
  }

  #store(jitter: JitterBuffer, { ssrc, timestamp, count }: VoicePacket, muted: boolean): void {
    if (muted) this.#samples.fill(0, 0, count)
    const begins = ssrc !== this.#ssrc
    if (begins) this.#needs.align(MARGIN)
    const untilRead = this.#needs.untilRead()
    if (begins) {
      this.#ssrc = ssrc
      jitter.begin(timestamp, startDistance(count, this.#readSamples, untilRead - MARGIN))
    }
    const put = jitter.put(timestamp, this.#samples, count, untilRead, this.#readSamples)
    if (put !== 'stored') this.#needs.count(put)
  }

  /** The next `count` samples, silence where there is nothing. */
  read(into: Int16Array, count: number): void {
    if (this.#jitter) this.#jitter.read(into, count)
    else into.fill(0, 0, count)
  }
}

/**
 * How far behind the first packet reading has to begin so that packets of `packet` samples never come too late for reads of
 * `read` samples, the first of them in `untilRead`: as little as their common measure allows.
 */
export function startDistance(packet: number, read: number, untilRead: number): number {
  const step = greatestCommonDivisor(packet, read)
  return Math.max(0, read - step - step * Math.floor(untilRead / step))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
