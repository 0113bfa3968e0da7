import {
  type ExpectedSource,
  emptyRtpHeader,
  isRtcp,
  JitterBuffer,
  parseRtp,
  Reception,
  Source,
  TelephoneEventReceiver,
} from '#telecom/rtp'
import { type Codec, codecs } from '../codecs/index.ts'
import { InbandDetector } from '../dtmf/inband-detector.ts'
import type { Tap } from './tap.ts'
import { emptyVoicePacket, type Listener, LONGEST_PAYLOAD, type VoiceSource } from './voice-packet.ts'

const COMFORT_NOISE = 13
const SILENCE = new Int16Array(LONGEST_PAYLOAD)

/** What can come and not be used. */
export type Drop =
  | 'malformed'
  | 'foreign_source'
  | 'duplicate'
  | 'sequence_jump'
  | 'payload_type'
  | 'too_long'
  | 'not_receiving'
  | 'late'
  | 'off_timeline'
  | 'ahead_of_time'
  | 'patch_overrun'
  | 'event_ignored'
  | 'rtcp_malformed'
  | 'rtcp_foreign'
  | 'socket_error'
  | 'internal_error'

export interface IncomingSettings {
  codec: Codec
  payloadType: number
  telephoneEvents: readonly number[]
  /** Whether what comes is listened to at all. */
  receiving: boolean
  /** Whoever hears it gets silence of the same length; keys are still found. */
  muted: boolean
}

export type Heard = (key: string, durationMs: number, method: 'telephone_event' | 'inband') => void

/**
 * What comes in: source check, header, statistics, then keys and voice. Voice is handed to whoever listens as it comes, and
 * goes through the jitter buffer only while somebody reads it.
 */
