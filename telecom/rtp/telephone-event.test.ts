import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventOfKey, writeTelephoneEvent } from './telephone-event.ts'
import { TelephoneEventReceiver } from './telephone-event-receiver.ts'
import { TelephoneEventSender } from './telephone-event-sender.ts'

interface Packet {
  atMs: number
  timestamp: number
  marker: boolean
  payload: Buffer
}

/** What our sender puts on the wire for these keys, each held and followed by a pause. */
function press(keys: string, holdMs = 100, pauseMs = 100): Packet[] {
  const sender = new TelephoneEventSender()
  const packets: Packet[] = []
  let nowMs = 0
  for (const key of keys) {
    const started = nowMs
    sender.begin(eventOfKey(key), holdMs * 8, pauseMs * 8)
    for (; nowMs < started + holdMs + pauseMs; nowMs += 20) {
      const step = sender.next(160)
      for (let copy = 0; step && copy < step.copies; copy++) {
        const payload = Buffer.alloc(4)
        writeTelephoneEvent(payload, 0, step.code, step.end, step.duration)
        packets.push({ atMs: nowMs, timestamp: 0xffff_ff00 + started * 8, marker: step.marker, payload })
      }
    }
  }
  return packets
}

function hear(packets: readonly Packet[]): { key: string; durationMs: number }[] {
  const heard: { key: string; durationMs: number }[] = []
  const receiver = new TelephoneEventReceiver((key, durationMs) => heard.push({ key, durationMs }))
  let nowMs = 0
  for (const packet of packets) {
    for (; nowMs < packet.atMs; nowMs += 20) receiver.tick(nowMs)
    receiver.receive(packet.payload, 0, 4, packet.timestamp >>> 0, packet.marker, packet.atMs)
  }
  for (let after = 1; after <= 20; after++) receiver.tick(nowMs + after * 20)
  return heard
}

const keysOf = (packets: readonly Packet[]) =>
  hear(packets)
    .map(({ key }) => key)
    .join('')

test('each key is sent with a marker, growing durations, one timestamp and its end three times (RFC 4733 §2.5.1)', () => {
  const packets = press('5')
  assert.deepEqual(
    packets.map(({ payload, marker }) => [payload[0], (payload[1] as number) >> 7, payload.readUInt16BE(2), marker]),
    [
      [5, 0, 160, true],
      [5, 0, 320, false],
      [5, 0, 480, false],
      [5, 0, 640, false],
      [5, 1, 800, false],
      [5, 1, 800, false],
      [5, 1, 800, false],
    ],
  )
  assert.deepEqual(
    packets.map(({ atMs }) => atMs),
    [0, 20, 40, 60, 80, 100, 120],
  )
})

test('where no pause follows, the three ends leave at once: the next key never overtakes them', () => {
  const packets = press('11', 60, 0)
  assert.deepEqual(
    packets.map(({ atMs }) => atMs),
    [0, 20, 40, 40, 40, 60, 80, 100, 100, 100],
  )
  assert.equal(keysOf(packets), '11')
})

test('all sixteen keys are heard with their durations', () => {
  const heard = hear(press('0123456789*#ABCD', 120, 60))
  assert.equal(heard.map(({ key }) => key).join(''), '0123456789*#ABCD')
  assert.ok(heard.every(({ durationMs }) => durationMs === 120))
})

test('a key is heard exactly once whatever is lost, doubled or put out of order, as long as something of it arrives', () => {
  const damage = fc.array(
    fc.record({ drop: fc.boolean(), double: fc.boolean(), lateMs: fc.integer({ min: 0, max: 60 }) }),
    { minLength: 200, maxLength: 200 },
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9*#A-D]{1,12}$/), damage, (keys, damages) => {
      const sent = press(keys, 100, 160)
      const arrived: Packet[] = []
      sent.forEach((packet, n) => {
        const { drop, double, lateMs } = damages[n % damages.length] ?? { drop: false, double: false, lateMs: 0 }
        const first = packet.marker
        if (drop && !first) return
        arrived.push({ ...packet, atMs: packet.atMs + lateMs })
        if (double) arrived.push({ ...packet, atMs: packet.atMs + lateMs + 20 })
      })
      arrived.sort((a, b) => a.atMs - b.atMs)
      assert.equal(keysOf(arrived), keys)
    }),
    { numRuns: 500 },
  )
})

test('a key whose end packets are all lost is over 200 ms after its last sign of life', () => {
  const packets = press('7').filter(({ payload }) => (payload[1] as number) < 128)
  assert.deepEqual(hear(packets), [{ key: '7', durationMs: 80 }])
})

test('the next key ends one whose end was lost', () => {
  const packets = press('12', 100, 40).filter(({ payload }) => payload[0] === 2 || (payload[1] as number) < 128)
  assert.equal(keysOf(packets), '12')
})

test('a phone that wrongly moves the timestamp during one event still presses one key', () => {
  const moved = press('44', 100, 100).map((packet) => ({ ...packet, timestamp: 1_000 + packet.atMs * 8 }))
  assert.equal(keysOf(moved), '44')
})

test('a key held beyond the longest duration goes on as a segment, and is one key (RFC 4733 §2.5.1.3)', () => {
  const packet = (atMs: number, timestamp: number, duration: number, end: boolean, marker = false): Packet => {
    const payload = Buffer.alloc(4)
    writeTelephoneEvent(payload, 0, 3, end, duration)
    return { atMs, timestamp, marker, payload }
  }
  const heard = hear([
    packet(0, 0, 160, false, true),
    packet(100, 0, 65_000, false),
    packet(120, 0, 0xffff, false),
    packet(140, 0xffff, 800, false),
    packet(160, 0xffff, 1_600, true),
  ])
  assert.deepEqual(heard, [{ key: '3', durationMs: (0xffff + 1_600) / 8 }])
})

test('flash, modem tones and cut payloads are ignored and counted', () => {
  const receiver = new TelephoneEventReceiver(() => assert.fail('that is no key'))
  receiver.receive(Buffer.from([16, 0, 0, 160]), 0, 4, 0, true, 0)
  receiver.receive(Buffer.from([1, 0]), 0, 2, 0, true, 0)
  assert.equal(receiver.ignored, 2)
})
