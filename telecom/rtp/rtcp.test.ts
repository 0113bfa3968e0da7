import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reception } from './reception.ts'
import { middleNtp, parseRtcp, roundTripMs, writeRtcp } from './rtcp.ts'

const block = {
  ssrc: 5,
  fractionLost: 64,
  cumulativeLost: 12,
  highestSequence: 70_000,
  jitter: 80,
  lastSenderReport: 0x1234_5678,
  delaySinceLastSenderReport: 65_536,
}

test('a sender report with SDES and BYE is read back, its lengths are whole words (RFC 3550 §6)', () => {
  const packet = Buffer.alloc(512)
  const sender = { wallMs: 1_767_323_045_123, timestamp: 4_000, packets: 25, octets: 4_000 }
  for (const cname of ['a', 'abcdefgh', 'abcdefghi']) {
    const bytes = writeRtcp(packet, { ssrc: 9, cname, sender, block, bye: true })
    assert.equal(bytes % 4, 0)
    assert.deepEqual(parseRtcp(packet.subarray(0, bytes)), {
      ssrc: 9,
      senderReportNtp: middleNtp(sender.wallMs),
      blocks: [block],
      bye: true,
    })
    assert.equal(packet[1], 200)
  }
})

test('who has sent nothing sends a receiver report', () => {
  const packet = Buffer.alloc(512)
  const bytes = writeRtcp(packet, { ssrc: 9, cname: 'c', sender: undefined, block: undefined, bye: false })
  assert.equal(packet[1], 201)
  assert.deepEqual(parseRtcp(packet.subarray(0, bytes)), {
    ssrc: 9,
    senderReportNtp: undefined,
    blocks: [],
    bye: false,
  })
})

test('the round trip is what is left of now − LSR − DLSR (§6.4.1)', () => {
  const sentMs = 1_767_323_045_500
  const echoed = { ...block, lastSenderReport: middleNtp(sentMs), delaySinceLastSenderReport: 32_768 }
  const measured = roundTripMs(echoed, sentMs + 500 + 80)
  assert.ok(measured !== undefined && Math.abs(measured - 80) < 0.1, String(measured))
  assert.equal(roundTripMs({ ...block, lastSenderReport: 0 }, sentMs), undefined)
})

test('damaged compound packets are refused and nothing throws', () => {
  assert.equal(parseRtcp(Buffer.from('81c80001', 'hex')), undefined)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseRtcp(Buffer.from(bytes))),
    { numRuns: 2_000 },
  )
})

test('loss is counted over wraps of the sequence number, disorder and duplicates (RFC 3550 A.1, A.3)', () => {
  const reception = new Reception()
  const sequences = [65_533, 65_534, 65_535, 0, 2, 1, 2, 4, 5]
  const arrivals = sequences.map((sequence) => reception.arrive(sequence, 160))
  assert.deepEqual(arrivals, ['new', 'new', 'new', 'new', 'new', 'reordered', 'duplicate', 'new', 'new'])
  assert.equal(reception.lost, 1)
  assert.equal(reception.duplicates, 1)
  assert.equal(reception.packets, 8)
  assert.equal(reception.takeFractionLost(), Math.floor(256 / 9))
  assert.equal(reception.takeFractionLost(), 0)
})

test('a sender that restarts its sequence is followed at its second packet, one stray packet is not (A.1)', () => {
  const reception = new Reception()
  for (let sequence = 0; sequence < 10; sequence++) reception.arrive(sequence, 160)
  assert.equal(reception.arrive(30_000, 160), 'jump')
  assert.equal(reception.arrive(10, 160), 'new')
  assert.equal(reception.arrive(40_000, 160), 'jump')
  assert.equal(reception.arrive(40_001, 160), 'new')
  assert.equal(reception.lost, 0)
})

test('jitter is that of RFC 3550 A.8: zero for an even stream, near the spread for an uneven one', () => {
  const even = new Reception()
  const uneven = new Reception()
  for (let n = 0; n < 500; n++) {
    even.measure(n * 160, n * 20)
    uneven.measure(n * 160, n * 20 + (n % 2) * 10)
  }
  assert.equal(even.jitterMs, 0)
  assert.ok(Math.abs(uneven.jitterMs - 10) < 1, String(uneven.jitterMs))
})
