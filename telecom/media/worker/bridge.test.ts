import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { emptyRtpHeader, parseRtp, type RtpHeader, writeRtpHeader } from '#telecom/rtp'
import { decodeAlaw, decodeUlaw, levelAt, sine } from '#testkit'
import { codecs } from '../codecs/index.ts'
import type { MediaEvent } from '../media-event.ts'
import { SoundLibrary } from '../prompt/sound-library.ts'
import type { CodecName, Sending, WantedMedia } from '../wanted-media.ts'
import { Endpoint } from './endpoint.ts'
import { Exchange } from './exchange.ts'
import { SOUND_RING_BYTES } from './sound-ring.ts'
import { TickWheel } from './tick-wheel.ts'

interface Sent {
  header: RtpHeader
  payload: Buffer
  atMs: number
}

/** A phone and the endpoint that serves it. */
class Line {
  readonly clock: ManualClock
  readonly endpoint: Endpoint
  readonly events: MediaEvent[] = []
  readonly sent: Sent[] = []
  readonly wanted: WantedMedia
  readonly #wheel: TickWheel
  #version = 0
  #sequence = 65_500
  #timestamp = 4_294_960_000
  #phase = 0
  /** What it says; it repeats. Nothing = it sends nothing. */
  says: Int16Array | undefined
  phonePtimeMs = 20

  constructor(clock: ManualClock, wheel: TickWheel, exchange: Exchange, id: string, changes: Partial<WantedMedia>) {
    this.clock = clock
    this.#wheel = wheel
    const { payloadType } = codecs[changes.codec ?? 'PCMU']
    this.wanted = {
      remote: { address: '198.51.100.9', port: 4_000 },
      codec: 'PCMU',
      payloadTypeSend: payloadType,
      payloadTypeReceive: payloadType,
      telephoneEventSend: 101,
      telephoneEventReceive: 101,
      ptimeMs: 20,
      direction: 'sendrecv',
      sending: { kind: 'silence' },
      ...changes,
    }
    this.phonePtimeMs = this.wanted.ptimeMs
    this.endpoint = new Endpoint({
      id: id,
      clock,
      ids: sequentialIds(id.length * 1_000),
      library: new SoundLibrary(),
      exchange,
      on: (event) => this.events.push(event),
      wire: {
        rtp: (packet, bytes) => {
          const header = emptyRtpHeader()
          assert.ok(parseRtp(packet.subarray(0, bytes), header))
          const payload = Buffer.from(packet.subarray(header.payloadOffset, bytes))
          this.sent.push({ header, payload, atMs: clock.monotonicMs() })
        },
        rtcp: () => {},
      },
    })
  }

