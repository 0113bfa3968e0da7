import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelAt, sine } from '#testkit'
import { codecs } from '../codecs/index.ts'
import type { Cover } from '../wanted-media.ts'
import { assertOneStream, soundOf, type TestLine, TestWorker } from './test-line.ts'

const CALLER_HZ = 440
const CALLEE_HZ = 700
const COVER_HZ = 1_000
const COVER: Cover = {
  kind: 'prompt',
  prompt_id: 'cover',
  parts: [{ tone: { hz: [COVER_HZ], durationMs: 60_000, level: -10 } }],
}

/** Two lines that hear each other, each humming a tone of its own, in packets of this length. */
function conversation(packetMs = { a: 20, b: 20 }) {
  const worker = new TestWorker()
  const [a, b] = [worker.line('a'), worker.line('b')]
  a.want({ ptimeMs: packetMs.a })
  b.want({ ptimeMs: packetMs.b })
  a.bridge(b)
  b.bridge(a)
  const sound = { a: hum(CALLER_HZ), b: hum(CALLEE_HZ) }
  let atMs = 0
  /** Lets time pass while both talk; gives what each was sent meanwhile. */
  const talk = (ms: number) => {
    const from = { a: a.sent.length, b: b.sent.length }
    for (const untilMs = atMs + ms; atMs < untilMs; atMs += 10) {
      if (atMs % packetMs.a === 0) a.say({ payload: sound.a(packetMs.a) })
      if (atMs % packetMs.b === 0) b.say({ payload: sound.b(packetMs.b) })
      worker.clock.advance(10)
    }
    return { a: soundOf(a.sent.slice(from.a)), b: soundOf(b.sent.slice(from.b)) }
  }
  return { worker, a, b, talk }
}

/** Payloads of a tone that goes on. */
function hum(hz: number): (ms: number) => Buffer {
  const tone = sine([hz], 20_000, 6_000)
  let at = 0
  return (ms) => {
    const payload = Buffer.alloc(ms * 8)
    codecs.PCMU.encode(tone, at, ms * 8, payload, 0)
    at += ms * 8
    return payload
  }
}

const isHeard = (sound: Int16Array, hz: number) => levelAt(sound, hz) > 1_000
const isSilent = (sound: Int16Array) => sound.every((sample) => Math.abs(sample) < 20)

function assertBothStreams(...lines: TestLine[]): void {
  for (const line of lines) assertOneStream(line.sent, 60)
}

for (const [mode, packets] of [
  ['relayed', { a: 20, b: 20 }],
  ['processed', { a: 20, b: 30 }],
] as const) {
  test(`${mode}: a party that is muted inwards is heard by nobody and still hears; unmuted, both hear each other`, () => {
    const { a, b, talk } = conversation(packets)
    talk(400)
    a.want({ mute: 'in' })
    talk(300) // what was on its way
    const muted = talk(600)
    assert.ok(isSilent(muted.b), 'b hears nothing')
    assert.ok(isHeard(muted.a, CALLEE_HZ))
    const { mute: _, ...open } = a.wanted
    a.wanted = open
    a.want()
    talk(300)
    const after = talk(600)
    assert.ok(isHeard(after.b, CALLER_HZ))
    assert.ok(isHeard(after.a, CALLEE_HZ))
    assertBothStreams(a, b)
  })

  test(`${mode}: a party that is muted outwards hears nothing and is still heard`, () => {
    const { a, b, talk } = conversation(packets)
    talk(400)
    a.want({ mute: 'out' })
    const muted = talk(600)
    assert.ok(isSilent(muted.a))
    assert.ok(isHeard(muted.b, CALLER_HZ))
    a.want({ mute: 'both' })
    talk(300)
    const both = talk(600)
    assert.ok(isSilent(both.a) && isSilent(both.b))
    assertBothStreams(a, b)
  })

  test(`${mode}: under a cover a party hears that alone and is still heard; afterwards the conversation is as before`, () => {
    const { a, b, talk } = conversation(packets)
    talk(400)
    a.want({ cover: COVER })
    talk(100)
    const covered = talk(600)
    assert.ok(isHeard(covered.a, COVER_HZ))
    assert.ok(!isHeard(covered.a, CALLEE_HZ))
    assert.ok(isHeard(covered.b, CALLER_HZ))
    const { cover: _, ...open } = a.wanted
    a.wanted = open
    a.want()
    talk(300)
    const after = talk(600)
    assert.ok(isHeard(after.a, CALLEE_HZ))
    assert.ok(!isHeard(after.a, COVER_HZ))
    assert.deepEqual(
      a.events.flatMap((event) => (event.type === 'prompt_finished' ? [event.outcome] : [])),
      ['stopped'],
    )
    assertBothStreams(a, b)
  })
}

test('a prompt waits under a cover and goes on where it was', () => {
  const worker = new TestWorker()
  const line = worker.line('a')
  const parts = [{ tone: { hz: [CALLER_HZ], durationMs: 400 } }, { tone: { hz: [CALLEE_HZ], durationMs: 400 } }]
  line.want({ sending: { kind: 'prompt', prompt_id: 'p', parts } })
  worker.clock.advance(400)
  line.want({ cover: { kind: 'silence' } })
  worker.clock.advance(1_000)
  assert.equal(line.events.length, 0, 'it has not ended')
  const { cover: _, ...open } = line.wanted
  line.wanted = open
  const from = line.sent.length
  line.want()
  worker.clock.advance(500)
  const after = soundOf(line.sent.slice(from))
  assert.ok(isHeard(after.subarray(0, 3_000), CALLEE_HZ), 'its second half is heard after the cover')
  assert.equal(line.events[0]?.type, 'prompt_finished')
  assertOneStream(line.sent, 60)
})

test('a cover that is a prompt ends by itself, once, and silence follows it', () => {
  const { a, talk } = conversation()
  talk(200)
  a.want({ cover: { kind: 'prompt', prompt_id: 'short', parts: [{ tone: { hz: [COVER_HZ], durationMs: 200 } }] } })
  talk(400)
  a.want()
  const after = talk(300)
  assert.ok(isSilent(after.a), 'nothing leaks before somebody says what comes next')
  const ends = a.events.filter(({ type }) => type === 'prompt_finished')
  assert.deepEqual(ends, [{ type: 'prompt_finished', prompt_id: 'short', outcome: 'played', unreadable: [] }])
})

test('a party that is muted inwards can still press keys, as events and as sound, and gets no echo', () => {
  const worker = new TestWorker()
  const line = worker.line('a')
  line.want({ mute: 'in', telephoneEventReceive: null, telephoneEventSend: null, sending: { kind: 'echo' } })
  const five = sine([770, 1_336], 200, 8_000)
  for (let n = 0; n < 10; n++) {
    const payload = Buffer.alloc(160)
    codecs.PCMU.encode(five, n * 160, 160, payload, 0)
    line.say({ payload })
    worker.clock.advance(20)
  }
  for (let n = 0; n < 20; n++) {
    line.say()
    worker.clock.advance(20)
  }
  assert.deepEqual(line.digits, ['5'])
  assert.ok(isSilent(soundOf(line.sent)))
})
