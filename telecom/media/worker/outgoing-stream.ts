import {
  type EventStep,
  RTP_HEADER_BYTES,
  TELEPHONE_EVENT_BYTES,
  writeRtpHeader,
  writeTelephoneEvent,
} from '#telecom/rtp'
import { type Codec, codecs, transcode } from '../codecs/index.ts'

const LONGEST_PACKET_SAMPLES = 480
/** Packets are sent asynchronously; a buffer is used again only after so many others. */
const BUFFERS = 8
/** A relayed packet may be so much ahead of time or behind (40 ms), which with the tick's step stays within 60 ms. */
const OFF_TIME = 320

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
  #codec: Codec = codecs.PCMU
  #payloadType = 0
  #packetSamples = 160
  #sequence: number
  /** What a sample of this very moment would have as its timestamp. */
  #time: number
  /** Timestamp of the next sample: ahead of time only where relayed packets were. */
  #timestamp: number
  /** Ours less the source's, of relayed packets. */
  #shift = 0
  #following = false
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
    this.#time = start.timestamp
    this.#timestamp = start.timestamp
    this.#send = send
    for (let i = 0; i < BUFFERS; i++) this.#packets.push(Buffer.alloc(RTP_HEADER_BYTES + LONGEST_PACKET_SAMPLES))
  }

  /** The timestamp of what is sent next. */
  get timestamp(): number {
    return this.#timestamp
  }

  /** The timestamp of this moment. */
  get time(): number {
    return this.#time
  }

  /** From now on: this codec under this payload type, so much sound per packet. */
  configure(codec: Codec, payloadType: number, packetSamples: number): void {
    if (codec === this.#codec && payloadType === this.#payloadType && packetSamples === this.#packetSamples) return
    this.flush()
    this.#codec = codec
    this.#payloadType = payloadType
    this.#packetSamples = packetSamples
  }

  /** Sends sound; packets leave as they fill. */
  voice(samples: Int16Array, count: number): void {
    this.#catchUp()
    this.#following = false
    this.#time = (this.#time + count) >>> 0
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
    this.pass(samples)
    this.#catchUp()
    this.#following = false
    this.#resuming = true
  }

  /** Time passes while packets are relayed. */
  pass(samples: number): void {
    this.#time = (this.#time + samples) >>> 0
  }

  /**
   * Sends a packet of another stream under our own numbers. Its timestamps follow the source's while they stay near our
   * time; what comes too much ahead is left out, and what lies behind is moved. Gives its timestamp, or −1 where it was
   * left out.
   */
  relay(codec: Codec, octets: Uint8Array, offset: number, count: number, timestamp: number): number {
    this.flush()
    if (!this.#following) {
      this.#catchUp()
      this.#shift = this.#timestamp - timestamp
      this.#following = true
    }
    let ours = (timestamp + this.#shift) >>> 0
    const early = (ours - this.#timestamp) | 0
    const ahead = (ours - this.#time) | 0
    if (early < 0 || ahead < -OFF_TIME || ahead > OFF_TIME) {
      this.#catchUp()
      ours = this.#timestamp
      this.#shift = ours - timestamp
      if (((ours - this.#time) | 0) > OFF_TIME) {
        this.#shift -= count
        return -1
      }
    }
    transcode(codec, octets, offset, count, this.#codec, this.#packets[this.#buffer] as Buffer, RTP_HEADER_BYTES)
    this.#emit(this.#payloadType, this.#resuming, ours, count)
    this.#resuming = false
    this.#timestamp = (ours + count) >>> 0
    return ours
  }

  /** Nothing is sent under a time that has passed. */
  #catchUp(): void {
    if (this.#filled === 0 && ((this.#timestamp - this.#time) | 0) < 0) this.#timestamp = this.#time
  }

  /** Sends a step of a telephone event: all its packets carry the timestamp of its start (RFC 4733 §2.2). */
  event(payloadType: number, step: EventStep): void {
    this.flush()
    this.#catchUp()
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
