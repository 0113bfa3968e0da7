import {
  type EventStep,
  RTP_HEADER_BYTES,
  TELEPHONE_EVENT_BYTES,
  writeRtpHeader,
  writeTelephoneEvent,
} from '#telecom/rtp'
import { type Codec, codecs } from '../codecs/index.ts'
import { transcoding } from '../codecs/transcoding.ts'
import type { Tap } from './tap.ts'
import type { VoicePacket } from './voice-packet.ts'

const LONGEST_PACKET_SAMPLES = 480
const SAMPLES_PER_MS = 8
const SILENCE = new Int16Array(LONGEST_PACKET_SAMPLES)
/** Packets are sent asynchronously; a buffer is used again only after so many others. */
const BUFFERS = 8

/** Puts one packet on the wire. */
export type SendPacket = (packet: Buffer, bytes: number) => void

/**
 * The one stream that an endpoint sends for its whole life: one SSRC, sequence numbers without a gap, timestamps that
 * follow time whether or not anything is sent.
 *
 * Time is what the ticks say (`pass`). What is sent may be ahead of it, because relayed packets do not wait for a tick;
 * it is never behind.
 */
export class OutgoingStream {
  readonly ssrc: number
  readonly #send: SendPacket
  readonly #packets: Buffer[] = []
  readonly #relayed = new Int16Array(LONGEST_PACKET_SAMPLES)
  #tap: Tap | undefined
  #codec: Codec = codecs.PCMU
  #payloadType = 0
  #packetSamples = 160
  #sequence: number
  /** Timestamp of the next sample. */
  #timestamp: number
  /** Timestamp of the first sample that belongs to the present tick. */
  #time: number
  #tickedMs = 0
  #buffer = 0
  #filled = 0
  /** The next voice packet is the first after a pause. */
  #resuming = true
  #eventTimestamp = 0
  packets = 0
  octets = 0

  constructor(start: { ssrc: number; sequence: number; timestamp: number }, send: SendPacket) {
    this.ssrc = start.ssrc
    this.#sequence = start.sequence
    this.#timestamp = start.timestamp
    this.#time = start.timestamp
    this.#send = send
    for (let i = 0; i < BUFFERS; i++) this.#packets.push(Buffer.alloc(RTP_HEADER_BYTES + LONGEST_PACKET_SAMPLES))
  }

  get timestamp(): number {
    return this.#timestamp
  }

  /** From now on: this codec under this payload type, so much sound per packet. */
  configure(codec: Codec, payloadType: number, packetSamples: number): void {
    if (codec === this.#codec && payloadType === this.#payloadType && packetSamples === this.#packetSamples) return
    this.flush()
    this.#codec = codec
    this.#payloadType = payloadType
    this.#packetSamples = packetSamples
  }

  /** Who listens in on what is said. */
  tap(tap: Tap | undefined): void {
    this.#tap = tap
  }

  /** So much time has passed since the last tick: first thing in each, and once when time begins. */
  pass(samples: number, nowMs: number): void {
    this.#time = (this.#time + samples) >>> 0
    this.#tickedMs = nowMs
  }

  /** Samples that have been sent before their time. */
  get ahead(): number {
    return Math.max(0, (this.#timestamp - this.#time) | 0)
  }

  /** The timestamp that stands for this moment. */
  at(nowMs: number): number {
    return (this.#time + Math.round((nowMs - this.#tickedMs) * SAMPLES_PER_MS)) >>> 0
  }

  /** Time that passed while nothing was sent is not made up for. */
  #catchUp(): void {
    if (((this.#timestamp - this.#time) | 0) >= 0) return
    this.flush()
    this.#timestamp = this.#time
  }

  /** Sends sound of this tick; packets leave as they fill. */
  voice(samples: Int16Array, count: number): void {
    this.#catchUp()
    this.#tap?.outgoing(this.ssrc, this.#timestamp, samples, count)
    for (let from = 0; from < count; ) {
      const fits = Math.min(count - from, this.#packetSamples - this.#filled)
      const packet = this.#packets[this.#buffer] as Buffer
      this.#codec.encode(samples, from, fits, packet, RTP_HEADER_BYTES + this.#filled)
      this.#filled += fits
      from += fits
      this.#timestamp = (this.#timestamp + fits) >>> 0
      if (this.#filled === this.#packetSamples) this.flush()
    }
  }

  /**
   * Sends a packet that somebody else filled, at once; `timestamp` is not before that of the next sample. `spurt` = sound
   * begins with it, `muted` = so much silence instead.
   */
  relay(from: VoicePacket, timestamp: number, spurt: boolean, muted: boolean): void {
    const packet = this.#packets[this.#buffer] as Buffer
    const table = transcoding(from.codec, this.#codec)
    const { octets, offset, count } = from
    if (muted) this.#codec.encode(SILENCE, 0, count, packet, RTP_HEADER_BYTES)
    else if (!table) octets.copy(packet, RTP_HEADER_BYTES, offset, offset + count)
    else for (let i = 0; i < count; i++) packet[RTP_HEADER_BYTES + i] = table[octets[offset + i] as number] as number
    if (this.#tap) {
      from.codec.decode(octets, offset, count, this.#relayed)
      this.#tap.outgoing(this.ssrc, timestamp, muted ? SILENCE : this.#relayed, count)
    }
    this.#timestamp = (timestamp + count) >>> 0
    this.#emit(this.#payloadType, spurt || this.#resuming, timestamp, count)
    this.#resuming = false
  }

  /** Sends what there is of a packet that is not full yet. */
  flush(): void {
    if (this.#filled === 0) return
    const started = (this.#timestamp - this.#filled) >>> 0
    this.#emit(this.#payloadType, this.#resuming, started, this.#filled)
    this.#filled = 0
    this.#resuming = false
  }

  /** The time of this tick passes without sound on the wire. */
  skip(samples: number): void {
    this.#catchUp()
    this.flush()
    this.#timestamp = (this.#timestamp + samples) >>> 0
    this.#resuming = true
  }

  /** Sends a step of a telephone event: all its packets carry the timestamp of its start (RFC 4733 §2.2). */
  event(payloadType: number, step: EventStep): void {
    this.#catchUp()
    this.flush()
    if (step.marker) this.#eventTimestamp = this.#timestamp
    for (let copy = 0; copy < step.copies; copy++) {
      const packet = this.#packets[this.#buffer] as Buffer
      writeTelephoneEvent(packet, RTP_HEADER_BYTES, step.code, step.end, step.duration)
      this.#emit(payloadType, step.marker && copy === 0, this.#eventTimestamp, TELEPHONE_EVENT_BYTES)
    }
  }

  #emit(payloadType: number, marker: boolean, timestamp: number, payloadBytes: number): void {
    const packet = this.#packets[this.#buffer] as Buffer
    writeRtpHeader(packet, payloadType, marker, this.#sequence, timestamp, this.ssrc)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#buffer = (this.#buffer + 1) % BUFFERS
    this.packets++
    this.octets += payloadBytes
    this.#send(packet, RTP_HEADER_BYTES + payloadBytes)
  }
}
