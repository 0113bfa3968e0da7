import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Source } from './source.ts'

const sdp = { address: '198.51.100.9', port: 4_000 }

/** A phone whose packets come every 20 ms. */
function talking(source: Source, address: string, port: number, fromMs: number, untilMs: number, ssrc = 1, first = 0) {
  let last = ''
  for (let atMs = fromMs, n = first; atMs < untilMs; atMs += 20, n++) last = source.judge(address, port, ssrc, n, atMs)
  return last
}

test('the address of the SDP wins if it sends, also after somebody else was first', () => {
  const source = new Source()
  source.expect(sdp, undefined)
  assert.equal(source.judge('203.0.113.5', 9, 7, 0, 0), 'moved')
  assert.equal(source.judge(sdp.address, sdp.port, 1, 0, 100), 'moved')
  assert.equal(source.judge('203.0.113.5', 9, 7, 1, 120), 'foreign')
  assert.equal(source.port, sdp.port)
})

test('a phone behind a NAT is learned from its first packet, and nobody takes it over afterwards', () => {
  const source = new Source()
  source.expect({ address: '10.0.0.5', port: 4_000 }, undefined)
  assert.equal(talking(source, '203.0.113.5', 31_000, 0, 5_000), 'accepted')
  assert.equal(source.judge('192.0.2.66', 5, 1, 251, 5_010), 'foreign', 'even with the right SSRC and sequence')
  assert.equal(source.judge('10.0.0.5', 4_000, 9, 0, 5_010), 'foreign', 'learning is over')
})

test('where the SDP address is silent, the host that signals is preferred to any other', () => {
  const source = new Source()
  source.expect({ address: '10.0.0.5', port: 4_000 }, '203.0.113.5')
  source.judge('192.0.2.66', 5, 7, 0, 0)
  assert.equal(source.judge('203.0.113.5', 31_000, 1, 0, 40), 'moved')
  assert.equal(source.judge('192.0.2.66', 5, 7, 1, 60), 'foreign')
})

test('a phone that moves is followed after three seconds of silence, by its SSRC and sequence', () => {
  const moved = (silentMs: number, ssrc: number, sequence: number) => {
    const source = new Source()
    source.expect(sdp, undefined)
    talking(source, sdp.address, sdp.port, 0, 10_000)
    return source.judge('203.0.113.99', 12_345, ssrc, sequence, 9_980 + silentMs)
  }
  assert.equal(moved(3_000, 1, 500), 'moved')
  assert.equal(moved(3_000, 1, 650), 'moved')
  assert.equal(moved(2_900, 1, 500), 'foreign', 'too early')
  assert.equal(moved(3_000, 2, 500), 'foreign', 'another SSRC')
  assert.equal(moved(3_000, 1, 400), 'foreign', 'an old sequence number')
  assert.equal(moved(3_000, 1, 5_000), 'foreign', 'a sequence number that cannot be')
})

test('a new SDP arms learning again: the new address takes over at once, the old one cannot come back', () => {
  const source = new Source()
  source.expect(sdp, undefined)
  talking(source, sdp.address, sdp.port, 0, 10_000)
  source.expect({ address: '198.51.100.20', port: 6_000 }, undefined)
  assert.equal(source.judge(sdp.address, sdp.port, 1, 500, 10_000), 'accepted', 'what is still on its way')
  assert.equal(source.judge('198.51.100.20', 6_000, 2, 0, 10_060), 'moved')
  assert.equal(source.judge(sdp.address, sdp.port, 1, 501, 10_080), 'foreign')
})

test('a new SDP does not give the call to an attacker while the phone is talking', () => {
  const source = new Source()
  source.expect(sdp, undefined)
  talking(source, sdp.address, sdp.port, 0, 10_000)
  source.expect(sdp, undefined)
  assert.equal(source.judge('192.0.2.66', 5, 7, 0, 10_010), 'foreign')
})

test('a phone may change its SSRC without changing its address', () => {
  const source = new Source()
  source.expect(sdp, undefined)
  talking(source, sdp.address, sdp.port, 0, 5_000)
  assert.equal(source.judge(sdp.address, sdp.port, 99, 3, 5_000), 'accepted')
})

test('a stranger who guessed the port before the phone spoke does not keep the call, however late the phone speaks', () => {
  const source = new Source()
  source.expect(sdp, sdp.address)
  assert.equal(talking(source, '192.0.2.66', 5, 0, 10_000, 7), 'accepted')
  assert.equal(source.judge(sdp.address, sdp.port, 1, 0, 10_000), 'moved')
  assert.equal(source.judge('192.0.2.66', 5, 7, 501, 10_020), 'foreign')
})
