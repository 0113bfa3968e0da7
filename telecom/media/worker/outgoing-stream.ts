import {
  type EventStep,
  RTP_HEADER_BYTES,
  TELEPHONE_EVENT_BYTES,
  writeRtpHeader,
  writeTelephoneEvent,
} from '#telecom/rtp'
import { type Codec, codecs } from '../codecs/index.ts'
import type { Tap } from './tap.ts'

const LONGEST_PACKET_SAMPLES = 480
/** Packets are sent asynchronously; a buffer is used again only after so many others. */
const BUFFERS = 8

/** Puts one packet on the wire. */
export type SendPacket = (packet: Buffer, bytes: number) => void

/**
 * The one stream that an endpoint sends for its whole life: one SSRC, sequence numbers without a gap, timestamps that
 * follow time whether or not anything is sent.
 */
export class OutgoingStream {
  readonly ssrc: number
  readonly #send: SendPacket
  readonly #packets: Buffer[] = []
  #tap: Tap | undefined
  #codec: Codec = codecs.PCMU
  #payloadType = 0
  #packetSamples = 160
  #sequence: number
  /** Timestamp of the next sample. */
  #timestamp: number
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

  /** Sends sound; packets leave as they fill. */
  voice(samples: Int16Array, count: number): void {
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

  /** Sends what there is of a packet that is not full yet. */
  flush(): void {
    if (this.#filled === 0) return
    const started = (this.#timestamp - this.#filled) >>> 0
    this.#emit(this.#payloadType, this.#resuming, started, this.#filled)
    this.#filled = 0
    this.#resuming = false
  }

  /** Time passes without sound on the wire. */
  skip(samples: number): void {
    this.flush()
    this.#timestamp = (this.#timestamp + samples) >>> 0
    this.#resuming = true
  }

  /** Sends a step of a telephone event: all its packets carry the timestamp of its start (RFC 4733 §2.2). */
  event(payloadType: number, step: EventStep): void {
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
