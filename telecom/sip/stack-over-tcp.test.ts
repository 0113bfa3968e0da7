import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { SipRequest, SipResponse } from './message/message.ts'
import type { SipPeer } from './sip-peer.ts'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import { TcpPeer, TcpServer } from './tcp-peer.ts'
import type { DialogUser, IncomingInvite, IncomingRequest, Outcome } from './transaction-user.ts'
import type { Flow } from './transport/flow.ts'
import { UdpPeer, until } from './udp-peer.ts'

/** The stack on UDP and TCP with a clock turned by hand, and notes of what its user was told. */
async function testStack(t: TestContext, options: Partial<SipStackOptions> = {}) {
  const clock = new ManualClock()
  const calls: IncomingInvite[] = []
  const requests: IncomingRequest[] = []
  const events: string[] = []
  const broken: Flow[] = []
  const host = '127.0.0.1'
  const stack = new SipStack({
    ...{ clock, ids: sequentialIds(), log: silentLog, node: 'n1', incarnation: 'i7' },
    listeners: [
      { transport: 'udp', host, port: 0 },
      { transport: 'tcp', host, port: 0 },
    ],
    user: {
      invite(call) {
        calls.push(call)
        call.attach({
          cancelled: () => events.push('cancelled'),
          acked: () => events.push('acked'),
          ackTimeout: () => events.push('ack timeout'),
        })
      },
      request: (request) => requests.push(request),
      flowClosed: (flow) => broken.push(flow),
    },
    ...options,
  })
  await stack.start()
  const local = stack.listeners[1]?.local
  assert.ok(local)
  t.after(async () => {
    await stack.stop()
    assert.equal(clock.pending, 0, 'a stopped stack leaves no timer')
    assert.equal(stack.counters.connections, 0, 'and no connection')
  })
  const phone = async () => {
    const peer = await TcpPeer.open(local)
    t.after(() => peer.close())
    return peer
  }
  const server = async (port?: number) => {
    const one = await TcpServer.open(port)
    t.after(() => one.close())
    return one
  }
  const accepted = (count: number) => until('it is accepted', () => stack.counters.connections_accepted >= count)
  const { counters } = stack
  return { stack, clock, calls, requests, events, broken, phone, server, accepted, local, counters }
}

type Test = Awaited<ReturnType<typeof testStack>>

const dialogUser = (events: string[]): DialogUser => ({
  bye: () => events.push('bye'),
  info: (request) => request.respond(200),
  reinvite: (change) => change.accept({ sdp: 'again' }),
  update: (change) => change.accept({ sdp: 'again' }),
  other: (request) => request.respond(200),
  ended: (cause) => events.push(`ended: ${cause}`),
})

interface Parts {
  callId?: string
  cseq?: number
  toTag?: string
  contact?: string
  branch?: string
  via?: string
  extra?: string[]
  body?: string
}

let branches = 0

