import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { SipRequest } from './message/message.ts'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import type { Dialog, Outcome, OutgoingInvite, SessionChange } from './transaction-user.ts'
import { UdpPeer, until } from './udp-peer.ts'

/** The stack, a phone that it calls, and notes of what the caller was told. */
async function calling(t: TestContext, parts: Partial<OutgoingInvite> = {}, options: Partial<SipStackOptions> = {}) {
  const clock = new ManualClock()
  const stack = new SipStack({
    clock,
    ids: sequentialIds(),
    log: silentLog,
    node: 'n1',
    incarnation: 'i7',
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user: { invite() {}, request() {} },
    ...options,
  })
  await stack.start()
  const local = stack.listeners[0]?.local
  assert.ok(local)
  const phone = await UdpPeer.open(local)
  t.after(async () => {
    await phone.close()
    await stack.stop()
    assert.equal(clock.pending, 0, 'a stopped stack leaves no timer')
  })
  const events: string[] = []
  const dialogs: Dialog[] = []
  const changes: SessionChange[] = []
  const call = stack.invite(
    {
      uri: `sip:bob@127.0.0.1:${phone.port}`,
      from: '"Alice" <sip:alice@example.com>',
      via: { target: { address: '127.0.0.1', port: phone.port } },
      sdp: 'offer',
      ...parts,
    },
    {
      dialog: {
        bye: () => events.push('bye'),
        info: (request) => {
          events.push('info')
          request.respond(200)
        },
        reinvite: (change) => changes.push(change),
        update: (change) => changes.push(change),
        other: (request) => request.respond(405),
        ended: (cause) => events.push(`ended: ${cause}`),
      },
      progressed: (response) => events.push(`progressed ${response.status}`),
      answered: (_, dialog) => {
        events.push('answered')
        dialogs.push(dialog)
      },
      failed: (failure) =>
        events.push(failure.type === 'refused' ? `refused ${failure.response.status}` : failure.type),
    },
  )
  const told = (event: string) => until(`${event} is told`, () => events.includes(event))
  return { stack, clock, phone, call, events, dialogs, changes, told }
}

type Test = Awaited<ReturnType<typeof calling>>

/** The phone's answer to a request. */
function reply(phone: UdpPeer, request: SipRequest, status: number, tag = '', extra: string[] = []) {
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${request.headers.get(name)}`)
  const to = `to: ${request.headers.get('to')}${tag && request.toTag === '' ? `;tag=${tag}` : ''}`
  const contact = `Contact: <sip:${tag || 'bob'}@127.0.0.1:${phone.port}>`
  return phone.send([`SIP/2.0 ${status} X`, ...lines, to, contact, ...extra, 'Content-Length: 0', '', ''].join('\r\n'))
}

function inDialog(at: Test, method: string, tag: string, parts: { cseq?: number; body?: string } = {}): string {
  const { dialogState: state } = at.call
  const { cseq = 1, body = '' } = parts
  return [
    `${method} ${state.local_contact} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bK${method}${tag}${cseq}`,
    'Max-Forwards: 70',
    `From: <${state.remote_uri}>;tag=${tag}`,
    `To: <${state.local_uri}>;tag=${state.local_tag}`,
    `Call-ID: ${state.call_id}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:bob@127.0.0.1:${at.phone.port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

async function sent(at: Test): Promise<SipRequest> {
  at.call.send()
  return at.phone.request('INVITE')
}

async function ringing(at: Test): Promise<SipRequest> {
  const invite = await sent(at)
  await reply(at.phone, invite, 180, 'b1')
  await at.told('progressed 180')
  return invite
}

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

test('a stack that stops forgets calls on their way', async (t) => {
  const at = await calling(t)
  await ringing(at)
  at.call.cancel()
  await at.stack.stop()
  assert.equal(at.clock.pending, 0)
})
