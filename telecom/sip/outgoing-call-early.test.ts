import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calling, inDialog, reply, sent } from './test-calling.ts'
import { until } from './udp-peer.ts'

const reliably = (rseq: number) => ['Require: 100rel', `RSeq: ${rseq}`]

test('a reliable 18x gets its PRACK, once; what comes again or before its turn says nothing', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  assert.match(invite.headers.get('supported') ?? '', /100rel/)
  await reply(at.phone, invite, 183, 'b1', reliably(7), 'answer')
  const prack = await at.phone.request('PRACK')
  assert.deepEqual(
    [prack.headers.get('rack'), prack.cseq.number, prack.toTag],
    [`7 ${invite.cseq.number} INVITE`, invite.cseq.number + 1, 'b1'],
  )
  assert.equal(prack.uriText, `sip:b1@127.0.0.1:${at.phone.port}`)
  await reply(at.phone, prack, 200)
  await reply(at.phone, invite, 183, 'b1', reliably(7), 'answer')
  await reply(at.phone, invite, 180, 'b1', reliably(9))
  await reply(at.phone, invite, 181, 'b1', reliably(8))
  const next = await at.phone.request('PRACK')
  assert.equal(next.headers.get('rack'), `8 ${invite.cseq.number} INVITE`)
  await at.told('progressed 181')
  assert.deepEqual(at.events, ['progressed 183', 'progressed 181'])
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  await at.told('answered')
  at.dialogs[0]?.bye()
  assert.equal((await at.phone.request('BYE')).cseq.number, invite.cseq.number + 3)
})

test('an RSeq that cannot be read gets no PRACK, and the call goes on', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  for (const rseq of ['', '0', '-1', 'x', '99999999999'])
    await reply(at.phone, invite, 180, 'b1', ['Require: 100rel', `RSeq: ${rseq}`])
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  await at.told('answered')
  assert.ok(at.phone.received.every((one) => one.kind === 'response' || one.method !== 'PRACK'))
})

test('each fork has its own early dialog; the one that answers goes on, the others are forgotten', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  for (const tag of ['b1', 'b2']) {
    await reply(at.phone, invite, 183, tag, reliably(1), 'answer')
    const prack = await at.phone.request('PRACK')
    assert.equal(prack.toTag, tag)
    await reply(at.phone, prack, 200)
  }
  assert.equal(at.stack.counters.dialogs, 2)
  await at.phone.send(inDialog(at, 'BYE', 'b1'))
  await at.phone.response(200)
  assert.equal(at.stack.counters.dialogs, 1)
  await reply(at.phone, invite, 200, 'b2')
  assert.equal((await at.phone.request('ACK')).cseq.number, invite.cseq.number)
  await at.told('answered')
  // the one that hung up answers all the same: its CSeqs go on too
  await reply(at.phone, invite, 200, 'b1')
  const bye = await at.phone.request('BYE')
  assert.deepEqual([bye.toTag, bye.cseq.number], ['b1', invite.cseq.number + 2])
  await reply(at.phone, bye, 200)
  await until('one dialog is left', () => at.stack.dialogs.length === 1)
})

test('once our offer was answered reliably each side may offer by UPDATE before the answer, one at a time', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 180, 'b1', reliably(1))
  await reply(at.phone, await at.phone.request('PRACK'), 200)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1', { body: 'too early' }))
  await at.phone.response(491)
  await reply(at.phone, invite, 183, 'b1', reliably(2), 'answer')
  await reply(at.phone, await at.phone.request('PRACK'), 200)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1', { cseq: 2, body: 'offer' }))
  await until('it is told', () => at.changes.length === 1)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1', { cseq: 3, body: 'another' }))
  assert.ok((await at.phone.response(500)).headers.has('retry-after'))
  at.changes[0]?.accept({ sdp: 'answer' })
  assert.equal((await at.phone.response(200)).body.toString(), 'answer')
  await at.phone.send(inDialog(at, 'INVITE', 'b1', { cseq: 4, body: 'offer' }))
  await at.phone.response(491)
  const outcomes: (number | string | undefined)[] = []
  at.early.at(-1)?.update('ours', {}, (outcome) => {
    if (outcome.type === 'response')
      outcomes.push(outcome.response.status, outcome.retryInMs === undefined ? '' : 'again')
  })
  const update = await at.phone.request('UPDATE')
  await at.phone.send(inDialog(at, 'UPDATE', 'b1', { cseq: 5, body: 'crosses' }))
  await at.phone.response(491)
  await reply(at.phone, update, 491)
  await until('it is refused', () => outcomes.length > 0)
  assert.deepEqual(outcomes, [491, 'again'])
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  await at.told('answered')
})

test('a call that is refused, or given up, leaves no early dialog and no timer behind', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 183, 'b1', reliably(1), 'answer')
  await reply(at.phone, await at.phone.request('PRACK'), 481)
  at.call.cancel()
  await reply(at.phone, await at.phone.request('CANCEL'), 200)
  await reply(at.phone, invite, 487, 'b1')
  await at.told('cancelled')
  assert.equal(at.stack.counters.dialogs, 0)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1'))
  await at.phone.response(481)
})

test('422 is tried again with the interval that it asks for, three times at most', async (t) => {
  const at = await calling(t)
  let invite = await sent(at)
  assert.equal(invite.headers.get('session-expires'), '1800')
  const first = invite
  for (const least of [2_000, 3_000, 4_000]) {
    await reply(at.phone, invite, 422, 'b0', [`Min-SE: ${least}`])
    await at.phone.request('ACK')
    const again = await at.phone.request('INVITE')
    assert.equal(again.headers.get('session-expires'), String(least))
    assert.equal(again.headers.get('min-se'), String(least))
    assert.equal(again.cseq.number, invite.cseq.number + 1)
    assert.deepEqual([again.callId, again.fromTag, again.body], [first.callId, first.fromTag, first.body])
    assert.notEqual(again.topVia.branch, invite.topVia.branch)
    invite = again
  }
  await reply(at.phone, invite, 422, 'b0', ['Min-SE: 5000'])
  await at.told('refused 422')
})

for (const extra of [[], ['Min-SE: x'], ['Min-SE: 60']])
  test(`422 with ${extra[0] ?? 'no Min-SE'} is a refusal`, async (t) => {
    const at = await calling(t)
    await reply(at.phone, await sent(at), 422, 'b0', extra)
    await at.told('refused 422')
  })