function text(peer: SipPeer, method: string, parts: Parts = {}): string {
  const transport = peer instanceof TcpPeer ? 'TCP' : 'UDP'
  return [
    `${method} sip:bob@example.com SIP/2.0`,
    `Via: ${parts.via ?? `SIP/2.0/${transport} 127.0.0.1:${peer.port};rport`};branch=z9hG4bK${parts.branch ?? ++branches}`,
    'Max-Forwards: 70',
    'From: <sip:alice@example.com>;tag=a1',
    `To: <sip:bob@example.com>${parts.toTag ? `;tag=${parts.toTag}` : ''}`,
    `Call-ID: ${parts.callId ?? 'c1'}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    `Contact: ${parts.contact ?? `<sip:alice@127.0.0.1:${peer.port}${transport === 'TCP' ? ';transport=tcp' : ''}>`}`,
    ...(parts.body ? ['Content-Type: application/sdp'] : []),
    ...(parts.extra ?? []),
    `Content-Length: ${(parts.body ?? '').length}`,
    '',
    parts.body ?? '',
  ].join('\r\n')
}

const ackOf = (peer: SipPeer, { callId, cseq, toTag }: SipResponse) =>
  text(peer, 'ACK', { callId, cseq: cseq.number, toTag })

function reply(request: SipRequest, status: number, body = ''): string {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${request.headers.get(name)}`)
  const type = body === '' ? [] : ['Content-Type: application/sdp']
  return [`SIP/2.0 ${status} X`, ...copied, ...type, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

/** A call over `peer` that has been answered and acknowledged. */
async function answered(at: Test, peer: SipPeer, parts: Parts = {}) {
  const known = at.calls.length
  await peer.send(text(peer, 'INVITE', { body: 'offer', ...parts }))
  await until('the call comes in', () => at.calls.length > known)
  const dialog = at.calls.at(-1)?.accept({ sdp: 'answer', user: dialogUser(at.events) })
  assert.ok(dialog)
  const ok = await peer.response(200)
  await peer.send(ackOf(peer, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  return { dialog, ok }
}

/** Sends OPTIONS over a flow; what became of it is pushed to the list that comes back. */
function ask(at: Test, to: { flow: Flow } | { target: { address: string; port: number } }): Outcome['type'][] {
  const outcomes: Outcome['type'][] = []
  const way = 'flow' in to ? to : { target: { ...to.target, transport: 'tcp' as const } }
  at.stack.request(
    { method: 'OPTIONS', uri: 'sip:alice@example.com', ...way },
    { done: ({ type }) => outcomes.push(type) },
  )
  return outcomes
}

test('UDP and TCP that take a free port take the same one', async (t) => {
  const at = await testStack(t)
  assert.deepEqual(
    at.stack.listeners.map(({ transport, local }) => [transport, local.port]),
    [
      ['udp', at.local.port],
      ['tcp', at.local.port],
    ],
  )
})

test('a TCP port that is taken is an error of start, and nothing stays open', async (t) => {
  const at = await testStack(t)
  const taken = await at.server()
  const listeners = (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '127.0.0.1', port: taken.port }))
  const second = new SipStack({
    ...{ clock: at.clock, ids: sequentialIds(), log: silentLog, node: 'n2', incarnation: 'i' },
    listeners,
    user: { invite() {}, request() {} },
  })
  await assert.rejects(second.start(), { code: 'EADDRINUSE', port: taken.port })
  await taken.close()
  await second.start()
  await second.stop()
})

test('a call comes in over TCP, whole or byte by byte: everything goes over its connection', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  for (const byte of Buffer.from(text(phone, 'INVITE', { body: 'offer' }))) await phone.send(Buffer.from([byte]))
  await phone.response(100)
  await until('the call comes in', () => at.calls.length === 1)
  assert.equal(at.calls[0]?.request.sdp?.toString(), 'offer')
  at.calls[0]?.progress(180)
  await phone.response(180)
  const dialog = at.calls[0]?.accept({ sdp: 'v=0', user: dialogUser(at.events) })
  const ok = await phone.response(200)
  assert.equal(ok.contacts[0]?.uri.text, `sip:n1.i7@127.0.0.1:${at.local.port};transport=tcp`)
  // ACK, INFO and a re-INVITE in one segment
  const [info, again] = [text(phone, 'INFO', { cseq: 2, toTag: ok.toTag }), { cseq: 3, toTag: ok.toTag, body: 'hold' }]
  await phone.send(`\r\n${ackOf(phone, ok)}${info}\r\n${text(phone, 'INVITE', again)}`)
  assert.equal((await phone.response(200)).cseq.method, 'INFO')
  const held = await phone.response(200)
  assert.equal(held.body.toString(), 'again')
  await phone.send(ackOf(phone, held))
  dialog?.bye()
  const bye = await phone.request('BYE')
  assert.match(bye.headers.get('via') ?? '', /^SIP\/2\.0\/TCP 127\.0\.0\.1:/)
  await phone.send(reply(bye, 200))
  await until('the end is told', () => at.events.includes('ended: bye'))
  assert.equal(at.counters.server_transactions, 2, 'only the INVITEs are kept, for repeated 2xx')
  assert.equal(at.counters.client_transactions, 0, 'K is zero')
})

test('a 200 without an ACK is repeated over TCP as over UDP; after 32 s the stack says BYE (RFC 3261 §13.3.1.4)', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  await phone.send(text(phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.accept({ sdp: 'v=0', user: dialogUser(at.events) })
  await phone.response(200)
  for (const stepMs of [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000]) {
    at.clock.advance(stepMs - 1)
    const before = at.counters.retransmissions_sent
    at.clock.advance(1)
    assert.equal(at.counters.retransmissions_sent, before + 1)
    await phone.response(200)
  }
  at.clock.advance(500)
  await phone.request('BYE')
  assert.deepEqual(at.events, ['ack timeout', 'ended: ack timeout'])
})

test('a refusal over TCP is sent once, and forgotten with its ACK', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  await phone.send(text(phone, 'INVITE', { branch: 'refused' }))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.reject(486)
  const refused = await phone.response(486)
  at.clock.advance(20_000)
  assert.equal(at.counters.retransmissions_sent, 0)
  await phone.send(text(phone, 'ACK', { branch: 'refused', toTag: refused.toTag }))
  await until('it is forgotten', () => at.counters.server_transactions === 0)
})

test('a connection that breaks fails what waits on it at once, and its flow is dead for good', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  await phone.send(text(phone, 'REGISTER'))
  await until('the REGISTER comes', () => at.requests.length === 1)
  const flow = at.requests[0]?.flow
  assert.ok(flow)
  const known = at.stack.flow(flow.key)
  assert.equal(known?.alive, true)
  const waiting = ask(at, { flow })
  await phone.request('OPTIONS')
  await phone.close()
  await until('the waiting request fails', () => waiting.length === 1)
  assert.deepEqual(waiting, ['transport failed'])
  assert.deepEqual(
    at.broken.map(({ key }) => key),
    [flow.key],
  )
  assert.equal(known?.alive, false)
  assert.equal(at.counters.client_transactions, 0)
  // the next one fails without a wait, also over the flow that a key from the disk names
  const dead = at.stack.flow(flow.key)
  assert.equal(dead?.alive, false)
  assert.ok(dead)
  const next = ask(at, { flow: dead })
  await until('the next one fails', () => next.length === 1)
  assert.equal(at.counters.connections_opened, 0)
})

