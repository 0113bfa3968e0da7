import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inDialog, lines, sdp, talking } from './test-lines.ts'
import { until } from './test-phone.ts'

for (const [how, description, held, direction] of [
  ['sendonly', sdp({ lines: 'a=sendonly\r\n' }), true, 'recvonly'],
  ['inactive', sdp({ lines: 'a=inactive\r\n' }), true, 'inactive'],
  ['recvonly', sdp({ lines: 'a=recvonly\r\n' }), false, 'sendonly'],
  ['c=0.0.0.0', sdp().replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0'), true, 'recvonly'],
] as const)
  test(`a phone that we called offers ${how} and comes back`, async (t) => {
    const at = await lines(t)
    const leg = await talking(at)
    await at.phone.send(inDialog(at, leg.line, 'INVITE', 1, description))
    const ok = await at.phone.response(200)
    assert.match(ok.sdp?.toString() ?? '', new RegExp(`a=${direction}`))
    await at.phone.send(inDialog(at, leg.line, 'ACK', 1))
    assert.equal(leg.types().includes('held'), held)
    assert.equal(leg.sound.wanted.at(-1)?.direction, direction)
    await at.phone.send(inDialog(at, leg.line, 'INVITE', 2, sdp()))
    assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=sendrecv/)
    await at.phone.send(inDialog(at, leg.line, 'ACK', 2))
    assert.equal(leg.types().includes('resumed'), held)
  })

test('a re-INVITE without an offer is answered with ours; another one waits for its ACK', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  await at.phone.send(inDialog(at, leg.line, 'INVITE', 1))
  const ok = await at.phone.response(200)
  assert.match(ok.sdp?.toString() ?? '', /m=audio \d+ RTP\/AVP 0 8 101/)
  await at.phone.send(inDialog(at, leg.line, 'UPDATE', 2, sdp()))
  await at.phone.response(491)
  await at.phone.send(inDialog(at, leg.line, 'ACK', 1, sdp({ port: 4_500, payloads: '8' })))
  await until('the answer is taken', () => leg.sound.wanted.at(-1)?.remote?.port === 4_500)
  assert.equal(leg.line.codec, 'PCMA')
})

test('what we offer within a session begins with its codec and keeps its number for keys (RFC 3264 §8.3.2)', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  const moved = sdp({ payloads: '8 96', lines: 'a=rtpmap:96 telephone-event/8000\r\n' })
  await at.phone.send(inDialog(at, leg.line, 'UPDATE', 1, moved))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /m=audio \d+ RTP\/AVP 8 96\r/)
  await at.phone.send(inDialog(at, leg.line, 'INVITE', 2))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /m=audio \d+ RTP\/AVP 8 0 96\r/)
  await at.phone.send(inDialog(at, leg.line, 'ACK', 2, moved.replace('4000', '4500')))
  await until('the answer is taken', () => leg.sound.wanted.at(-1)?.remote?.port === 4_500)
  assert.equal(leg.line.codec, 'PCMA')
})

test('an offer that cannot be taken gets 488, and the leg talks on as it did', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  const before = leg.sound.wanted.length
  for (const [cseq, offer] of [sdp({ payloads: '18' }), sdp().replace('m=audio', 'm=image')].entries()) {
    await at.phone.send(inDialog(at, leg.line, 'INVITE', cseq + 1, offer))
    await at.phone.response(488)
  }
  assert.equal(leg.sound.wanted.length, before)
  assert.ok(!leg.line.ended)
})
