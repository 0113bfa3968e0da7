import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LineEvent } from './line-event.ts'
import { OutgoingLine } from './outgoing-line.ts'
import { dialled, lines, reply, sdp, talking } from './test-lines.ts'
import { until } from './test-phone.ts'

test('the identity is known before the INVITE leaves, which offers the codecs in the order asked for', async (t) => {
  const at = await lines(t)
  const line = at.line({ codecs: ['PCMA', 'PCMU'], workerHint: 3 })
  await line.open()
  assert.equal(line.dialog.remote_tag, '')
  assert.equal(line.worker, 3)
  assert.equal(at.sip.counters.requests_sent, 0)
  line.dial()
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.callId, line.dialog.call_id)
  assert.match(invite.sdp?.toString() ?? '', /m=audio 20002 RTP\/AVP 8 0 101/)
})

test('it rings once, is answered and hung up', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await reply(at.phone, leg.invite, 180, { tag: 'b2' })
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await at.phone.request('ACK')
  await leg.told('answered')
  assert.equal(leg.line.codec, 'PCMU')
  assert.equal(leg.line.dialog.remote_tag, 'b1')
  leg.line.hangup(16)
  const bye = await at.phone.request('BYE')
  assert.equal(bye.headers.get('reason'), 'Q.850;cause=16')
  await reply(at.phone, bye, 200)
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 16, why: 'bye' })
  assert.deepEqual(
    leg.types().filter((type) => type !== 'dialog_changed'),
    ['ringing', 'answered', 'ended'],
  )
  assert.ok(leg.sound.closed)
})

test('an 18x with a description is early media, and a 200 of its fork without one keeps it', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ port: 4_100 }) })
  await leg.told('early_media')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_100)
  assert.equal(leg.sound.wanted.at(-1)?.deadMediaMs, 0)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await reply(at.phone, leg.invite, 200, { tag: 'b1' })
  await leg.told('answered')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_100)
  assert.equal(leg.sound.wanted.at(-1)?.deadMediaMs, undefined)
  assert.ok(!leg.types().includes('ringing'))
})

test('the 200 of another fork than the early one brings its own answer', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ port: 4_100 }) })
  await reply(at.phone, leg.invite, 200, { tag: 'b2', sdp: sdp({ port: 4_200, payloads: '8' }) })
  await leg.told('answered')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_200)
  assert.equal(leg.line.codec, 'PCMA')
  assert.equal(leg.line.dialog.remote_tag, 'b2')
})

test('a description in an 18x that cannot be taken is passed over', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp({ payloads: '18' }) })
  await leg.told('ringing')
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await leg.told('answered')
})

for (const [what, early, final] of [
  ['no description at all', undefined, {}],
  ['no codec of ours', undefined, { sdp: sdp({ payloads: '18' }) }],
  ['a description of another fork only', 'b2', {}],
] as const)
  test(`an answer with ${what} is hung up with cause 58`, async (t) => {
    const at = await lines(t)
    const leg = await dialled(at)
    if (early) await reply(at.phone, leg.invite, 183, { tag: early, sdp: sdp() })
    await reply(at.phone, leg.invite, 200, { tag: 'b1', ...final })
    await at.phone.request('ACK')
    assert.equal((await at.phone.request('BYE')).headers.get('reason'), 'Q.850;cause=58')
    assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 58, why: 'no_media' })
  })

test('a refusal ends the leg with its status, and the cause that it names or else means', async (t) => {
  const at = await lines(t)
  const busy = await dialled(at)
  await reply(at.phone, busy.invite, 486, { tag: 'b1' })
  assert.deepEqual(await busy.told('ended'), { type: 'ended', by: 'remote', cause: 17, why: 'refused', status: 486 })
  const named = await dialled(at)
  await reply(at.phone, named.invite, 480, { tag: 'b1', extra: ['Reason: Q.850;cause=20'] })
  assert.deepEqual(await named.told('ended'), { type: 'ended', by: 'remote', cause: 20, why: 'refused', status: 480 })
})

test('a leg that nothing is heard of ends after 6 s with cause 18', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  at.clock.advance(6_000)
  assert.deepEqual(leg.events, [{ type: 'ended', by: 'remote', cause: 18, why: 'no_response' }])
})

