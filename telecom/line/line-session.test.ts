import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineSession } from './line-session.ts'

const session = () => new LineSession({ address: '192.0.2.1', port: 20_000, sessionId: '77' })
const offer = (version: number, payloads = '0 101', lines = '') =>
  `v=0\r\no=- 1 ${version} IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP ${payloads}\r\na=rtpmap:101 telephone-event/8000\r\n${lines}`
const versionOf = (sdp: string) => /^o=\S+ (\d+) (\d+) IN/m.exec(sdp)?.slice(1)

test('the version of our description goes up by one with each that differs, and only then (RFC 3264 §8)', () => {
  const line = session()
  const first = line.answer(offer(1))
  assert.ok('sdp' in first)
  assert.deepEqual(versionOf(first.sdp), ['77', '0'])
  const same = line.answer(offer(2))
  assert.ok('sdp' in same && same.sdp === first.sdp)
  const held = line.answer(offer(3, '0 101', 'a=sendonly\r\n'))
  assert.ok('sdp' in held)
  assert.deepEqual(versionOf(held.sdp), ['77', '1'])
  assert.equal(line.negotiated?.held, true)
})

test('an offer that cannot be taken leaves the session as it was', () => {
  const line = session()
  line.answer(offer(1))
  const before = line.negotiated
  assert.deepEqual(line.answer(offer(2, '18')), { status: 488, why: 'no_codec' })
  const malformed = line.answer('nonsense')
  assert.ok('status' in malformed && malformed.status === 400)
  assert.equal(line.negotiated, before)
})

test('our offer is agreed on by the answer, and an answer without an offer is none', () => {
  const line = session()
  assert.match(line.offer(), /m=audio 20000 RTP\/AVP 0 8 101/)
  const accepted = line.accept(offer(1, '8'))
  assert.ok('negotiated' in accepted)
  assert.equal(accepted.negotiated.codec, 'PCMA')
  assert.ok('why' in line.accept(offer(1, '8')))
})

test('an offer of ours that found no answer is forgotten', () => {
  const line = session()
  line.answer(offer(1))
  line.offer()
  line.forgetOffer()
  assert.ok('why' in line.accept(offer(2)))
  assert.equal(line.negotiated?.codec, 'PCMU')
})

test('what is restated after a refused hold is what was agreed before it, and both ways stay open', () => {
  const line = session()
  const answered = line.answer(offer(1))
  assert.ok('sdp' in answered)
  line.direction = 'sendonly'
  line.offerAgain(undefined)
  line.forgetOffer()
  assert.equal(line.restate(), answered.sdp)
  const accepted = line.accept(offer(1))
  assert.ok('negotiated' in accepted)
  assert.equal(accepted.negotiated.direction, 'sendrecv')
})

test('after an offer that was refused, what we said last is what was agreed', () => {
  const line = session()
  const answered = line.answer(offer(1))
  assert.ok('sdp' in answered)
  line.direction = 'sendonly'
  assert.match(line.offerAgain(undefined), /a=sendonly/)
  line.forgetOffer()
  assert.equal(line.said, answered.sdp)
})
