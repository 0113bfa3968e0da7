import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeTelephoneEvent } from '#telecom/rtp'
import { levelAt, sine } from '#testkit'
import { codecs } from '../codecs/index.ts'
import type { CodecName } from '../wanted-media.ts'
import { startDistance } from './bridge.ts'
import { assertOneStream, soundOf, type TestLine, TestWorker } from './test-line.ts'

/** Two lines in a conversation. */
function conversation(changesA: Partial<TestLine['wanted']> = {}, changesB: Partial<TestLine['wanted']> = {}) {
  const worker = new TestWorker()
  const a = worker.line('a')
  const b = worker.line('b')
  a.want({ ...changesA, sending: { kind: 'bridge', peer: 'b' } })
  b.want({ ...changesB, sending: { kind: 'bridge', peer: 'a' } })
  return { worker, clock: worker.clock, a, b }
}

/** So many packets of a tone, one each `packetMs`. */
function* tonePackets(count: number, codec: CodecName = 'PCMU', packetMs = 20, hz: number[] = [440]) {
  const size = packetMs * 8
  const tone = sine(hz, count * packetMs, 6_000)
  for (let n = 0; n < count; n++) {
    const payload = Buffer.alloc(size)
    codecs[codec].encode(tone, n * size, size, payload, 0)
    yield payload
  }
}

const typesOf = (line: TestLine) => [...new Set(line.sent.map(({ header }) => header.payloadType))]
/** The loudest tone of 440 Hz in any 100 ms that were sent. */
function loudest(sound: Int16Array, hz = 440): number {
  let level = 0
  for (let at = 0; at + 800 <= sound.length; at += 400)
    level = Math.max(level, levelAt(sound.subarray(at, at + 800), hz))
  return level
}

test('relay: what comes in at one end leaves at the other in the same moment, octet by octet', () => {
  const { clock, a, b } = conversation()
  clock.advance(100)
  let relayed = 0
  for (const payload of tonePackets(50)) {
    const before = b.sent.length
    a.say({ payload })
    assert.equal(b.sent.length, before + 1)
    assert.deepEqual(b.sent.at(-1)?.payload, payload)
    relayed++
    clock.advance(20)
  }
  assert.equal(relayed, 50)
  assertOneStream(b.sent, 60)
  assertOneStream(a.sent, 60)
  assert.ok(a.sent.every(({ payload }) => payload.every((octet) => octet === 0xff)))
})

test('relay: PCMU and PCMA understand each other, both ways', () => {
  const { clock, a, b } = conversation({}, { codec: 'PCMA', payloadTypeSend: 8, payloadTypeReceive: 8 })
  const fromB = [...tonePackets(50, 'PCMA')]
  for (const [n, payload] of [...tonePackets(50)].entries()) {
    a.say({ payload })
    b.say({ payload: fromB[n] as Buffer })
    clock.advance(20)
  }
  assert.deepEqual([typesOf(a), typesOf(b)], [[0], [8]])
  for (const line of [a, b]) {
    assertOneStream(line.sent, 60)
    assert.ok(Math.abs(loudest(soundOf(line.sent)) - 6_000) < 200)
  }
})

for (const [from, to] of [
  [30, 20],
  [20, 30],
  [10, 20],
  [20, 10],
  [60, 20],
  [20, 60],
  [40, 20],
] as const) {
  test(`packets of ${from} ms arrive as packets of ${to} ms: every sample once, at most 25 ms later`, () => {
    for (let offsetMs = 0; offsetMs < 20; offsetMs++) {
      const { clock, a, b } = conversation({ ptimeMs: from }, { ptimeMs: to })
      clock.advance(200 + offsetMs)
      const began = b.sent.length
      const saidMs: number[] = []
      for (const payload of tonePackets(Math.ceil(1_200 / from), 'PCMU', from)) {
        saidMs.push(clock.monotonicMs())
        a.say({ payload })
        clock.advance(from)
      }
      assertOneStream(b.sent, Math.max(60, to + 20))
      assert.ok(b.sent.slice(began + 2).every(({ payload }) => payload.length === to * 8))
      const sound = soundOf(b.sent)
      assert.ok(Math.abs(levelAt(sound.subarray(sound.length - 6_400, sound.length - 2_400), 440) - 6_000) < 200)
      // the first loud sample's time in our stream, against the moment at which it was spoken
      const loud = sound.findIndex((sample) => Math.abs(sample) > 300)
      const first = b.sent[0]
      const leaves = b.sent.find(
        ({ header, payload }) => ((header.timestamp - (first?.header.timestamp ?? 0)) | 0) + payload.length > loud,
      )
      assert.ok(first && leaves)
      const intoPacketMs = (loud - ((leaves.header.timestamp - first.header.timestamp) | 0)) / 8
      const delayMs = leaves.atMs + intoPacketMs - (saidMs[0] ?? 0) - Math.max(0, to - from)
      assert.ok(delayMs <= 25.5, `${offsetMs}: ${delayMs} ms`)
    }
  })
}

