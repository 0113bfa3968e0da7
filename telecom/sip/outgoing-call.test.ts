import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { SipStack } from './stack.ts'
import { calling, inDialog, reply, ringing, sent } from './test-calling.ts'
import { until } from './udp-peer.ts'

test('the identity of a call is known before anything is sent', async (t) => {
  const at = await calling(t, { route: ['<sip:edge.example;lr>'], maxForwards: 12, headers: { 'X-Own': 'yes' } })
  const before = at.call.dialogState
  assert.equal(before.remote_tag, '')
  assert.equal(before.role, 'uac')
  assert.equal(before.routing, 'target')
  const invite = await sent(at)
  assert.equal(invite.callId, before.call_id)
  assert.equal(invite.fromTag, before.local_tag)
  assert.equal(invite.cseq.number, before.local_cseq)
  assert.equal(invite.from.displayName, 'Alice')
  assert.equal(invite.headers.get('route'), '<sip:edge.example;lr>')
  assert.equal(invite.maxForwards, 12)
  assert.equal(invite.headers.get('x-own'), 'yes')
  assert.equal(invite.sdp?.toString(), 'offer')
})

test('a call rings, is answered, acknowledged, and ended by our BYE', async (t) => {
  const at = await calling(t)
  const invite = await ringing(at)
  await reply(at.phone, invite, 200, 'b1')
  const ack = await at.phone.request('ACK')
  assert.equal(ack.cseq.number, invite.cseq.number)
  assert.equal(ack.toTag, 'b1')
  assert.equal(ack.uriText, `sip:b1@127.0.0.1:${at.phone.port}`)
  assert.notEqual(ack.topVia.branch, invite.topVia.branch)
  await at.told('answered')
  assert.equal(at.call.dialogState.remote_tag, 'b1')
  at.dialogs[0]?.bye()
  const bye = await at.phone.request('BYE')
  assert.equal(bye.cseq.number, invite.cseq.number + 1)
  await reply(at.phone, bye, 200)
  await at.told('ended: bye')
  assert.deepEqual(at.events, ['progressed 180', 'answered', 'ended: bye'])
})

test('the phone ends an answered call', async (t) => {
  const at = await calling(t)
  await reply(at.phone, await sent(at), 200, 'b1')
  await at.phone.request('ACK')
  await at.phone.send(inDialog(at, 'BYE', 'b1'))
  await at.phone.response(200)
  await at.told('bye')
})

test('without any response within 6 s the call is given up, and cancelled once somebody speaks', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  at.clock.advance(5_999)
  assert.deepEqual(at.events, [])
  at.clock.advance(1)
  assert.deepEqual(at.events, ['no response'])
  await reply(at.phone, invite, 180, 'b1')
  const cancel = await at.phone.request('CANCEL')
  await reply(at.phone, cancel, 200)
  await reply(at.phone, invite, 487, 'b1')
  await at.phone.request('ACK')
  assert.deepEqual(at.events, ['no response'])
})

test('100 Trying is a response: the call may ring for long', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 100)
  await until('it is heard', () => at.stack.counters.responses_received === 1)
  at.clock.advance(100_000)
  await reply(at.phone, invite, 486, 'b1')
  await at.told('refused 486')
  assert.deepEqual(at.events, ['refused 486'])
})

test('a CANCEL waits for the first provisional answer and goes the way of its INVITE (§9.1)', async (t) => {
  const at = await calling(t, { route: ['<sip:edge.example;lr>'] })
  const invite = await sent(at)
  at.call.cancel({ Reason: 'Q.850;cause=16' })
  at.call.cancel()
  await reply(at.phone, invite, 100)
  const cancel = await at.phone.request('CANCEL')
  assert.equal(cancel.uriText, invite.uriText)
  for (const name of ['via', 'route', 'from', 'to', 'call-id'])
    assert.equal(cancel.headers.get(name), invite.headers.get(name), name)
  assert.equal(cancel.cseq.number, invite.cseq.number)
  assert.equal(cancel.headers.get('reason'), 'Q.850;cause=16')
  await reply(at.phone, cancel, 200)
  await reply(at.phone, invite, 487, 'b1')
  await at.told('cancelled')
  assert.deepEqual(at.events, ['cancelled'])
  assert.equal(at.phone.received.filter((one) => one.kind === 'request' && one.method === 'CANCEL').length, 1)
})