test('another connection from the same address and port is never taken for the one that broke', async (t) => {
  const at = await testStack(t)
  const server = await at.server()
  // our own connection to a peer, broken and made again: the same two ends
  const first = ask(at, { target: { address: '127.0.0.1', port: server.port } })
  await until('it is opened', () => server.peers.length === 1)
  const request = await server.peers[0]?.request('OPTIONS')
  assert.ok(request)
  await server.peers[0]?.send(text(server.peers[0], 'REGISTER'))
  await until('a request comes by it', () => at.requests.length === 1)
  const key = at.requests[0]?.flow.key ?? ''
  await server.peers[0]?.close()
  await until('it breaks', () => first.length === 1)
  ask(at, { target: { address: '127.0.0.1', port: server.port } })
  await until('there is another one', () => server.peers.length === 2)
  assert.equal(at.stack.flow(key)?.alive, false)
})

test('a connection is opened on demand and used again while it is open (RFC 3261 §18.1.1)', async (t) => {
  const at = await testStack(t)
  const server = await at.server()
  const target = { address: '127.0.0.1', port: server.port }
  const outcomes = [ask(at, { target }), ask(at, { target }), ask(at, { target })]
  await until('it is opened', () => server.peers.length === 1)
  const [peer] = server.peers
  assert.ok(peer)
  for (const outcome of outcomes) {
    await peer.send(reply(await peer.request('OPTIONS'), 200))
    await until('it is answered', () => outcome.length === 1)
  }
  assert.deepEqual(outcomes.flat(), ['response', 'response', 'response'])
  assert.equal(at.counters.connections_opened, 1)
  await peer.close()
  await until('it is over', () => at.counters.connections === 0)
  ask(at, { target })
  await until('another one is opened', () => server.peers.length === 2)
})