test('reading begins as little behind the first packet as packets and reads of these lengths allow', () => {
  for (const packet of [80, 160, 240, 320, 400, 480]) {
    for (const read of [80, 160]) {
      for (let untilRead = 0; untilRead < read; untilRead += 8) {
        const distance = startDistance(packet, read, untilRead)
        const isEnough = (behind: number) => {
          for (let n = 0; n < 60; n++) {
            const atRead = untilRead + n * read
            const there = (Math.floor(atRead / packet) + 1) * packet
            if ((n + 1) * read - behind > there) return false
          }
          return true
        }
        assert.ok(isEnough(distance), `${packet} ${read} ${untilRead}`)
        assert.ok(distance === 0 || !isEnough(distance - 8), `${packet} ${read} ${untilRead}: ${distance} is too much`)
      }
    }
  }
})

test('a peer that pauses leaves no hole: silence follows within 60 ms, then its sound again, in one stream', () => {
  const { clock, a, b } = conversation()
  for (let round = 0; round < 5; round++) {
    for (const payload of tonePackets(20)) {
      a.say({ payload })
      clock.advance(20)
    }
    const pauseMs = 100 + round * 333
    a.lose(0, pauseMs * 8)
    clock.advance(pauseMs)
    assert.ok(b.sent.at(-1)?.payload.every((octet) => octet === 0xff))
  }
  assertOneStream(b.sent, 60)
  const spurts = b.sent.filter(({ header }) => header.marker)
  assert.equal(spurts.length, 5, 'each spurt begins with a marker')
})

test('what the peer lost is a gap in time, not in the sequence', () => {
  const { clock, a, b } = conversation()
  clock.advance(40)
  for (let n = 0; n < 100; n++) {
    if (n % 10 === 9) a.lose(1, 160)
    else a.say()
    clock.advance(20)
  }
  assertOneStream(b.sent, 60)
  const relayed = b.sent.slice(5)
  const steps = relayed.slice(1).map(({ header }, n) => (header.timestamp - (relayed[n]?.header.timestamp ?? 0)) | 0)
  assert.ok(steps.includes(320))
  assert.ok(steps.every((step) => step === 160 || step === 320))
})

test('prompt, ringback, bridge, hold, bridge, key and prompt are one stream', () => {
  const { clock, a, b } = conversation()
  const talk = (ms: number) => {
    for (let n = 0; n < ms / 20; n++) {
      b.say()
      clock.advance(20)
    }
  }
  const prompt = (prompt_id: string) =>
    ({ kind: 'prompt', prompt_id, parts: [{ tone: { hz: [425], durationMs: 500 } }], loop: true }) as const
  a.want({ sending: prompt('welcome') })
  talk(507)
  a.want({ sending: prompt('ringback') })
  talk(700)
  a.bridge(b)
  talk(1_013)
  a.want({ direction: 'recvonly' })
  const held = a.sent.length
  talk(2_000)
  assert.equal(a.sent.length, held, 'nothing is sent while it is held')
  a.want({ direction: 'sendrecv' })
  talk(1_000)
  a.endpoint.press('5', 100)
  talk(1_000)
  a.want({ sending: prompt('goodbye') })
  talk(500)
  assertOneStream(a.sent)
  assertOneStream(a.sent.slice(0, held), 60)
  assertOneStream(a.sent.slice(held), 60)
  assert.deepEqual(typesOf(a), [0, 101])
})

for (const partsPerMillion of [-400, -100, 100, 400]) {
  test(`a peer whose clock is ${partsPerMillion} ppm off is relayed for twenty minutes within three frames of time`, () => {
    const { clock, a, b } = conversation()
    const speech = [...tonePackets(70)]
    const packetMs = 20 / (1 + partsPerMillion / 1e6)
    let dueMs = clock.monotonicMs()
    let said = 0
    for (let n = 0; n < 60_000; n++) {
      dueMs += packetMs
      clock.advance(Math.max(0, dueMs - clock.monotonicMs()))
      // 1.4 s of speech, 0.6 s of silence
      a.say(n % 100 < 70 ? { payload: speech[n % 100] as Buffer } : {})
      if (n % 100 < 70) said++
      if (n % 10_000 === 9_999) assertOneStream(b.sent, 60)
    }
    const loud = b.sent.filter(({ payload }) => payload.some((octet) => octet !== 0xff)).length
    assert.equal(loud, said, 'no speech was left out')
  })
}

