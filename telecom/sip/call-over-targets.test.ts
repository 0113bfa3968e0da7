import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { digestChallenge } from './digest/challenge.ts'
import { SipRequest } from './message/message.ts'
import type { SipPeer } from './sip-peer.ts'
import { TcpServer } from './tcp-peer.ts'
import { calling, reply } from './test-calling.ts'
import type { OutgoingInvite } from './transaction-user.ts'
import type { Destination } from './transport/resolve.ts'
import { UdpPeer, until } from './udp-peer.ts'

const LISTENERS = (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '127.0.0.1', port: 0 }))

const over = (transport: 'udp' | 'tcp', port: number): Destination => ({
  ...{ transport, remote: { address: '127.0.0.1', port } },
})

/** A call to a callee of two addresses, which are `phone` and `other`, in the order that is given. */
async function callingBoth(
  t: TestContext,
  parts: Partial<OutgoingInvite> = {},
  order = (phone: number, other: number) => [over('udp', phone), over('udp', other)],
) {
  const others: UdpPeer[] = []
  const at = await calling(
    t,
    async (phone, local) => {
      const other = await UdpPeer.open(local)
      others.push(other)
      t.after(() => other.close())
      return { via: { targets: order(phone.port, other.port) }, ...parts }
    },
    { listeners: LISTENERS },
  )
  const [other] = others
  assert.ok(other)
  return { ...at, other }
}

const invitesAt = (peer: SipPeer) =>
  new Set(
    peer.received.flatMap((one) => (one instanceof SipRequest && one.method === 'INVITE' ? [one.topVia.branch] : [])),
  ).size

test('a callee whose first address says nothing for 6 s is called at the next one, in the same call', async (t) => {
  const at = await callingBoth(t)
  at.call.send()
  const first = await at.phone.request('INVITE')
  at.clock.advance(6_000)
  const second = await at.other.request('INVITE')
  assert.equal(second.callId, first.callId)
  assert.equal(second.fromTag, first.fromTag)
  assert.equal(second.cseq.number, first.cseq.number + 1)
  assert.notEqual(second.topVia.branch, first.topVia.branch)
  await reply(at.other, second, 200, 'o1')
  assert.equal((await at.other.request('ACK')).cseq.number, second.cseq.number)
  await at.told('answered')
  assert.equal(at.call.dialogState.remote_tag, 'o1')

  // the first one wakes up: whatever it says is ended, and changes nothing
  await reply(at.phone, first, 200, 'p1')
  assert.equal((await at.phone.request('ACK')).toTag, 'p1')
  const bye = await at.phone.request('BYE')
  assert.equal(bye.toTag, 'p1')
  await reply(at.phone, bye, 200)
  at.dialogs[0]?.bye()
  await reply(at.other, await at.other.request('BYE'), 200)
  await at.told('ended: bye')
  assert.deepEqual(at.events, ['answered', 'ended: bye'])
})

test('an address that has no time for the call (503), and one that takes no connection, are passed over', async (t) => {
  const busy = await callingBoth(t)
  busy.call.send()
  await reply(busy.phone, await busy.phone.request('INVITE'), 503, 'p1')
  await busy.phone.request('ACK')
  await reply(busy.other, await busy.other.request('INVITE'), 486, 'o1')
  await busy.told('refused 486')
  assert.deepEqual(busy.events, ['refused 486'])

  const closed = await callingBoth(t, {}, (_, other) => [over('tcp', 1), over('udp', other)])
  closed.call.send()
  await reply(closed.other, await closed.other.request('INVITE'), 200, 'o1')
  await closed.told('answered')
})

for (const status of [486, 404, 500, 603, 403])
  test(`an answer is an answer: after ${status} nobody else is called`, async (t) => {
    const at = await callingBoth(t)
    at.call.send()
    await reply(at.phone, await at.phone.request('INVITE'), status, 'p1')
    await at.told(`refused ${status}`)
    assert.equal(invitesAt(at.other), 0)
  })

test('one that rang is the one, even if it has no time in the end', async (t) => {
  const at = await callingBoth(t)
  at.call.send()
  const invite = await at.phone.request('INVITE')
  await reply(at.phone, invite, 180, 'p1')
  await at.told('progressed 180')
  await reply(at.phone, invite, 503, 'p1')
  await at.told('refused 503')
  assert.equal(invitesAt(at.other), 0)
})

test('where none of them answers the call fails as its last one did', async (t) => {
  const at = await callingBoth(t)
  at.call.send()
  await reply(at.phone, await at.phone.request('INVITE'), 503, 'p1')
  await at.other.request('INVITE')
  at.clock.advance(6_000)
  await at.told('no response')
  assert.deepEqual(at.events, ['no response'])
})

test('a call that is given up goes nowhere else', async (t) => {
  const at = await callingBoth(t)
  at.call.send()
  const invite = await at.phone.request('INVITE')
  at.call.cancel()
  await reply(at.phone, invite, 503, 'p1')
  await at.told('cancelled')
  assert.equal(invitesAt(at.other), 0)
})