test('a connection that cannot be made fails at once, one that is not made after 4 s', async (t) => {
  const at = await testStack(t)
  const server = await at.server()
  const target = { address: '127.0.0.1', port: server.port }
  const late = ask(at, { target })
  at.clock.advance(3_999)
  assert.equal(at.counters.connections_given_up, 0)
  at.clock.advance(1)
  await until('it is given up', () => late.length === 1)
  await server.close()
  const refused = ask(at, { target })
  await until('it is refused', () => refused.length === 1)
  assert.deepEqual([late, refused], [['transport failed'], ['transport failed']])
  assert.deepEqual([at.counters.connections_failed, at.broken.length], [2, 0])
})

test('what waits for a connection that is being made is bounded', async (t) => {
  const at = await testStack(t, { limits: { unsentBytes: 2_000 } })
  const server = await at.server()
  const many = Array.from({ length: 10 }, () => ask(at, { target: { address: '127.0.0.1', port: server.port } }))
  await until('some of it fails', () => many.some((outcome) => outcome.length === 1))
  await until('the rest is sent', () => (server.peers[0]?.received.length ?? 0) > 0)
  assert.equal(many.filter((outcome) => outcome.length === 0).length, server.peers[0]?.received.length)
  assert.equal(server.peers.length, 1)
})

test('a peer that does not read is given up when too much waits for it', async (t) => {
  const at = await testStack(t, { limits: { unsentBytes: 100_000 } })
  const phone = await at.phone()
  await phone.send(text(phone, 'REGISTER'))
  await until('the REGISTER comes', () => at.requests.length === 1)
  phone.pause()
  const flow = at.requests[0]?.flow
  assert.ok(flow)
  const body = { type: 'text/plain', content: 'x'.repeat(60_000) }
  let failed = 0
  let sent = 0
  while (flow.alive && sent < 1_000) {
    const done = () => failed++
    at.stack.request({ method: 'MESSAGE', uri: 'sip:alice@example.com', flow, body }, { done })
    sent++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until('all of it fails', () => failed === sent)
  assert.equal(at.counters.connections_given_up, 1)
  assert.equal(at.broken.length, 1)
})

test('connections are bounded overall and per source; our own edges are not counted', async (t) => {
  const at = await testStack(t, { limits: { connections: 3, connectionsPerSource: 2 } })
  const [first, second] = [await at.phone(), await at.phone()]
  await at.accepted(2)
  const third = await at.phone()
  await until('the third is closed', () => third.closed)
  assert.equal(at.counters.connections_refused, 1)
  await first.close()
  await until('there is room again', () => at.counters.connections === 1)
  const fourth = await at.phone()
  await fourth.send(text(fourth, 'OPTIONS'))
  await fourth.response(200)
  assert.equal(second.closed, false)
  const edges = await testStack(t, { limits: { connections: 3, connectionsPerSource: 2 }, trustedEdges: ['127.0.0.1'] })
  for (let count = 1; count <= 3; count++) await edges.phone()
  await edges.accepted(3)
  const beyond = await edges.phone()
  await until('the fourth is closed', () => beyond.closed)
  const outcome = ask(edges, { target: { address: '127.0.0.1', port: 9 } })
  await until('none is opened either', () => outcome.length === 1)
  assert.equal(edges.counters.connections_refused, 2)
})

test('who sends nothing, half a message, or one byte now and then is closed in time', async (t) => {
  const at = await testStack(t)
  const [silent, slow, whole] = [await at.phone(), await at.phone(), await at.phone()]
  await at.accepted(3)
  await whole.send(text(whole, 'OPTIONS'))
  await whole.response(200)
  const half = text(slow, 'OPTIONS')
  let bytes = at.counters.bytes_received
  for (const byte of half.slice(0, 10)) {
    await slow.send(byte)
    bytes++
    await until('the byte comes', () => at.counters.bytes_received === bytes)
    at.clock.advance(999)
  }
  assert.equal(at.counters.connections_given_up, 0)
  at.clock.advance(10)
  await until('the slow one is closed', () => slow.closed)
  at.clock.advance(22_000)
  await until('the silent one is closed', () => silent.closed)
  assert.equal(whole.closed, false)
  at.clock.advance(3_600_000)
  assert.equal(at.counters.connections_given_up, 2)
  await whole.send('\r\n\r\n')
  await until('it is answered', () => whole.pongs === 1)
  at.clock.advance(3_899_999)
  assert.equal(at.counters.connections_given_up, 2)
  at.clock.advance(1)
  await until('an hour and more without a word is enough', () => whole.closed)
  assert.equal(at.counters.connections_given_up, 3)
})

test('a double empty line is answered with a single one, whatever it is joined with (RFC 5626 §3.5.1)', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  await phone.send('\r\n')
  await phone.send('\r\n')
  await until('the pong comes', () => phone.pongs === 1)
  await phone.send('\r\n\r\n\r\n\r\n')
  await until('two more', () => phone.pongs === 3)
  await phone.send(`${text(phone, 'OPTIONS')}\r\n\r\n`)
  await phone.response(200)
  assert.equal(at.counters.keepalives_received, 4)
})