  send(sending: Sending, changes: Partial<WantedMedia> = {}): void {
    this.#wheel.remove(this.endpoint)
    this.endpoint.want({ ...this.wanted, ...changes, sending, id: 'x', version: ++this.#version })
    this.#wheel.add(this.endpoint)
  }

  /** Its phone's time passes by one packet. */
  speak(
    options: { lose?: boolean; address?: string; ssrc?: number; payload?: Buffer; payloadType?: number } = {},
  ): void {
    const count = this.phonePtimeMs * 8
    const packet = Buffer.alloc(12 + count, 0xff)
    const codec = codecs[this.wanted.codec]
    if (options.payload) options.payload.copy(packet, 12)
    else if (this.says) {
      const samples = Int16Array.from(
        { length: count },
        (_, n) => this.says?.[(this.#phase + n) % this.says.length] ?? 0,
      )
      codec.encode(samples, 0, count, packet, 12)
    }
    const bytes = options.payload ? 12 + options.payload.length : packet.length
    const { payloadType = codec.payloadType, ssrc = 77, address = '198.51.100.9' } = options
    writeRtpHeader(packet, payloadType, false, this.#sequence, this.#timestamp, ssrc)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#timestamp = (this.#timestamp + count) >>> 0
    this.#phase += count
    if (!options.lose) this.endpoint.receiveRtp(packet.subarray(0, bytes), address, 4_000)
  }

  heard(from = 0): Int16Array {
    const voice = this.sent.slice(from).filter(({ header }) => header.payloadType === this.wanted.payloadTypeSend)
    const octets = Buffer.concat(voice.map(({ payload }) => payload))
    return this.wanted.codec === 'PCMU' ? decodeUlaw(octets) : decodeAlaw(octets)
  }

  /** One SSRC, no gap in the sequence, timestamps within 60 ms of time, never more than 60 ms of nothing. */
  assertWhole(): void {
    const first = this.sent[0]
    assert.ok(first)
    let end = first.header.timestamp
    for (const [n, { header, payload, atMs }] of this.sent.entries()) {
      assert.equal(header.ssrc, first.header.ssrc)
      assert.equal(header.sequence, (first.header.sequence + n) & 0xffff)
      const elapsed = ((header.timestamp - first.header.timestamp) | 0) / 8
      const isEvent = header.payloadType === 101
      if (!isEvent) assert.ok(Math.abs(elapsed - (atMs - first.atMs)) <= 60, `${n}: ${elapsed} ${atMs - first.atMs}`)
      if (!isEvent) assert.ok(((header.timestamp - end) | 0) >= 0, `${n}: no sample is sent twice`)
      if (!isEvent) end = (header.timestamp + payload.length) >>> 0
      const gap = atMs - (this.sent[n - 1]?.atMs ?? atMs)
      assert.ok(gap <= 60, `${n}: ${gap} ms of nothing`)
    }
  }
}

/** Two lines, in one worker or in two. */
function twoLines(a: Partial<WantedMedia> = {}, b: Partial<WantedMedia> = {}, workers: 1 | 2 = 1) {
  const clock = new ManualClock()
  const exchanges = [new Exchange(), new Exchange()]
  const [here, there] = [exchanges[0] as Exchange, exchanges[workers - 1] as Exchange]
  const wheel = new TickWheel(clock)
  const left = new Line(clock, wheel, here, 'a', a)
  const right = new Line(clock, workers === 1 ? wheel : new TickWheel(clock), there, 'bb', b)
  if (workers === 2) {
    const patch = (id: string, from: Exchange, to: Exchange, worker: number) => {
      const memory = new SharedArrayBuffer(SOUND_RING_BYTES)
      to.patchIn(id, memory)
      from.patchOut(id, worker, memory)
    }
    patch('a', here, there, 1)
    patch('bb', there, here, 0)
  }
  const bridge = () => {
    left.send({ kind: 'bridge', peer: 'bb' })
    right.send({ kind: 'bridge', peer: 'a' })
  }
  /** Both phones talk for so long: `what` may do it in another way. */
  const talk = (ms: number, what: { left?: (n: number) => void; right?: (n: number) => void } = {}) => {
    for (let at = 0, n = 0, m = 0; at < ms; at += 1) {
      if (at % left.phonePtimeMs === 7) (what.left ?? (() => left.speak()))(n++)
      if (at % right.phonePtimeMs === 3) (what.right ?? (() => right.speak()))(m++)
      clock.advance(1)
    }
  }
  return { clock, left, right, bridge, talk }
}

const middle = (samples: Int16Array) => samples.subarray(4_000, 8_000)

const CODECS: [CodecName, CodecName][] = [
  ['PCMU', 'PCMU'],
  ['PCMU', 'PCMA'],
]
for (const workers of [1, 2] as const) {
  for (const [one, other] of CODECS) {
    for (const ptimeMs of [20, 30]) {
      test(`in ${workers} worker(s) ${one} at 20 ms and ${other} at ${ptimeMs} ms hear each other, each in one whole stream`, () => {
        const { left, right, bridge, talk } = twoLines({ codec: one }, { codec: other, ptimeMs }, workers)
        left.says = sine([440], 1_000, 8_000)
        right.says = sine([1_010], 1_000, 8_000)
        bridge()
        talk(2_000)
        for (const [line, hz] of [
          [left, 1_010],
          [right, 440],
        ] as const) {
          const heard = middle(line.heard())
          assert.ok(Math.abs(levelAt(heard, hz) - 8_000) < 300, `${levelAt(heard, hz)} at ${hz}`)
          assert.ok(levelAt(heard, hz === 440 ? 1_010 : 440) < 100)
          line.assertWhole()
        }
      })
    }
  }
}

test('a packet that fits is relayed at once; one that does not is played out within 60 ms', () => {
  for (const [ptimeMs, mostMs] of [
    [20, 0],
    [30, 60],
  ] as const) {
    const { clock, left, right, bridge, talk } = twoLines({}, { ptimeMs })
    bridge()
    talk(1_000)
    left.says = sine([440], 1_000, 8_000)
    const spokenMs = clock.monotonicMs()
    left.speak()
    talk(200, { left: (n) => n > 0 && left.speak() })
    const loud = right.sent.find(({ payload }) => payload.some((octet) => (octet & 0x7f) < 0x60))
    assert.ok(loud)
    assert.ok(loud.atMs - spokenMs <= mostMs, `${loud.atMs - spokenMs} ms`)
  }
})

test('prompt, bridge, a peer that falls silent, bridge, prompt: one stream that never pauses', () => {
  const { left, right, bridge, talk } = twoLines()
  const prompt: Sending = {
    kind: 'prompt',
    prompt_id: 'p',
    parts: [{ tone: { hz: [600], durationMs: 60_000 } }],
  }
  left.says = sine([440], 1_000, 8_000)
  right.send(prompt)
  talk(500)
  bridge()
  talk(1_000)
  talk(700, { left: () => {} })
  talk(1_000)
  right.send({ ...prompt, prompt_id: 'q' })
  talk(500)
  right.assertWhole()
  assert.ok(levelAt(middle(right.heard()), 440) > 7_000)
})

test('loss, disorder, bursts and a sender with a wrong clock leave no gap in the sequence and no drift in the timestamps', () => {
  const { left, right, bridge, talk } = twoLines()
  left.says = sine([440], 1_000, 8_000)
  bridge()
  talk(2_000, { left: (n) => left.speak({ lose: n % 7 === 3 || (n > 50 && n < 55) }) })
  let held = 0
  talk(2_000, {
    left: (n) => {
      if (n % 20 < 6) held++
      else {
        for (; held > 0; held--) left.speak()
        left.speak()
      }
    },
  })
  // two percent too fast
  talk(4_000, {
    left: (n) => {
      left.speak()
      if (n % 50 === 0) left.speak()
    },
  })
  right.assertWhole()
  assert.ok(levelAt(right.heard().slice(-4_000), 440) > 4_000)
})

test('a phone that sends other packets than agreed is heard all the same', () => {
  const { left, right, bridge, talk } = twoLines()
  left.says = sine([440], 1_000, 8_000)
  left.phonePtimeMs = 40
  bridge()
  talk(2_000)
  right.assertWhole()
  assert.ok(right.sent.every(({ payload }) => payload.length === 160))
  assert.ok(levelAt(middle(right.heard()), 440) > 7_500)
})

test('the sound of somebody who guessed the port does not cross', () => {
  const { left, right, bridge, talk } = twoLines()
  bridge()
  talk(4_000)
  const before = right.sent.length
  left.says = sine([440], 1_000, 8_000)
  talk(500, { left: () => left.speak({ address: '192.0.2.66', ssrc: 5 }) })
  assert.ok(right.heard(before).every((sample) => sample === 0))
  right.assertWhole()
})

test('held lines neither hear nor are heard, and are bridged as before afterwards', () => {
  const { left, right, bridge, talk } = twoLines()
  left.says = sine([440], 1_000, 8_000)
  bridge()
  talk(500)
  right.send({ kind: 'bridge', peer: 'a' }, { direction: 'inactive' })
  const before = right.sent.length
  talk(500)
  assert.equal(right.sent.length, before)
  right.send({ kind: 'bridge', peer: 'a' })
  talk(1_500)
  assert.ok(levelAt(middle(right.heard(before)), 440) > 7_500)
})

test('telephone events are reported, never passed on; a key pressed here goes out once while the sound goes on', () => {
  const { left, right, bridge, talk } = twoLines()
  bridge()
  talk(500)
  const key = Buffer.from([5, 0x8a, 0x03, 0x20])
  left.speak({ payload: key, payloadType: 101 })
  talk(500)
  assert.deepEqual(
    left.events.flatMap((event) => (event.type === 'digit' ? event.digit : [])),
    ['5'],
  )
  assert.ok(right.sent.every(({ header }) => header.payloadType === 0))
  right.endpoint.press('5', 100)
  right.endpoint.press('#', 100)
  talk(1_000)
  const events = right.sent.filter(({ header }) => header.payloadType === 101)
  const starts = events.filter(({ header }) => header.marker)
  assert.deepEqual(
    starts.map(({ payload }) => payload[0]),
    [5, 11],
  )
  assert.ok((starts[1]?.atMs ?? 0) - (starts[0]?.atMs ?? 0) >= 180, 'a pause between two keys')
  right.assertWhole()
})

test('without telephone events a pressed key is a tone in place of the sound', () => {
  const { left, right, bridge, talk } = twoLines({}, { telephoneEventSend: null, telephoneEventReceive: null })
  left.says = sine([440], 1_000, 8_000)
  bridge()
  talk(1_000)
  const before = right.sent.length
  right.endpoint.press('8', 200)
  talk(300)
  const tone = right.heard(before).subarray(320, 1_600)
  assert.ok(levelAt(tone, 852) > 4_000 && levelAt(tone, 1_336) > 4_000)
  assert.ok(levelAt(tone, 440) < 300)
  right.assertWhole()
})

test('keys in the sound reach a line that has no telephone events, and are muted towards one that has', () => {
  for (const workers of [1, 2] as const) {
    for (const events of [101, null]) {
      const { left, right, bridge, talk } = twoLines(
        { telephoneEventSend: null, telephoneEventReceive: null },
        { telephoneEventSend: events, telephoneEventReceive: events },
        workers,
      )
      bridge()
      talk(500)
      left.says = sine([852, 1_336], 1_000, 6_000)
      const before = right.sent.length
      talk(400)
      left.says = undefined
      talk(400)
      const loud = right.heard(before).filter((sample) => Math.abs(sample) > 500).length / 8
      if (events === null) assert.ok(loud > 300, `${loud} ms pass`)
      else assert.ok(loud < 60, `${loud} ms leak`)
      assert.deepEqual(
        left.events.flatMap((event) => (event.type === 'digit' ? event.digit : [])),
        ['8'],
      )
      right.assertWhole()
    }
  }
})

test('a peer that is not there is silence, and so is one that closed', () => {
  const { left, right, talk } = twoLines()
  left.says = sine([440], 1_000, 8_000)
  right.send({ kind: 'bridge', peer: 'nobody' })
  talk(300)
  left.send({ kind: 'silence' })
  right.send({ kind: 'bridge', peer: 'a' })
  talk(1_000)
  left.endpoint.close()
  const before = right.sent.length
  talk(500, { left: () => {} })
  assert.ok(right.heard(before + 3).every((sample) => sample === 0))
  right.assertWhole()
})
