import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { digestChallenge } from '../digest/challenge.ts'
import { SipRequest } from '../message/message.ts'
import { SipError } from '../message/sip-error.ts'
import type { SipStackOptions } from '../stack-options.ts'
import { reply, testStack } from '../test-stack.ts'
import type { Names } from '../transport/names.ts'
import type { Destination } from '../transport/resolve.ts'
import { UdpPeer, until } from '../udp-peer.ts'

const at = (port: number, transport: 'udp' | 'tcp' = 'udp'): Destination => ({
  ...{ remote: { address: '127.0.0.1', port }, transport },
})

const LISTENERS = (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '127.0.0.1', port: 0 }))

const seen = new WeakMap<UdpPeer, Set<string>>()

/** The next OPTIONS that is no repetition. */
async function options(peer: UdpPeer): Promise<SipRequest> {
  const branches = seen.get(peer) ?? new Set()
  const request = await peer.next((one) => one instanceof SipRequest && !branches.has(one.topVia.branch))
  assert.ok(request instanceof SipRequest && request.method === 'OPTIONS')
  seen.set(peer, branches.add(request.topVia.branch))
  return request
}

/** The stack, and two peers that it may ask. */
async function asking(t: TestContext, options: Partial<SipStackOptions> = {}) {
  const given = await testStack(t, { listeners: LISTENERS, ...options })
  const other = await UdpPeer.open(given.local)
  t.after(() => other.close())
  const { stack, phone } = given
  const both = [at(phone.port), at(other.port)]
  const ask = (parts: Partial<Parameters<typeof stack.ask>[0]> = {}) =>
    stack.ask({ method: 'OPTIONS', uri: `sip:127.0.0.1:${phone.port}`, ...parts })
  return { ...given, other, both, ask }
}

test('whoever is asked says what he can', async (t) => {
  const { ask, phone } = await asking(t)
  const answer = ask()
  const request = await options(phone)
  assert.equal(request.uriText, `sip:127.0.0.1:${phone.port}`)
  assert.equal(request.toTag, '')
  await phone.send(reply(request, 200, ['Accept: application/sdp'], 'a body'))
  const said = await answer
  assert.ok(said.outcome === 'answered')
  assert.deepEqual([said.status, said.reason_phrase, said.transport], [200, 'X', 'udp'])
  assert.deepEqual(said.remote, { address: '127.0.0.1', port: phone.port })
  assert.equal(said.headers.get('accept'), 'application/sdp')
  assert.equal(said.body.toString(), 'a body')
})

test('a question is told apart by its own Contact, its own Call-ID and numbers', async (t) => {
  const { ask, phone } = await asking(t)
  let cseq = 40
  const answer = ask({
    ...{ method: 'REGISTER', callId: 'one@us', nextCSeq: () => ++cseq, timeoutMs: 500 },
    contact: { user: 'registration-7', parameters: new Map([['expires', '60']]) },
  })
  const request = await phone.request('REGISTER')
  assert.equal(request.callId, 'one@us')
  assert.equal(request.cseq.number, 41)
  assert.match(request.headers.get('contact') ?? '', /^<sip:registration-7@127\.0\.0\.1:\d+>;expires=60$/)
  await phone.send(reply(request, 403))
  assert.equal((await answer).outcome, 'answered')
})

test('a challenge is answered, once, for the realm that is ours', async (t) => {
  const { ask, phone } = await asking(t)
  const credentials = { username: 'acme', password: 'secret', realm: 'carrier.example' }
  const challenge = (nonce: string) =>
    digestChallenge({ realm: credentials.realm, nonce }).map((one) => `WWW-Authenticate: ${one}`)
  for (const last of [200, 401]) {
    const answer = ask({ credentials })
    const first = await options(phone)
    await phone.send(reply(first, 401, challenge('n1')))
    const second = await options(phone)
    assert.equal(second.callId, first.callId)
    assert.equal(second.fromTag, first.fromTag)
    assert.equal(second.cseq.number, first.cseq.number + 1)
    assert.match(
      second.headers.get('authorization') ?? '',
      /^Digest username="acme", realm="carrier\.example", nonce="n1"/,
    )
    await phone.send(reply(second, last, challenge('n2')))
    const said = await answer
    assert.ok(said.outcome === 'answered' && said.status === last)
  }
  const elsewhere = ask({ credentials: { ...credentials, realm: 'other.example' } })
  await phone.send(reply(await options(phone), 401, challenge('n1')))
  const said = await elsewhere
  assert.ok(said.outcome === 'answered' && said.status === 401)
})

test('of two, the second is asked where the first is silent for 4 s, or has no time (503)', async (t) => {
  const { ask, phone, other, both, clock } = await asking(t)
  const answer = ask({ via: both })
  const first = await options(phone)
  clock.advance(4_000)
  const second = await options(other)
  assert.equal(second.callId, first.callId)
  assert.notEqual(second.topVia.branch, first.topVia.branch)
  await other.send(reply(second, 404))
  const said = await answer
  assert.ok(said.outcome === 'answered' && said.status === 404 && said.remote.port === other.port)

  const again = ask({ via: both })
  await phone.send(reply(await options(phone), 503))
  await other.send(reply(await options(other), 200))
  const better = await again
  assert.ok(better.outcome === 'answered' && better.status === 200)

  const busy = ask({ via: both })
  await phone.send(reply(await options(phone), 503))
  await other.send(reply(await options(other), 503))
  const said503 = await busy
  assert.ok(said503.outcome === 'answered' && said503.status === 503)
})

