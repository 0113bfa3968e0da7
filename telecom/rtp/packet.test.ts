import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyRtpHeader, parseRtp, writeRtpHeader } from './packet.ts'

test('a header that was written is read back (RFC 3550 §5.1)', () => {
  const packet = Buffer.alloc(172, 0x55)
  writeRtpHeader(packet, 101, true, 65_535, 0xffff_fff0, 0xdead_beef)
  const header = emptyRtpHeader()
  assert.ok(parseRtp(packet, header))
  assert.deepEqual(header, {
    payloadType: 101,
    marker: true,
    sequence: 65_535,
    timestamp: 0xffff_fff0,
    ssrc: 0xdead_beef,
    payloadOffset: 12,
    payloadLength: 160,
  })
})

test('contributing sources, an extension and padding are stepped over', () => {
  const packet = Buffer.from(
    `b2000001000000020000000${'3'}${'0000000a0000000b'}${'bede0001cafecafe'}${'112233'}${'000003'}`.replace(/\s/g, ''),
    'hex',
  )
  const header = emptyRtpHeader()
  assert.ok(parseRtp(packet, header))
  assert.equal(
    packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength).toString('hex'),
    '112233',
  )
})

test('packets whose lengths lie are refused, and nothing throws', () => {
  const header = emptyRtpHeader()
  const whole = Buffer.alloc(20)
  whole[0] = 0x80
  const damaged = (first: number) => {
    const packet = Buffer.from(whole)
    packet[0] = first
    return parseRtp(packet, header)
  }
  assert.ok(parseRtp(whole, header))
  assert.equal(parseRtp(whole.subarray(0, 11), header), false)
  assert.equal(damaged(0x40), false, 'version 1')
  assert.equal(damaged(0x8f), false, 'fifteen sources')
  assert.equal(damaged(0xa0), false, 'padding of nothing')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      if (!parseRtp(Buffer.from(bytes), header)) return
      assert.ok(header.payloadOffset + header.payloadLength <= bytes.length && header.payloadLength >= 0)
    }),
    { numRuns: 2_000 },
  )
})