test('an address that does not answer three calls is called last', async (t) => {
  const at = await callingBoth(t)
  const targets = [over('udp', at.phone.port), over('udp', at.other.port)]
  const call = () => {
    const user = { dialog: {} as never, progressed() {}, answered() {}, failed() {} }
    const another = at.stack.invite({ uri: 'sip:b@example.com', from: 'sip:a@b', sdp: 'offer', via: { targets } }, user)
    another.send()
  }
  for (let nth = 1; nth <= 3; nth++) {
    call()
    await until('the first is called', () => invitesAt(at.phone) === nth)
    at.clock.advance(6_000)
    await until('the second is called', () => invitesAt(at.other) === nth)
    const latest = at.other.received.findLast((one) => one instanceof SipRequest && one.method === 'INVITE')
    assert.ok(latest instanceof SipRequest)
    await reply(at.other, latest, 486, 'o1')
  }
  await until('it is open', () => at.stack.counters.breakers_open === 1)
  call()
  await until('the second is called', () => invitesAt(at.other) === 4)
  assert.equal(invitesAt(at.phone), 3)
})

test('both addresses of a carrier may ask who we are', async (t) => {
  const credentials = { username: 'acme', password: 'secret', realm: 'carrier.example' }
  const challenge = (nonce: string) => [`WWW-Authenticate: ${digestChallenge({ realm: credentials.realm, nonce })[0]}`]
  const at = await callingBoth(t, { credentials })
  at.call.send()
  await reply(at.phone, await at.phone.request('INVITE'), 401, 'p1', challenge('n1'))
  await at.phone.request('ACK')
  const proven = await at.phone.request('INVITE')
  await reply(at.phone, proven, 503, 'p2')
  const second = await at.other.request('INVITE')
  assert.equal(second.cseq.number, proven.cseq.number + 1)
  await reply(at.other, second, 401, 'o1', challenge('n2'))
  await at.other.request('ACK')
  const again = await at.other.request('INVITE')
  assert.match(again.headers.get('authorization') ?? '', /nonce="n2"/)
  await reply(at.other, again, 200, 'o2')
  await at.told('answered')
})

// ── RFC 3261 §18.1.1 ─────────────────────────────────────────────────────────────────────────────────────────────────

const LARGE = 'x'.repeat(1_300)

test('an INVITE that may not fit into a packet goes by TCP, and says so', async (t) => {
  const servers: TcpServer[] = []
  const at = await calling(
    t,
    async (phone) => {
      const server = await TcpServer.open(phone.port)
      servers.push(server)
      t.after(() => server.close())
      return { sdp: LARGE }
    },
    { listeners: LISTENERS },
  )
  at.call.send()
  const [server] = servers
  await until('it comes by TCP', () => server?.peers[0]?.received.length === 1)
  const [peer] = server?.peers ?? []
  const invite = await peer?.request('INVITE')
  assert.ok(invite)
  assert.equal(invite.topVia.transport, 'TCP')
  assert.match(invite.headers.get('contact') ?? '', /transport=tcp/)
  assert.equal(invitesAt(at.phone), 0)
})

test('where nobody takes the connection it goes by UDP after all, and the next one at once', async (t) => {
  const at = await calling(t, { sdp: LARGE }, { listeners: LISTENERS })
  at.call.send()
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.topVia.transport, 'UDP')
  assert.equal(invite.body.length, LARGE.length)
  const tcp = over('tcp', at.phone.port)
  assert.equal(at.stack.targetState(tcp), 'open')
  await reply(at.phone, invite, 486, 'p1')
  await at.told('refused 486')
  const failedBefore = at.stack.counters.connections_failed
  const user = { dialog: {} as never, progressed() {}, answered() {}, failed() {} }
  const via = { targets: [over('udp', at.phone.port)] }
  at.stack.invite({ uri: 'sip:b@example.com', from: 'sip:a@b', sdp: LARGE, via }, user).send()
  await until('it is called again', () => invitesAt(at.phone) === 2)
  assert.equal(at.stack.counters.connections_failed, failedBefore)
})

test('a large question goes by TCP too, or by UDP where that cannot be', async (t) => {
  const at = await calling(t, {}, { listeners: LISTENERS })
  const answer = at.stack.ask({
    method: 'OPTIONS',
    uri: `sip:127.0.0.1:${at.phone.port}`,
    headers: { 'X-Large': LARGE },
  })
  const options = await at.phone.request('OPTIONS')
  await reply(at.phone, options, 200)
  const said = await answer
  assert.ok(said.outcome === 'answered' && said.transport === 'udp')
  assert.equal(at.stack.counters.connections_failed, 1)
})

// ── §18.1.1 for a request that grows by what it shows of us ──────────────────────────────────────────────────────────