test('hanging up before the answer cancels, and the leg ends with the final answer', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.line.hangup(26)
  const cancel = await at.phone.request('CANCEL')
  assert.equal(
    cancel.headers.get('reason'),
    'SIP;cause=200;text="Call completed elsewhere", Q.850;cause=26',
    'phones that know it show no missed call',
  )
  assert.ok(!leg.line.ended)
  await reply(at.phone, cancel, 200)
  await reply(at.phone, leg.invite, 487, { tag: 'b1' })
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 26, why: 'cancelled' })
})

test('a 200 that crosses our hanging up is acknowledged and hung up', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.line.hangup(16)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await at.phone.request('ACK')
  await at.phone.request('BYE')
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 16, why: 'cancelled' })
  assert.ok(!leg.types().includes('answered'))
})

test('a leg whose ports are lost before the answer is cancelled', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  leg.sound.on({ type: 'failed', issue: 'gone' })
  await at.phone.request('CANCEL')
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 41, why: 'no_media' })
})

test('a line that ends while its ports are taken gives them back', async (t) => {
  const at = await lines(t)
  const line = at.line()
  const opening = line.open()
  line.hangup(16)
  await assert.rejects(opening, /hung up/)
  assert.ok(line.ended)
  assert.ok(at.soundOf(line.id).closed)
})

test('a line that was opened and is never dialled is let go by hanging up', async (t) => {
  const at = await lines(t)
  const line = at.line()
  await line.open()
  const events: LineEvent[] = []
  line.listen((event) => events.push(event))
  line.hangup(16)
  await until('it has ended', () => events.length > 0)
  assert.deepEqual(events, [{ type: 'ended', by: 'local', cause: 16, why: 'cancelled' }])
  assert.ok(at.soundOf(line.id).closed)
  assert.equal(at.sip.counters.requests_sent, 0)
})

test('a line whose ports cannot be had, or whose parts cannot be, leaves nothing behind', async (t) => {
  const at = await lines(t)
  const without = new OutgoingLine(
    { uri: 'sip:b@127.0.0.1', from: 'sip:a@x', via: { target: { address: '127.0.0.1', port: 9 } } },
    { ...at.needs, media: { open: () => Promise.reject(new Error('no ports')) } },
  )
  await assert.rejects(without.open(), /no ports/)
  const bad = at.line({ from: '<sip:alice@example.com>', headers: { 'X-Own': 'a\r\nb' } })
  await assert.rejects(bad.open())
  assert.ok(at.soundOf(bad.id).closed)
  await assert.rejects(at.line({ via: { target: { address: '::1', port: 9 } } }).open(), /no listener/)
})

test('from the first 18x on a BYE could end the leg after a crash', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  assert.equal(leg.line.dialog.remote_tag, 'b1')
})

test('three forks sound early: the first is heard until another one answers', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  for (const [step, tag] of ['b1', 'b2', 'b3'].entries())
    await reply(at.phone, leg.invite, 183, { tag, sdp: sdp({ port: 4_100 + 100 * step }) })
  await until('all are heard', () => at.sip.counters.responses_received === 3)
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_100)
  assert.deepEqual(leg.types(), ['early_media'])
  const before = leg.sound.wanted.at(-1)?.sdpVersion ?? 0
  await reply(at.phone, leg.invite, 200, { tag: 'b3', sdp: sdp({ port: 4_300 }) })
  await leg.told('answered')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_300)
  assert.ok((leg.sound.wanted.at(-1)?.sdpVersion ?? 0) > before, 'another source may be learnt')
})

test('an answer may name other payload types than the offer: each way has its own (RFC 3264 §6.1)', async (t) => {
  const at = await lines(t)
  const maps = 'a=rtpmap:97 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n'
  const { sound } = await talking(at, sdp({ payloads: '97 96', lines: maps }))
  const wanted = sound.wanted.at(-1)
  assert.deepEqual([wanted?.codec, wanted?.payloadTypeSend, wanted?.payloadTypeReceive], ['PCMA', 97, 8])
  assert.deepEqual([wanted?.telephoneEventSend, wanted?.telephoneEventReceive], [96, 101])
})

test('a leg whose transport fails is unreachable', async (t) => {
  const at = await lines(t)
  const line = at.line({ via: { target: { address: '127.0.0.1', port: 0 } } })
  await line.open()
  const events: LineEvent[] = []
  line.listen((event) => events.push(event))
  line.dial()
  await until('it has ended', () => events.length > 0)
  assert.deepEqual(events, [{ type: 'ended', by: 'remote', cause: 18, why: 'unreachable' }])
})
