/** For tests: endpoints on a clock turned by hand, with everything that they send and say. */
import assert from 'node:assert/strict'
import { sequentialIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { emptyRtpHeader, parseRtp, type RtpHeader, writeRtpHeader } from '#telecom/rtp'
import { codecs } from '../codecs/index.ts'
import type { MediaEvent } from '../media-event.ts'
import { SoundLibrary } from '../prompt/sound-library.ts'
import type { WantedMedia } from '../wanted-media.ts'
import { Endpoint } from './endpoint.ts'
import { Exchange } from './exchange.ts'
import { TickWheel } from './tick-wheel.ts'

export const WANTED: WantedMedia = {
  remote: { address: '198.51.100.9', port: 4_000 },
  codec: 'PCMU',
  payloadTypeSend: 0,
  payloadTypeReceive: 0,
  telephoneEventSend: 101,
  telephoneEventReceive: 101,
  ptimeMs: 20,
  direction: 'sendrecv',
  sending: { kind: 'silence' },
}

export interface Sent {
  header: RtpHeader
  payload: Buffer
  atMs: number
}

/** One worker's endpoints and their time. */
export class TestWorker {
  readonly clock = new ManualClock()
  readonly exchange = new Exchange()
  readonly wheel = new TickWheel(this.clock)
  #lines = 0

  line(id: string): TestLine {
    return new TestLine(this, id, ++this.#lines)
  }
}

/** What a phone sends. */
export interface Packet {
  payload?: Buffer
  payloadType?: number
  sequence?: number
  timestamp?: number
  ssrc?: number
  address?: string
}

export class TestLine {
  readonly id: string
  /** All but that it began to send, which is told in nearly every test. */
  readonly events: MediaEvent[] = []
  beganToSend = 0
  readonly sent: Sent[] = []
  readonly endpoint: Endpoint
  readonly #worker: TestWorker
  readonly #ssrc: number
  #version = 0
  #sequence = 0
  #timestamp = 0
  wanted: WantedMedia = WANTED

  constructor(worker: TestWorker, id: string, number: number) {
    this.id = id
    this.#worker = worker
    this.#ssrc = 70 + number
    this.endpoint = new Endpoint({
      id,
      clock: worker.clock,
      ids: sequentialIds(1_000 * number),
      library: new SoundLibrary(),
      align: (earliestMs) => worker.wheel.align(this.endpoint, earliestMs),
      on: (event) => (event.type === 'media_sending' ? this.beganToSend++ : this.events.push(event)),
      wire: {
        rtp: (packet, bytes) => {
          const header = emptyRtpHeader()
          assert.ok(parseRtp(packet.subarray(0, bytes), header))
          const payload = Buffer.from(packet.subarray(header.payloadOffset, bytes))
          this.sent.push({ header, payload, atMs: worker.clock.monotonicMs() })
        },
        rtcp: () => {},
      },
    })
    worker.exchange.opened(id, this.endpoint.voice)
  }

  /** Changes what is wanted, and keeps the rest. */
  want(changes: Partial<WantedMedia> = {}): void {
    const { wheel, exchange } = this.#worker
    this.wanted = { ...this.wanted, ...changes }
    const { tickMs, wanted } = this.endpoint
    this.endpoint.want({ ...this.wanted, id: this.id, version: ++this.#version })
    const { peer } = this.endpoint
    exchange.hear(this.id, peer === undefined ? undefined : { peer, listener: this.endpoint })
    if (wanted && tickMs === this.endpoint.tickMs) return
    wheel.remove(this.endpoint)
    wheel.add(this.endpoint)
  }

  bridge(peer: TestLine): void {
    this.want({ sending: { kind: 'bridge', peer: peer.id } })
  }

  close(): void {
    this.#worker.wheel.remove(this.endpoint)
    this.#worker.exchange.closed(this.id)
    this.endpoint.close()
  }

  /** The phone sends a packet: 20 ms of silence unless said, after the last one. */
  say(packet: Packet = {}): void {
    const payload = packet.payload ?? Buffer.alloc(160, this.wanted.codec === 'PCMU' ? 0xff : 0xd5)
    const payloadType = packet.payloadType ?? codecs[this.wanted.codec].payloadType
    const sequence = packet.sequence ?? this.#sequence
    const timestamp = packet.timestamp ?? this.#timestamp
    const bytes = Buffer.concat([Buffer.alloc(12), payload])
    writeRtpHeader(bytes, payloadType, false, sequence & 0xffff, timestamp >>> 0, packet.ssrc ?? this.#ssrc)
    this.#sequence = (sequence + 1) & 0xffff
    this.#timestamp = (timestamp + payload.length) >>> 0
    this.endpoint.receiveRtp(bytes, packet.address ?? '198.51.100.9', 4_000)
  }

  /** Packets of the phone are lost, or it says nothing for a while. */
  lose(packets: number, samples: number): void {
    this.#sequence = (this.#sequence + packets) & 0xffff
    this.#timestamp = (this.#timestamp + samples) >>> 0
  }

  get digits(): string[] {
    return this.events.flatMap((event) => (event.type === 'digit' ? [event.digit] : []))
  }
}

/** Each sample of sound that was sent, at its place in time; what was not sent is `undefined`. */
export function soundOf(sent: readonly Sent[]): Int16Array {
  const voice = sent.filter(({ header }) => header.payloadType === 0 || header.payloadType === 8)
  const first = voice[0]?.header.timestamp ?? 0
  const last = voice[voice.length - 1]
  const end = last ? ((last.header.timestamp - first) | 0) + last.payload.length : 0
  const samples = new Int16Array(Math.max(0, end))
  const decoded = new Int16Array(1_600)
  for (const { header, payload } of voice) {
    const codec = header.payloadType === 0 ? codecs.PCMU : codecs.PCMA
    codec.decode(payload, 0, payload.length, decoded)
    samples.set(decoded.subarray(0, payload.length), (header.timestamp - first) | 0)
  }
  return samples
}

/**
 * One stream: one SSRC, no gap in the sequence, no sample twice, and timestamps that stay within three frames of time
 * (or `withinMs`, where the machine's own time is in what is seen). With `neverSilentMs` also no longer pause on the wire.
 */
export function assertOneStream(sent: readonly Sent[], neverSilentMs?: number, withinMs = 60): void {
  const first = sent[0]
  assert.ok(first, 'nothing was sent')
  let end = first.header.timestamp
  let beforeMs = first.atMs
  for (const [n, { header, payload, atMs }] of sent.entries()) {
    const where = `packet ${n} at ${atMs} ms`
    assert.equal(header.ssrc, first.header.ssrc, where)
    assert.equal(header.sequence, (first.header.sequence + n) & 0xffff, where)
    if (neverSilentMs) assert.ok(atMs - beforeMs <= neverSilentMs, `${where}: silent for ${atMs - beforeMs} ms`)
    beforeMs = atMs
    if (header.payloadType === 101) continue
    assert.ok(((header.timestamp - end) | 0) >= 0, `${where}: ${(end - header.timestamp) | 0} samples sent before`)
    end = (header.timestamp + payload.length) >>> 0
    const aheadMs = ((header.timestamp - first.header.timestamp) | 0) / 8 - (atMs - first.atMs)
    assert.ok(Math.abs(aheadMs) <= withinMs, `${where}: ${aheadMs} ms ahead of time`)
  }
}