for (const [what, status, change] of [
  ['without Content-Length', 400, (whole: string) => whole.replace('Content-Length: 0\r\n', '')],
  ['with two of them', 400, (whole: string) => whole.replace('\r\n\r\n', '\r\nl: 5\r\n\r\n')],
  ['that is too large', 513, (whole: string) => whole.replace('Content-Length: 0', 'Content-Length: 99999')],
] as const)
  test(`a request ${what} is answered ${status}, and its connection is closed (RFC 3261 §18.3)`, async (t) => {
    const at = await testStack(t)
    const phone = await at.phone()
    const via = `SIP/2.0/TCP 127.0.0.1:${at.local.port}` // where somebody listens
    await phone.send(
      text(phone, 'OPTIONS', { callId: 'before' }) + change(text(phone, 'OPTIONS', { via })) + text(phone, 'BYE'),
    )
    assert.equal((await phone.response(200)).callId, 'before')
    assert.equal((await phone.response(status)).callId, 'c1')
    await until('it is closed', () => phone.closed)
    assert.equal(at.counters.stream_faults, 1)
    assert.equal(at.counters.requests_received, 1)
    assert.equal(at.counters.connections_opened, 0)
    await until('the user is told', () => at.broken.length === 1)
  })

test('what is no SIP closes the connection without a word, and a broken response too', async (t) => {
  const at = await testStack(t)
  for (const noise of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01', 'SIP/2.0 200 OK\r\n\r\n']) {
    const phone = await at.phone()
    await phone.send(noise)
    await until('it is closed', () => phone.closed)
    assert.deepEqual(phone.received, [])
  }
  assert.equal(at.counters.stream_faults, 3)
  assert.equal(at.counters.dropped_not_sip, 2)
  assert.equal(at.counters.handler_errors, 0)
})

test('a response whose connection broke goes to where Via says its sender listens, if it came from that address', async (t) => {
  const at = await testStack(t)
  const server = await at.server()
  for (const [callId, via] of [
    ['listens', `SIP/2.0/TCP 127.0.0.1:${server.port}`],
    ['natted', `SIP/2.0/TCP 10.0.0.9:${server.port}`],
    ['phone', `SIP/2.0/TCP 127.0.0.1:${server.port};rport`],
  ] as const) {
    const peer = await at.phone()
    const known = at.requests.length
    await peer.send(text(peer, 'REGISTER', { callId, via }))
    await until('it comes', () => at.requests.length > known)
    await peer.close()
    await until('it broke', () => at.requests.at(-1)?.flow.alive === false)
    at.requests.at(-1)?.respond(200)
  }
  await until('the connection is made', () => server.peers.length === 1)
  assert.equal((await server.peers[0]?.response(200))?.callId, 'listens')
  await until('the others failed', () => at.counters.server_transactions === 0)
  assert.deepEqual([server.peers.length, at.counters.connections_opened], [1, 1])
})