test('who does not answer in time, and who cannot be reached, are told apart', async (t) => {
  const { ask, phone, clock } = await asking(t)
  const silent = ask({ timeoutMs: 2_000 })
  await options(phone)
  clock.advance(2_000)
  assert.deepEqual(await silent, { outcome: 'no_answer', tried: [at(phone.port)] })
  const closed = at(1, 'tcp')
  const unreachable = await ask({ via: [closed] })
  assert.ok(unreachable.outcome === 'unreachable')
  assert.deepEqual(unreachable.tried, [closed])
})

test('a URI that leads nowhere says why', async (t) => {
  const unknown = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  const broken = Object.assign(new Error('server failure'), { code: 'ESERVFAIL' })
  const look = async (name: string): Promise<never[]> => {
    throw name.includes('broken') ? broken : unknown
  }
  const names: Names = {
    addresses: async (name) =>
      name === 'inside.example' ? ['10.0.0.1'] : name === 'six.example' ? ['2001:db8::1'] : look(name),
    services: look,
    pointers: look,
  }
  const { ask } = await asking(t, { names, mayReach: (address) => !address.startsWith('10.') })
  const cases: [uri: string, outcome: object][] = [
    ['sip:nobody.example', { outcome: 'unresolvable', issue: 'unknown_name' }],
    ['sip:broken.example', { outcome: 'unresolvable', issue: 'no_name_server' }],
    ['sip:six.example', { outcome: 'unresolvable', issue: 'no_listener' }],
    ['sips:nobody.example', { outcome: 'unresolvable', issue: 'unsupported_transport' }],
    ['sip:nobody.example;transport=tls', { outcome: 'unresolvable', issue: 'unsupported_transport' }],
    ['tel:+15551234', { outcome: 'unresolvable', issue: 'unsupported_transport' }],
    ['sip:inside.example', { outcome: 'refused_address' }],
    ['sip:10.0.0.2', { outcome: 'refused_address' }],
  ]
  for (const [uri, outcome] of cases) assert.deepEqual(await ask({ uri }), outcome, uri)
  assert.deepEqual(await ask({ via: [{ remote: { address: '10.0.0.3', port: 5060 }, transport: 'udp' }] }), {
    outcome: 'refused_address',
  })
})

test('a question that cannot be written is refused at once', async (t) => {
  const { ask } = await asking(t)
  await assert.rejects(ask({ headers: { 'X-Bad': 'a\r\nb' } }), SipError)
  await assert.rejects(ask({ method: 'NO SUCH' }), SipError)
})

test('a destination that does not answer is tried last, and once more after half a minute', async (t) => {
  const { ask, phone, other, both, clock, stack } = await asking(t)
  const [first] = both
  assert.ok(first)
  const openedBefore = stack.counters.breakers_opened
  for (let nth = 1; nth <= 3; nth++) {
    assert.equal(stack.targetState(first), 'closed')
    const answer = ask({ via: both })
    await options(phone)
    clock.advance(4_000)
    await other.send(reply(await options(other), 200))
    assert.equal((await answer).outcome, 'answered')
  }
  assert.equal(stack.targetState(first), 'open')
  assert.deepEqual([stack.counters.breakers_open, stack.counters.breakers_opened - openedBefore], [1, 1])
  assert.deepEqual(
    await stack.resolve(`sip:127.0.0.1:${phone.port}`),
    [first],
    'it is the last resort, and never forbidden',
  )
  const passing = ask({ via: both })
  await other.send(reply(await options(other), 200))
  assert.equal((await passing).outcome, 'answered')

  clock.advance(30_000)
  assert.equal(stack.targetState(first), 'half_open')
  const trial = ask({ via: both })
  const request = await options(phone)
  assert.equal(stack.targetState(first), 'open', 'one request at a time tries it')
  await phone.send(reply(request, 405))
  assert.equal((await trial).outcome, 'answered')
  assert.equal(stack.targetState(first), 'closed')
  assert.equal(stack.counters.breakers_open, 0)
})

test('a destination that asks for a rest has it, for a minute at most', async (t) => {
  const { ask, phone, other, both, clock, stack } = await asking(t)
  const [first] = both
  assert.ok(first)
  const answer = ask({ via: both })
  await phone.send(reply(await options(phone), 503, ['Retry-After: 18000;duration=3600 (busy)']))
  await other.send(reply(await options(other), 200))
  await answer
  assert.equal(stack.targetState(first), 'open')
  clock.advance(60_000)
  assert.equal(stack.targetState(first), 'half_open')
})

test('a stack that stops leaves no question open', async (t) => {
  const { ask, phone, stack } = await asking(t)
  const answer = ask()
  await options(phone)
  await stack.stop()
  assert.equal((await answer).outcome, 'unreachable')
  await until('nothing is under way', () => stack.counters.client_transactions === 0)
})