test('whatever the network does to the peer, its sound becomes one stream without holes', () => {
  let seed = 1
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  for (let run = 0; run < 30; run++) {
    const { clock, a, b } = conversation({}, { ptimeMs: run % 5 === 4 ? 30 : 20 })
    const arrivals: { atMs: number; sequence: number; ssrc: number }[] = []
    let stallUntilMs = 0
    for (let n = 0; n < 1_000; n++) {
      const sentMs = n * 20
      if (random() < 0.01) stallUntilMs = sentMs + random() * 400
      if (random() < 0.05) continue
      const atMs = Math.max(sentMs + random() * (run % 3) * 30, stallUntilMs)
      arrivals.push({ atMs, sequence: n, ssrc: n < 500 ? 1 : 2 })
    }
    arrivals.sort((left, right) => left.atMs - right.atMs)
    for (const { atMs, sequence, ssrc } of arrivals) {
      clock.advance(Math.max(0, atMs - clock.monotonicMs()))
      a.say({ sequence, timestamp: sequence * 160 + ssrc * 1e6, ssrc })
    }
    clock.advance(100)
    assertOneStream(b.sent, 60)
  }
})

test('packets out of order are put in order: the bridge waits a little from then on, and relays again when they stay in order', () => {
  const { clock, a, b } = conversation()
  const delays: number[] = []
  for (let n = 0; n < 400; n++) {
    const swapped = n < 50 ? n ^ 1 : n
    const before = b.sent.length
    a.say({ sequence: swapped, timestamp: swapped * 160 })
    delays.push(b.sent.length - before)
    clock.advance(20)
  }
  assert.ok(
    delays.slice(5, 50).every((count) => count === 0),
    'processed',
  )
  assert.ok(
    delays.slice(200).every((count) => count === 1),
    'relayed',
  )
  assertOneStream(b.sent, 60)
})

test('comfort noise and keys of the peer are never passed on as sound', () => {
  const { clock, a, b } = conversation()
  for (let n = 0; n < 50; n++) {
    if (n % 10 === 5) a.say({ payloadType: 13, payload: Buffer.from([40]) })
    else if (n >= 20 && n < 25) {
      const payload = Buffer.alloc(4)
      writeTelephoneEvent(payload, 0, 7, n === 24, (n - 19) * 160)
      a.say({ payloadType: 101, payload, timestamp: 20 * 160 })
    } else a.say({ timestamp: n * 160 })
    clock.advance(20)
  }
  assert.deepEqual(typesOf(b), [0])
  assert.deepEqual(a.digits, ['7'])
  assertOneStream(b.sent, 60)
})

test('keys in the sound of a phone without telephone events do not reach a phone that takes them, its speech does', () => {
  for (const takesEvents of [true, false]) {
    const { clock, a, b } = conversation(
      { telephoneEventReceive: null, telephoneEventSend: null },
      { telephoneEventSend: takesEvents ? 101 : null },
    )
    for (const payload of tonePackets(20)) {
      a.say({ payload })
      clock.advance(20)
    }
    for (const payload of tonePackets(6, 'PCMU', 20, [770, 1_336])) {
      a.say({ payload })
      clock.advance(20)
    }
    for (let n = 0; n < 10; n++) {
      a.say()
      clock.advance(20)
    }
    assert.deepEqual(a.digits, ['5'])
    assert.ok(loudest(soundOf(b.sent)) > 5_000, 'speech')
    assert.equal(loudest(soundOf(b.sent), 770) > 1_000, !takesEvents)
    assertOneStream(b.sent, 60)
  }
})

test('pressed keys go out as telephone events over the relayed sound, one after the other, and the stream stays one', () => {
  const { clock, a, b } = conversation()
  const talk = (packets: number) => {
    for (const payload of tonePackets(packets)) {
      a.say({ payload })
      clock.advance(20)
    }
  }
  talk(20)
  for (const key of '12#') b.endpoint.press(key, 100)
  talk(50)
  assertOneStream(b.sent, 60)
  const events = b.sent.filter(({ header }) => header.payloadType === 101)
  const stamps = [...new Set(events.map(({ header }) => header.timestamp))]
  assert.equal(stamps.length, 3)
  assert.deepEqual(
    stamps.map((stamp) => events.find(({ header }) => header.timestamp === stamp)?.payload[0]),
    [1, 2, 11],
  )
  for (const [n, stamp] of stamps.entries()) {
    const own = events.filter(({ header }) => header.timestamp === stamp)
    assert.equal(own.filter(({ payload }) => (payload[1] ?? 0) >= 128).length, 3, 'its end comes three times')
    assert.ok(own[0]?.header.marker)
    if (n > 0) assert.ok((stamp - (stamps[n - 1] as number)) / 8 >= 180, 'a gap between keys')
  }
  assert.ok(loudest(soundOf(b.sent.slice(-20))) > 5_000, 'the sound is back')
})