test('a phone that comes back on another connection is reached there', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  const { dialog, ok } = await answered(at, phone)
  await phone.close()
  await until('it broke', () => at.broken.length === 1)
  const back = await at.phone()
  await back.send(text(back, 'INFO', { cseq: 2, toTag: ok.toTag }))
  await back.response(200)
  dialog.bye()
  await back.request('BYE')
})

test('a phone that has registered anew is reached where it is now, if anybody knows where', async (t) => {
  let instead: string | undefined
  const asked: string[] = []
  const at: Test = await testStack(t, {
    flowInstead: async ({ flow }) => {
      asked.push(flow)
      return instead === undefined ? undefined : at.stack.flow(instead)
    },
  })
  const phone = await at.phone()
  const { dialog } = await answered(at, phone)
  const dead = dialog.flow.key
  await phone.close()
  await until('it broke', () => at.broken.length === 1)
  const outcomes: string[] = []
  dialog.info(undefined, {}, ({ type }) => outcomes.push(type))
  await until('nobody knows', () => outcomes.length === 1)
  assert.deepEqual([outcomes, asked], [['transport failed'], [dead]])
  const back = await at.phone()
  await back.send(text(back, 'REGISTER', { callId: 'r' }))
  await until('it registers', () => at.requests.length === 1)
  at.requests[0]?.respond(200)
  instead = at.requests[0]?.flow.key
  dialog.info(undefined, {}, ({ type }) => outcomes.push(type))
  await back.send(reply(await back.request('INFO'), 200))
  await until('it is answered', () => outcomes.length === 2)
  assert.deepEqual([outcomes[1], dialog.state.flow], ['response', instead])
  // what is written down of a dialog finds its way too
  at.stack.byeFromState({ ...dialog.state, flow: dead })
  await back.send(reply(await back.request('BYE'), 200))
  dialog.bye({}, ({ type }) => outcomes.push(type))
  await back.close()
  await until('the BYE is given up', () => outcomes.length === 3)
  assert.ok(asked.includes(instead ?? ''), 'it is asked once more')
})

test('a carrier whose connection broke after the answer hears the BYE at the address that it named', async (t) => {
  const at = await testStack(t)
  const named = await UdpPeer.open(at.local)
  t.after(() => named.close())
  const phone = await at.phone()
  const { dialog } = await answered(at, phone, { contact: `<sip:carrier@127.0.0.1:${named.port}>` })
  await phone.close()
  await until('it broke', () => at.broken.length === 1)
  const outcomes: string[] = []
  dialog.bye({}, ({ type }) => outcomes.push(type))
  await named.send(reply(await named.request('BYE'), 200))
  await until('it is answered', () => outcomes.length === 1)
  assert.deepEqual(outcomes, ['response'])
})

test('a lookup that never ends keeps a BYE for 3 s only', async (t) => {
  const at = await testStack(t, { flowInstead: () => new Promise(() => {}) })
  const phone = await at.phone()
  const { dialog } = await answered(at, phone)
  await phone.close()
  await until('it broke', () => at.broken.length === 1)
  const outcomes: string[] = []
  dialog.bye({}, ({ type }) => outcomes.push(type))
  at.clock.advance(3_000)
  await until('it fails', () => outcomes.length === 1)
  assert.deepEqual(outcomes, ['transport failed'])
})

