import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calling, inDialog, reply, ringing, sent } from './test-calling.ts'
import type { Dialog, Outcome } from './transaction-user.ts'
import { until } from './udp-peer.ts'

test('each repeated 2xx gets its ACK again, for as long as it may be repeated', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 200, 'b1')
  const first = await at.phone.request('ACK')
  at.clock.advance(31_000)
  await reply(at.phone, invite, 200, 'b1')
  assert.deepEqual(await at.phone.request('ACK'), first)
  assert.deepEqual(at.events, ['answered'])
  at.clock.advance(1_000)
  assert.equal(at.stack.counters.client_transactions, 0)
})

test('a 2xx of another fork is acknowledged and ended by one BYE', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  await reply(at.phone, invite, 200, 'b2')
  assert.equal((await at.phone.request('ACK')).toTag, 'b2')
  const bye = await at.phone.request('BYE')
  assert.equal(bye.toTag, 'b2')
  await reply(at.phone, bye, 200)
  await reply(at.phone, invite, 200, 'b2')
  assert.equal((await at.phone.request('ACK')).toTag, 'b2')
  assert.deepEqual(at.events, ['answered'])
  await until('one dialog is left', () => at.stack.dialogs.length === 1)
})

for (const line of ['Record-Route: <<nonsense', 'Record-Route: <sip:[::1;lr>', 'Record-Route: "\\\0" <sip:p;lr>'])
  test(`a 2xx with ${JSON.stringify(line)} is acknowledged and ended the way that the INVITE went`, async (t) => {
    const at = await calling(t, { route: ['<sip:edge.example;lr>'] })
    await reply(at.phone, await sent(at), 200, 'b1', [line])
    const ack = await at.phone.request('ACK')
    assert.equal(ack.toTag, 'b1')
    assert.equal(ack.headers.get('route'), '<sip:edge.example;lr>')
    await reply(at.phone, await at.phone.request('BYE'), 200)
    assert.deepEqual(at.events, ['unreachable'])
    await until('no dialog is left', () => at.stack.dialogs.length === 0)
  })

test('before the answer an offer of the peer gets 491, PRACK 481, UPDATE and OPTIONS 200, INFO goes up', async (t) => {
  const at = await calling(t)
  await ringing(at)
  const answerTo = async (method: string, status: number, body = '') => {
    await at.phone.send(inDialog(at, method, 'b1', { body }))
    return at.phone.response(status)
  }
  await answerTo('INVITE', 491, 'offer')
  await answerTo('PRACK', 481)
  assert.ok((await answerTo('UPDATE', 200)).headers.has('contact'))
  await answerTo('OPTIONS', 200)
  await answerTo('INFO', 200)
  await answerTo('MESSAGE', 405)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1', { body: 'offer', cseq: 2 }))
  await at.phone.response(491)
  assert.deepEqual(at.events, ['progressed 180', 'info'])
})

test('a BYE before the answer ends its fork only; should its 2xx come, that is ended too', async (t) => {
  const at = await calling(t)
  const invite = await ringing(at)
  await at.phone.send(inDialog(at, 'BYE', 'b2'))
  await at.phone.response(200)
  await reply(at.phone, invite, 180, 'b1')
  await at.phone.send(inDialog(at, 'BYE', 'b1', { cseq: 2 }))
  await at.phone.response(200)
  await reply(at.phone, invite, 200, 'b1')
  await at.phone.request('ACK')
  await reply(at.phone, await at.phone.request('BYE'), 481)
  await at.told('unreachable')
  assert.ok(!at.events.includes('answered'))
  await until('no dialog is left', () => at.stack.dialogs.length === 0)
})

test('the first fork that speaks is known to a BYE after a crash, the one that answers after it', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  await reply(at.phone, invite, 180, 'b1', ['Record-Route: <sip:p1;lr>, <sip:p2;lr>'])
  await reply(at.phone, invite, 180, 'b2')
  await until('both are heard', () => at.events.length === 2)
  const { remote_tag, remote_target, route_set } = at.call.dialogState
  assert.deepEqual([remote_tag, remote_target], ['b1', `sip:b1@127.0.0.1:${at.phone.port}`])
  assert.deepEqual(route_set, ['<sip:p2;lr>', '<sip:p1;lr>'])
  await reply(at.phone, invite, 200, 'b2')
  await at.told('answered')
  assert.equal(at.call.dialogState.remote_tag, 'b2')
})

test('three forks ring, two answer, and each 2xx is acknowledged in its own dialog (RFC 3261 §13.2.2.4)', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  for (const tag of ['b1', 'b2', 'b3']) await reply(at.phone, invite, 180, tag)
  await until('all are heard', () => at.events.length === 3)
  await reply(at.phone, invite, 200, 'b3')
  assert.equal((await at.phone.request('ACK')).uriText, `sip:b3@127.0.0.1:${at.phone.port}`)
  await reply(at.phone, invite, 200, 'b1')
  assert.equal((await at.phone.request('ACK')).uriText, `sip:b1@127.0.0.1:${at.phone.port}`)
  const bye = await at.phone.request('BYE')
  assert.equal(bye.toTag, 'b1')
  await reply(at.phone, bye, 200)
  await until('one dialog is left', () => at.stack.dialogs.length === 1)
  assert.equal(at.dialogs[0]?.state.remote_tag, 'b3')
  assert.deepEqual(at.events, ['progressed 180', 'progressed 180', 'progressed 180', 'answered'])
})