export class IncomingStream implements VoiceSource {
  readonly source = new Source()
  readonly reception = new Reception()
  readonly dropped: Partial<Record<Drop, number>> = {}
  readonly #header = emptyRtpHeader()
  readonly #decoded = new Int16Array(LONGEST_PAYLOAD)
  readonly #keys: TelephoneEventReceiver
  readonly #inband: InbandDetector
  #jitter: JitterBuffer | undefined
  #tap: Tap | undefined
  #listeners: readonly Listener[] = []
  readonly #voice = emptyVoicePacket()
  #listening = false
  #settings: IncomingSettings = {
    codec: codecs.PCMU,
    payloadType: 0,
    telephoneEvents: [],
    receiving: false,
    muted: false,
  }
  #ssrc = -1

  constructor(onKey: Heard) {
    this.#keys = new TelephoneEventReceiver((key, durationMs) => onKey(key, durationMs, 'telephone_event'))
    this.#inband = new InbandDetector((key, durationMs) => onKey(key, durationMs, 'inband'))
  }

  get ssrc(): number {
    return this.#ssrc
  }

  configure(settings: IncomingSettings): void {
    this.#settings = settings
  }

  /** A new SDP: who may speak is learned again. */
  expect(expected: ExpectedSource | undefined, signalling: string | undefined): void {
    this.source.expect(expected, signalling)
  }

  count(drop: Drop, packets = 1): void {
    this.dropped[drop] = (this.dropped[drop] ?? 0) + packets
  }

  /** Takes one packet; true where it was the other side's. `moved` tells a new source address by `source`. */
  receive(packet: Buffer, address: string, port: number, nowMs: number): 'ours' | 'moved' | 'rtcp' | 'dropped' {
    if (isRtcp(packet)) return 'rtcp'
    const header = this.#header
    if (!parseRtp(packet, header)) return this.#drop('malformed')
    const verdict = this.source.judge(address, port, header.ssrc, header.sequence, nowMs)
    if (verdict === 'foreign') return this.#drop('foreign_source')
    if (header.ssrc !== this.#ssrc) this.#restart(header.ssrc)
    const arrival = this.reception.arrive(header.sequence, header.payloadLength)
    if (arrival === 'duplicate') this.count('duplicate')
    else if (arrival === 'jump') this.count('sequence_jump')
    else if (this.#settings.receiving) this.#use(packet, arrival === 'reordered', nowMs)
    else this.count('not_receiving')
    return verdict === 'moved' ? 'moved' : 'ours'
  }

  #drop(drop: Drop): 'dropped' {
    this.count(drop)
    return 'dropped'
  }

  #restart(ssrc: number): void {
    this.#ssrc = ssrc
    this.reception.restart()
    this.#keys.restart()
    this.#jitter?.reset()
  }

  #use(packet: Buffer, reordered: boolean, nowMs: number): void {
    const header = this.#header
    const { payloadType, payloadOffset, payloadLength, timestamp } = header
    const codec = this.#codecOf(payloadType)
    if (codec) {
      this.reception.measure(timestamp, nowMs)
      if (payloadLength > LONGEST_PAYLOAD) this.count('too_long')
      else if (payloadLength > 0) this.#hear(codec, packet, reordered)
    } else if (this.#settings.telephoneEvents.includes(payloadType)) {
      const ignored = this.#keys.ignored
      this.#keys.receive(packet, payloadOffset, payloadLength, timestamp, header.marker, nowMs)
      if (this.#keys.ignored > ignored) this.count('event_ignored')
    } else if (payloadType !== COMFORT_NOISE) this.count('payload_type')
  }

  #hear(codec: Codec, packet: Buffer, reordered: boolean): void {
    if (this.#settings.muted) {
      this.#play(codec, packet)
      const { payloadOffset, payloadLength } = this.#header
      codec.encode(SILENCE, 0, payloadLength, packet, payloadOffset)
      this.#pass(codec, packet, reordered)
      this.#copy(codec, packet)
      return
    }
    this.#pass(codec, packet, reordered)
    this.#copy(codec, packet)
    this.#play(codec, packet)
  }

  /** To whoever hears it as it comes. */
  #pass(codec: Codec, packet: Buffer, reordered: boolean): void {
    if (this.#listeners.length === 0) return
    const { payloadOffset, payloadLength, timestamp } = this.#header
    const voice = this.#voice
    voice.codec = codec
    voice.ssrc = this.#ssrc
    voice.timestamp = timestamp
    voice.reordered = reordered
    voice.keysInSound = this.#settings.telephoneEvents.length === 0
    voice.octets = packet
    voice.offset = payloadOffset
    voice.count = payloadLength
    for (const listener of this.#listeners) listener.hear(voice)
  }

  /** To whoever listens in. */
  #copy(codec: Codec, packet: Buffer): void {
    if (!this.#tap) return
    const { payloadOffset, payloadLength, timestamp } = this.#header
    codec.decode(packet, payloadOffset, payloadLength, this.#decoded)
    this.#tap.incoming(this.#ssrc, timestamp, this.#decoded, payloadLength)
  }

  /** Into the jitter buffer, where somebody reads it. */
  #play(codec: Codec, packet: Buffer): void {
    if (!this.#jitter) return
    const { payloadOffset, payloadLength, timestamp } = this.#header
    codec.decode(packet, payloadOffset, payloadLength, this.#decoded)
    const put = this.#jitter.put(timestamp, this.#decoded, payloadLength)
    if (put !== 'stored') this.count(put)
  }

  /** From now on it is handed each packet of voice. */
  attach(listener: Listener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener]
  }

  detach(listener: Listener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
  }

  /** The agreed payload type, or the static one of a codec that we know: some phones switch without asking. */
  #codecOf(payloadType: number): Codec | undefined {
    if (payloadType === this.#settings.payloadType) return this.#settings.codec
    if (this.#settings.telephoneEvents.includes(payloadType)) return undefined
    if (payloadType === codecs.PCMU.payloadType) return codecs.PCMU
    return payloadType === codecs.PCMA.payloadType ? codecs.PCMA : undefined
  }

  /** Who listens in on what is heard. */
  tap(tap: Tap | undefined): void {
    this.#tap = tap
  }

  /** Whether voice is played out, and whether keys are looked for in it. */
  play(wanted: boolean, inband: boolean): void {
    if (wanted && !this.#jitter) this.#jitter = new JitterBuffer()
    if (!wanted) this.#jitter = undefined
    if (inband && !this.#listening) this.#inband.reset()
    this.#listening = inband
  }

  /** The next `count` samples of voice, silence where there is none. */
  read(into: Int16Array, count: number): void {
    if (this.#jitter) this.#jitter.read(into, count)
    else into.fill(0, 0, count)
    if (this.#listening) this.#inband.listen(into, count)
    if (this.#settings.muted) into.fill(0, 0, count)
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    this.#keys.tick(nowMs)
  }
}