test('a call that was cancelled before it was sent never leaves', async (t) => {
  const at = await calling(t)
  at.call.cancel()
  await at.told('cancelled')
  at.call.send()
  assert.equal(at.stack.counters.requests_sent, 0)
})

test('a 2xx that crosses the CANCEL is acknowledged and ended', async (t) => {
  const at = await calling(t)
  const invite = await ringing(at)
  at.call.cancel({ Reason: 'Q.850;cause=16' })
  await at.phone.request('CANCEL')
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  const bye = await at.phone.request('BYE')
  assert.equal(bye.headers.get('reason'), 'Q.850;cause=16')
  await reply(at.phone, bye, 200)
  await at.told('cancelled')
  assert.deepEqual(at.events, ['progressed 180', 'cancelled'])
})

test('64*T1 after a CANCEL no final response is waited for any more', async (t) => {
  const at = await calling(t)
  await ringing(at)
  at.call.cancel()
  await reply(at.phone, await at.phone.request('CANCEL'), 200)
  at.clock.advance(31_999)
  assert.deepEqual(at.events, ['progressed 180'])
  at.clock.advance(1)
  assert.deepEqual(at.events, ['progressed 180', 'cancelled'])
  at.clock.advance(5_000) // timer K of the CANCEL
  assert.equal(at.stack.counters.client_transactions, 0)
})

for (const status of [302, 401, 407, 486, 603])
  test(`${status} is a refusal: nothing is tried again`, async (t) => {
    const at = await calling(t)
    const invite = await sent(at)
    await reply(at.phone, invite, status, 'b1', ['WWW-Authenticate: Digest realm="r", nonce="n"'])
    const ack = await at.phone.request('ACK')
    assert.equal(ack.topVia.branch, invite.topVia.branch)
    await at.told(`refused ${status}`)
    assert.deepEqual(at.events, [`refused ${status}`])
  })

test('a cancelled call that is never spoken of ends once, and its transaction with timer B', async (t) => {
  const at = await calling(t)
  await sent(at)
  at.call.cancel()
  at.clock.advance(6_000)
  assert.deepEqual(at.events, ['cancelled'])
  at.clock.advance(26_000)
  assert.deepEqual(at.events, ['cancelled'])
  assert.equal(at.stack.counters.client_transactions, 0)
})

test('a transport that fails makes the call unreachable', async (t) => {
  const at = await calling(t)
  const other = new SipStack({
    clock: at.clock,
    ids: sequentialIds(),
    log: silentLog,
    node: 'n2',
    incarnation: 'i7',
    listeners: [{ transport: 'tcp', host: '127.0.0.1', port: 0 }],
    user: { invite() {}, request() {} },
  })
  await other.start()
  t.after(() => other.stop())
  const failures: string[] = []
  const call = other.invite(
    {
      uri: 'sip:b@127.0.0.1',
      from: 'sip:a@127.0.0.1',
      via: { target: { address: '127.0.0.1', port: 1 }, transport: 'tcp' },
      sdp: '',
    },
    {
      dialog: { bye() {}, info() {}, reinvite() {}, update() {}, other() {} },
      progressed() {},
      answered() {},
      failed: (failure) => failures.push(failure.type),
    },
  )
  call.send()
  await until('it fails', () => failures.length > 0)
  assert.deepEqual(failures, ['unreachable'])
  assert.throws(() =>
    other.invite(
      { uri: 'sip:b@x', from: 'sip:a@x', via: { target: { address: '127.0.0.1', port: 1 } }, sdp: '' },
      {
        dialog: { bye() {}, info() {}, reinvite() {}, update() {}, other() {} },
        progressed() {},
        answered() {},
        failed() {},
      },
    ),
  )
})

test('giving up after the answer changes nothing: there is no CANCEL of what has its final response', async (t) => {
  const at = await calling(t)
  await reply(at.phone, await sent(at), 200, 'b1')
  await at.told('answered')
  at.call.cancel()
  at.dialogs[0]?.bye()
  await at.phone.request('BYE')
  assert.ok(at.phone.received.every((one) => one.kind === 'response' || one.method !== 'CANCEL'))
})

test('487 without any CANCEL of ours is a refusal like others', async (t) => {
  const at = await calling(t)
  await reply(at.phone, await sent(at), 487, 'b1')
  await at.told('refused 487')
})

test('a stack that stops forgets calls on their way', async (t) => {
  const at = await calling(t)
  await ringing(at)
  at.call.cancel()
  await at.stack.stop()
  assert.equal(at.clock.pending, 0)
})