test('an answer whose name is being looked up still wins over a later one that needs no looking up', async (t) => {
  let found = (_addresses: string[]) => {}
  const nothing = () => Promise.resolve([])
  const addresses = () => new Promise<string[]>((resolve) => (found = resolve))
  const names = { addresses, services: nothing, pointers: nothing }
  const at = await calling(t, {}, { names })
  const invite = await sent(at)
  await reply(at.phone, invite, 200, 'b1', [`Record-Route: <sip:edge.example:${at.phone.port};lr>`])
  await reply(at.phone, invite, 200, 'b2')
  assert.equal((await at.phone.request('ACK')).toTag, 'b2')
  await reply(at.phone, await at.phone.request('BYE'), 200)
  assert.deepEqual(at.events, [])
  await reply(at.phone, invite, 200, 'b1')
  found(['127.0.0.1'])
  assert.equal((await at.phone.request('ACK')).toTag, 'b1')
  await at.told('answered')
  assert.deepEqual(at.events, ['answered'])
})

test('a 2xx without a Contact is acknowledged at the Request-URI', async (t) => {
  const at = await calling(t)
  const invite = await sent(at)
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${invite.headers.get(name)}`)
  const to = `to: ${invite.headers.get('to')};tag=b1`
  await at.phone.send(['SIP/2.0 200 OK', ...lines, to, 'Content-Length: 0', '', ''].join('\r\n'))
  assert.equal((await at.phone.request('ACK')).uriText, invite.uriText)
  await at.told('answered')
})

test('offers that cross in a dialog of ours: both get 491, and we come back in 2.1 to 4 s (§14.1)', async (t) => {
  const at = await calling(t)
  await reply(at.phone, await sent(at), 200, 'b1')
  await at.told('answered')
  const [dialog] = at.dialogs
  const outcomes: Outcome[] = []
  dialog?.reinvite('mine', undefined, (outcome) => outcomes.push(outcome))
  const mine = await at.phone.request('INVITE')
  await at.phone.send(inDialog(at, 'INVITE', 'b1', { body: 'theirs' }))
  await at.phone.response(491)
  await reply(at.phone, mine, 491)
  await until('we are told', () => outcomes.length === 1)
  const [crossed] = outcomes
  assert.ok(crossed?.type === 'response' && crossed.retryInMs !== undefined)
  assert.ok(crossed.retryInMs >= 2_100 && crossed.retryInMs <= 4_000)
  await at.phone.send(inDialog(at, 'INVITE', 'b1', { body: 'theirs', cseq: 2 }))
  await until('theirs comes', () => at.changes.length === 1)
  dialog?.reinvite('mine', undefined, (outcome) => outcomes.push(outcome))
  await until('ours waits', () => outcomes.length === 2)
  assert.equal(outcomes[1]?.type, 'local glare')
  at.changes[0]?.accept({ sdp: 'answer' })
  await at.phone.response(200)
  await at.phone.send(inDialog(at, 'ACK', 'b1', { cseq: 2 }))
  await until('their ACK comes', () => at.stack.counters.requests_received === 3)
  dialog?.reinvite('mine', undefined, (outcome) => outcomes.push(outcome))
  const again = await at.phone.request('INVITE')
  assert.equal(again.cseq.number, mine.cseq.number + 1)
  await reply(at.phone, again, 200)
  assert.equal((await at.phone.request('ACK')).cseq.number, again.cseq.number)
  await until('it is agreed', () => outcomes.length === 3)
})

test('a re-INVITE of the peer moves where our requests go (§12.2)', async (t) => {
  const at = await calling(t)
  await reply(at.phone, await sent(at), 200, 'b1')
  await at.told('answered')
  await at.phone.send(inDialog(at, 'INVITE', 'b1', { body: 'theirs' }))
  await until('it comes', () => at.changes.length === 1)
  at.changes[0]?.accept({ sdp: 'answer' })
  await at.phone.response(200)
  await at.phone.send(inDialog(at, 'ACK', 'b1'))
  await until('the ACK comes', () => at.stack.counters.requests_received === 2)
  at.dialogs[0]?.bye()
  assert.equal((await at.phone.request('BYE')).uriText, `sip:bob@127.0.0.1:${at.phone.port}`)
})

test('over a flow everything goes over this flow, whatever Contact and Record-Route say', async (t) => {
  const at = await calling(t)
  const flow = at.stack.flow(at.call.dialogState.flow)
  assert.ok(flow)
  const dialogs: Dialog[] = []
  const call = at.stack.invite(
    { uri: 'sip:bob@192.0.2.7', from: 'sip:a@x', via: { flow }, sdp: 'offer' },
    {
      dialog: { bye() {}, info() {}, reinvite() {}, update() {}, other() {} },
      progressed() {},
      answered: (_, dialog) => dialogs.push(dialog),
      failed() {},
    },
  )
  call.send()
  const invite = await at.phone.request('INVITE')
  await reply(at.phone, invite, 200, 'b1', ['Record-Route: <sip:192.0.2.9;lr>'])
  assert.equal((await at.phone.request('ACK')).headers.get('route'), '<sip:192.0.2.9;lr>')
  await until('it is answered', () => dialogs.length === 1)
  assert.equal(dialogs[0]?.state.routing, 'flow')
  dialogs[0]?.bye()
  await at.phone.request('BYE')
})