test('where the far end takes no events a pressed key is a tone in place of the sound, for its time', () => {
  const { clock, a, b } = conversation({}, { telephoneEventSend: null, telephoneEventReceive: null })
  for (const payload of tonePackets(20)) {
    a.say({ payload })
    clock.advance(20)
  }
  b.endpoint.press('8', 120)
  const from = b.sent.length
  for (const payload of tonePackets(50)) {
    a.say({ payload })
    clock.advance(20)
  }
  const pressed = soundOf(b.sent.slice(from + 2, from + 6))
  assert.ok(levelAt(pressed, 852) > 4_000 && levelAt(pressed, 1_336) > 4_000)
  assert.ok(levelAt(pressed, 440) < 500)
  assert.ok(loudest(soundOf(b.sent.slice(-20))) > 5_000, 'the sound is back')
  assertOneStream(b.sent, 60)
})

test('only so many keys wait, and what is no key is not pressed', () => {
  const { clock, b } = conversation()
  b.endpoint.press('x', 100)
  b.endpoint.press('5', Number.NaN)
  for (let n = 0; n < 200; n++) b.endpoint.press('1', 40)
  clock.advance(60_000)
  const events = b.sent.filter(({ header }) => header.payloadType === 101)
  assert.equal(new Set(events.map(({ header }) => header.timestamp)).size, 64)
  assertOneStream(b.sent, 60)
})

test("a stranger who guessed the peer's port is not heard, and the peer that moved is", () => {
  const { clock, a, b } = conversation()
  for (let n = 0; n < 200; n++) {
    a.say()
    clock.advance(20)
  }
  const payload = Buffer.alloc(160, 0x10)
  for (let n = 0; n < 10; n++) a.say({ payload, address: '192.0.2.66', ssrc: 5, sequence: n, timestamp: n * 160 })
  assert.ok(b.sent.every((sent) => !sent.payload.equals(payload)))
  clock.advance(3_500)
  a.say({ payload, address: '203.0.113.80', sequence: 230, timestamp: 230 * 160 })
  assert.deepEqual(b.sent.at(-1)?.payload, payload)
  assertOneStream(b.sent, 60)
})

test('a peer that is not there, or not any more, is silence; it is heard when it comes', () => {
  const worker = new TestWorker()
  const { clock } = worker
  const b = worker.line('b')
  b.want({ sending: { kind: 'bridge', peer: 'a' } })
  clock.advance(1_000)
  let a = worker.line('a')
  a.want()
  const payload = Buffer.alloc(160, 0x10)
  a.say({ payload })
  assert.deepEqual(b.sent.at(-1)?.payload, payload)
  clock.advance(20)
  a.close()
  clock.advance(1_000)
  assert.ok(b.sent.at(-1)?.payload.every((octet) => octet === 0xff))
  a = worker.line('a')
  a.want()
  a.say({ payload })
  assert.deepEqual(b.sent.at(-1)?.payload, payload)
  clock.advance(1_000)
  assertOneStream(b.sent, 60)
})

test('changes of codec and packet time in the middle of a conversation keep the stream one', () => {
  const { clock, a, b } = conversation()
  for (const changes of [
    {},
    { ptimeMs: 30 },
    { codec: 'PCMA', payloadTypeSend: 8, payloadTypeReceive: 8 } as const,
    { ptimeMs: 20 },
    { ptimeMs: 10 },
    { ptimeMs: 20 },
  ]) {
    b.want(changes)
    for (const payload of tonePackets(37)) {
      a.say({ payload })
      clock.advance(20)
    }
  }
  assertOneStream(b.sent, 60)
  assert.ok(loudest(soundOf(b.sent)) > 5_000)
})

test('who listens in hears what was relayed, under its timestamp, and what came', () => {
  const { clock, a, b } = conversation()
  const heard: string[] = []
  b.endpoint.tap({
    incoming: (_, timestamp, samples, count) => heard.push(`in ${timestamp} ${count} ${samples[0]}`),
    outgoing: (_, timestamp, samples, count) => heard.push(`out ${timestamp} ${count} ${samples[0]}`),
  })
  clock.advance(100)
  heard.length = 0
  a.say({ payload: Buffer.alloc(160, 0x00) })
  b.say({ payload: Buffer.alloc(160, 0x80) })
  const timestamp = b.sent.at(-1)?.header.timestamp
  assert.deepEqual(heard, [`out ${timestamp} 160 -32124`, 'in 0 160 32124'])
})