test('a call over UDP whose route names TCP goes on over TCP, and the other way round (RFC 5658)', async (t) => {
  const at = await testStack(t)
  const datagrams = await UdpPeer.open(at.local)
  t.after(() => datagrams.close())
  const server = await at.server()
  const routes = [`<sip:127.0.0.1:${server.port};transport=tcp;r2=on;lr>`, '<sip:10.0.0.1;r2=on;lr>']
  const overUdp = await answered(at, datagrams, { extra: [`Record-Route: ${routes.join(', ')}`] })
  overUdp.dialog.reinvite('moved')
  await until('a connection is made', () => server.peers.length === 1)
  const [proxy] = server.peers
  const invite = await proxy?.request('INVITE')
  assert.ok(proxy && invite)
  assert.match(invite.headers.get('via') ?? '', /^SIP\/2\.0\/TCP /)
  assert.equal(invite.contacts[0]?.uri.text, `sip:n1.i7@127.0.0.1:${at.local.port};transport=tcp`)
  assert.deepEqual(invite.headers.list('route'), routes)
  await proxy.send(reply(invite, 200, 'answer'))
  await proxy.request('ACK')
  overUdp.dialog.bye()
  await proxy.send(reply(await proxy.request('BYE'), 200))
  await until('it ends', () => at.events.includes('ended: bye'))

  at.events.splice(0)
  const peer = await at.phone()
  const route = `<sip:127.0.0.1:${datagrams.port};lr>`
  const overTcp = await answered(at, peer, { callId: 'c2', extra: [`Record-Route: ${route}`] })
  overTcp.dialog.bye()
  const bye = await datagrams.request('BYE')
  assert.match(bye.headers.get('via') ?? '', /^SIP\/2\.0\/UDP /)
})

test('a route that names its host is looked up once, and even a BYE at once waits for it (RFC 3263)', async (t) => {
  const asked: string[] = []
  let found = (_addresses: string[]) => {}
  const names = {
    async addresses(name: string) {
      asked.push(name)
      return new Promise<string[]>((resolve) => {
        found = resolve
      })
    },
    services: async () => [],
    pointers: async () => [],
  }
  const at = await testStack(t, { names })
  const datagrams = await UdpPeer.open(at.local)
  t.after(() => datagrams.close())
  const server = await at.server()
  const route = `<sip:proxy.example.com:${server.port};transport=tcp;lr>`
  const { dialog } = await answered(at, datagrams, { extra: [`Record-Route: ${route}`] })
  dialog.info(undefined)
  dialog.bye()
  await until('the name is asked for', () => asked.length === 1)
  assert.equal(at.counters.requests_sent, 0)
  found(['127.0.0.1'])
  await until('a connection is made', () => server.peers.length === 1)
  const [proxy] = server.peers
  await proxy?.send(reply(await proxy.request('INFO'), 200))
  await proxy?.send(reply(await proxy.request('BYE'), 200))
  await until('it ends', () => at.events.includes('ended: bye'))
  assert.deepEqual(asked, ['proxy.example.com'])
})

test('with a route set a dialog goes where that leads, without one back over the flow', async (t) => {
  const at = await testStack(t)
  const phone = await at.phone()
  assert.equal((await answered(at, phone)).dialog.state.routing, 'flow')
  const routed = await answered(at, phone, { callId: 'c2', extra: ['Record-Route: <sip:127.0.0.1;lr>'] })
  assert.equal(routed.dialog.state.routing, 'target')
  assert.equal(at.calls.at(-1)?.dialogState.routing, 'target', 'known before it is answered, for the disk')
})

test('a route to where requests may not go is not followed: they go back over the flow', async (t) => {
  const at = await testStack(t, { mayReach: (address) => address !== '127.0.0.2' })
  const phone = await at.phone()
  const extra = ['Record-Route: <sip:127.0.0.2:5999;transport=tcp;lr>']
  const { dialog } = await answered(at, phone, { extra })
  dialog.bye()
  await phone.request('BYE')
  assert.equal(at.counters.connections_opened, 0)
})