const CARRIER = { username: 'acme', password: 'open sesame', realm: 'carrier.example' }
const asked = (nonce: string) =>
  digestChallenge({ realm: CARRIER.realm, nonce }).map((one) => `WWW-Authenticate: ${one}`)
/** With it an INVITE of ours is below 1,300 bytes, and above with its proof. */
const NEARLY = 'x'.repeat(600)

test('an INVITE that is too large with its proof goes by TCP, and the whole call with it', async (t) => {
  const servers: TcpServer[] = []
  const at = await calling(
    t,
    async (phone) => {
      const server = await TcpServer.open(phone.port)
      servers.push(server)
      t.after(() => server.close())
      return { sdp: NEARLY, credentials: CARRIER }
    },
    { listeners: LISTENERS },
  )
  at.call.send()
  const first = await at.phone.request('INVITE')
  await reply(at.phone, first, 401, 'p1', asked('n1'))
  await at.phone.request('ACK')
  await until('it comes by TCP', () => servers[0]?.peers.length === 1)
  const [peer] = servers[0]?.peers ?? []
  const second = await peer?.request('INVITE')
  assert.ok(peer && second)
  assert.equal(second.topVia.transport, 'TCP')
  assert.match(second.headers.get('contact') ?? '', /transport=tcp/)
  assert.match(second.headers.get('authorization') ?? '', /nc=00000001/)
  assert.deepEqual([second.callId, second.cseq.number, second.body], [first.callId, 2, first.body])
  const ok = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${second.headers.get(name)}`)
  const contact = `Contact: <sip:p1@127.0.0.1:${at.phone.port};transport=tcp>`
  const to = `to: ${second.headers.get('to')};tag=p1`
  await peer.send(['SIP/2.0 200 OK', ...ok, to, contact, 'Content-Length: 0', '', ''].join('\r\n'))
  assert.equal((await peer.request('ACK')).cseq.number, 2)
  await at.told('answered')
  assert.match(at.dialogs[0]?.state.flow ?? '', /^tcp;/)
  at.dialogs[0]?.bye()
  await peer.request('BYE')
})

test('a carrier that takes no connection gets the large INVITE with its proof by UDP, and the next one at once', async (t) => {
  const at = await calling(t, { sdp: NEARLY, credentials: CARRIER }, { listeners: LISTENERS })
  at.call.send()
  await reply(at.phone, await at.phone.request('INVITE'), 401, 'p1', asked('n1'))
  await at.phone.request('ACK')
  const second = await at.phone.request('INVITE')
  assert.equal(second.topVia.transport, 'UDP')
  assert.doesNotMatch(second.headers.get('contact') ?? '', /transport=tcp/)
  assert.match(second.headers.get('authorization') ?? '', /nc=00000001/)
  assert.equal(at.stack.targetState(over('tcp', at.phone.port)), 'open')
  await reply(at.phone, second, 200, 'p2')
  await at.phone.request('ACK')
  await at.told('answered')
  assert.match(at.dialogs[0]?.state.flow ?? '', /^udp;/)
})

test('a call that is given up while its connection is refused is not tried again', async (t) => {
  const at = await calling(t, { sdp: NEARLY, credentials: CARRIER }, { listeners: LISTENERS })
  at.call.send()
  await reply(at.phone, await at.phone.request('INVITE'), 401, 'p1', asked('n1'))
  await until('it tries a connection', () => at.stack.counters.connections === 1)
  at.call.cancel()
  await at.told('cancelled')
  assert.equal(invitesAt(at.phone), 1)
})

test('a question that is too large with its proof goes by TCP, or by UDP where that cannot be', async (t) => {
  const at = await calling(t, {}, { listeners: LISTENERS })
  for (const takes of [true, false]) {
    const server = takes ? await TcpServer.open(at.phone.port) : undefined
    const headers = { 'X-Large': 'x'.repeat(900) }
    const uri = `sip:127.0.0.1:${at.phone.port}`
    const answer = at.stack.ask({ method: 'OPTIONS', uri, headers, credentials: CARRIER })
    await reply(at.phone, await at.phone.request('OPTIONS'), 401, '', asked('n1'))
    if (server) await until('it comes by TCP', () => server.peers.length === 1)
    const peer = server?.peers[0] ?? at.phone
    const second = await peer.request('OPTIONS')
    assert.match(second.headers.get('authorization') ?? '', /nc=00000001/)
    const copied = ['via', 'from', 'to', 'call-id', 'cseq'].map((name) => `${name}: ${second.headers.get(name)}`)
    await peer.send(['SIP/2.0 200 OK', ...copied, 'Content-Length: 0', '', ''].join('\r\n'))
    const said = await answer
    assert.ok(said.outcome === 'answered' && said.status === 200 && said.transport === (takes ? 'tcp' : 'udp'))
    await server?.close()
    await until('its connection is gone', () => at.stack.counters.connections === 0)
  }
})
