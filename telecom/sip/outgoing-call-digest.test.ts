import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestChallenge } from './digest/challenge.ts'
import { type DigestAlgorithm, ha1Of } from './digest/hash.ts'
import { readCredentials, verifyDigest } from './digest/verify.ts'
import type { SipRequest } from './message/message.ts'
import { calling, reply, sent, type Test } from './test-calling.ts'
import { UdpPeer, until } from './udp-peer.ts'

const CREDENTIALS = { username: 'acme', password: 'open sesame', realm: 'carrier.example' }
const HA1 = ha1Of(CREDENTIALS.username, CREDENTIALS.realm, CREDENTIALS.password)

/** What the carrier says to a request that shows nothing, or nothing that is right. */
const challenge = (nonce: string, parts: { realm?: string; stale?: boolean; algorithms?: DigestAlgorithm[] } = {}) =>
  digestChallenge({ realm: CREDENTIALS.realm, nonce, ...parts })
const header = (name: string, values: string[]) => values.map((value) => `${name}: ${value}`)
const asks = (nonce: string, parts?: Parameters<typeof challenge>[1]) =>
  header('WWW-Authenticate', challenge(nonce, parts))
const proxyAsks = (nonce: string, parts?: Parameters<typeof challenge>[1]) =>
  header('Proxy-Authenticate', challenge(nonce, parts))

/** What a request shows, where it is right. */
function shown(request: SipRequest, name = 'Authorization') {
  const line = request.headers.get(name)
  const credentials = line === undefined ? undefined : readCredentials(line)
  if (!credentials) return undefined
  const { method, uriText: uri } = request
  assert.ok(verifyDigest({ credentials, method: method === 'ACK' ? 'INVITE' : method, uri, ha1: HA1 }), line)
  return { nonce: credentials.nonce, nc: credentials.nc, algorithm: credentials.algorithm }
}

const refused = async (at: Test, invite: SipRequest, status: number, extra: string[]) => {
  await reply(at.phone, invite, status, 'c1', extra)
  assert.equal((await at.phone.request('ACK')).topVia.branch, invite.topVia.branch)
}

/** An answered call whose INVITE was challenged. */
async function answeredCall(at: Test) {
  await refused(at, await sent(at), 401, asks('n1'))
  const invite = await at.phone.request('INVITE')
  await reply(at.phone, invite, 200, 'b1')
  const ack = await at.phone.request('ACK')
  await at.told('answered')
  const [dialog] = at.dialogs
  assert.ok(dialog)
  return { invite, ack, dialog }
}

for (const [status, name, answer] of [
  [401, 'WWW-Authenticate', 'Authorization'],
  [407, 'Proxy-Authenticate', 'Proxy-Authorization'],
] as const)
  for (const algorithm of ['MD5', 'SHA-256'] as const)
    test(`a carrier that answers our INVITE by ${status} gets it again with a proof, ${algorithm}`, async (t) => {
      const at = await calling(t, { credentials: CREDENTIALS })
      const first = await sent(at)
      assert.equal(shown(first, answer), undefined)
      await refused(at, first, status, header(name, challenge('n1', { algorithms: [algorithm] })))
      const second = await at.phone.request('INVITE')
      assert.deepEqual(shown(second, answer), { nonce: 'n1', nc: '00000001', algorithm })
      assert.equal(second.cseq.number, first.cseq.number + 1)
      assert.equal(second.callId, first.callId)
      assert.equal(second.fromTag, first.fromTag)
      assert.equal(second.toTag, '')
      assert.notEqual(second.topVia.branch, first.topVia.branch)
      assert.deepEqual(second.body, first.body)
      await reply(at.phone, second, 200, 'b1')
      const ack = await at.phone.request('ACK')
      assert.equal(ack.cseq.number, second.cseq.number)
      assert.equal(ack.headers.get(answer), second.headers.get(answer), 'RFC 3261 §13.2.2.4')
      await at.told('answered')
      assert.deepEqual(at.events, ['answered'])
    })

test('a proxy and the server behind it may both ask', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  await refused(at, await sent(at), 407, proxyAsks('p1'))
  await refused(at, await at.phone.request('INVITE'), 401, asks('w1'))
  const third = await at.phone.request('INVITE')
  assert.equal(shown(third)?.nonce, 'w1')
  assert.equal(shown(third, 'Proxy-Authorization')?.nonce, 'p1')
})

test('a nonce that is too old is answered once more, and a second such answer stands', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  await refused(at, await sent(at), 401, asks('n1'))
  await refused(at, await at.phone.request('INVITE'), 401, asks('n2', { stale: true }))
  const third = await at.phone.request('INVITE')
  assert.equal(shown(third)?.nonce, 'n2')
  await refused(at, third, 401, asks('n3', { stale: true }))
  await at.told('refused 401')
})

for (const [what, nonce] of [
  ['with the same nonce', 'n1'],
  ['with another nonce', 'n2'],
] as const)
  test(`a carrier that does not believe us, and says so ${what}, is not told twice`, async (t) => {
    const at = await calling(t, { credentials: CREDENTIALS })
    await refused(at, await sent(at), 401, asks('n1'))
    await refused(at, await at.phone.request('INVITE'), 401, asks(nonce))
    await at.told('refused 401')
    assert.equal(at.phone.received.filter((one) => one.kind === 'request' && one.method === 'INVITE').length, 2)
  })

for (const [what, extra] of [
  ['of another realm', asks('n1', { realm: 'evil.example' })],
  ['of another realm beside an unreadable one', ['WWW-Authenticate: Digest', ...asks('n1', { realm: 'evil.example' })]],
  ['that cannot be read', ['WWW-Authenticate: Digest realm="carrier.example", nonce="n']],
  ['of a scheme that we do not speak', ['WWW-Authenticate: Basic realm="carrier.example"']],
  ['of an algorithm that we do not speak', [`WWW-Authenticate: ${asks('n1')[0]?.slice(18).replace('MD5', 'MD4')}`]],
  ['with integrity alone', [`WWW-Authenticate: ${asks('n1')[0]?.slice(18).replace('"auth"', '"auth-int"')}`]],
  ['with a NUL in its nonce', asks('n1\0')],
  ['with a NUL in its opaque text', asks('n1').map((line) => `${line}, opaque="a\0b"`)],
  ['that is none', []],
] as const)
  test(`a challenge ${what} is a refusal like any other`, async (t) => {
    const at = await calling(t, { credentials: CREDENTIALS })
    await refused(at, await sent(at), 401, [...extra])
    await at.told('refused 401')
  })

test('a call without credentials is refused by a challenge', async (t) => {
  const at = await calling(t)
  await refused(at, await sent(at), 407, proxyAsks('n1'))
  await at.told('refused 407')
})

test('somebody else than whom we called learns nothing, whatever he knows of the call', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const invite = await sent(at)
  const [local] = at.stack.listeners
  assert.ok(local)
  const stranger = await UdpPeer.open(local.local, '127.0.0.2')
  t.after(() => stranger.close())
  await reply(stranger, invite, 401, 's1', asks('n1'))
  await at.told('refused 401')
  for (const { received } of [at.phone, stranger])
    for (const message of received) assert.ok(!message.headers.has('authorization'))
})

test('a call that is given up while it is challenged is cancelled, and shows nothing', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const invite = await sent(at)
  at.call.cancel()
  await refused(at, invite, 401, asks('n1'))
  await at.told('cancelled')
  assert.equal(at.phone.received.filter((one) => one.kind === 'request' && one.method === 'INVITE').length, 1)
})

test('the second INVITE is cancelled like the first', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  await refused(at, await sent(at), 401, asks('n1'))
  const second = await at.phone.request('INVITE')
  at.call.cancel()
  await reply(at.phone, second, 180, 'b1')
  const cancel = await at.phone.request('CANCEL')
  assert.equal(cancel.cseq.number, second.cseq.number)
  assert.equal(cancel.topVia.branch, second.topVia.branch)
  await reply(at.phone, cancel, 200)
  await reply(at.phone, second, 487, 'b1')
  await at.told('cancelled')
})

test('every request of an answered call shows the proof, and is sent again where it is challenged', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const { dialog, invite } = await answeredCall(at)
  const outcomes: string[] = []
  const done = (what: string) => (outcome: { type: string; response?: { status: number } }) =>
    outcomes.push(`${what} ${outcome.response?.status ?? outcome.type}`)
  const asked: [string, () => void][] = [
    ['INFO', () => dialog.info(undefined, undefined, done('INFO'))],
    ['UPDATE', () => dialog.update('offer', undefined, done('UPDATE'))],
    ['REFER', () => dialog.request('REFER', { headers: { 'Refer-To': '<sip:x@y>' } }, done('REFER'))],
    ['INVITE', () => dialog.reinvite('offer', undefined, done('INVITE'))],
    ['BYE', () => dialog.bye(undefined, done('BYE'))],
  ]
  let last = invite
  for (const [method, ask] of asked) {
    ask()
    const first = await at.phone.request(method)
    assert.equal(shown(first)?.nonce, shown(last)?.nonce, 'the nonce is used again (§22.3)')
    assert.equal(Number.parseInt(shown(first)?.nc ?? '', 16), Number.parseInt(shown(last)?.nc ?? '', 16) + 1)
    await reply(at.phone, first, 401, '', asks(`of ${method}`))
    const second = await at.phone.request(method)
    assert.deepEqual(shown(second), { nonce: `of ${method}`, nc: '00000001', algorithm: 'MD5' })
    assert.equal(second.cseq.number, first.cseq.number + 1)
    await reply(at.phone, second, 200)
    if (method === 'INVITE') {
      await at.phone.next(
        (one) => one.kind === 'request' && one.method === 'ACK' && one.cseq.number === second.cseq.number,
      )
    }
    await at.told(method === 'BYE' ? 'ended: bye' : 'answered')
    last = second
  }
  assert.deepEqual(outcomes, ['INFO 200', 'UPDATE 200', 'REFER 200', 'INVITE 200', 'BYE 200'])
})

test('a request in a call that cannot be written ends as one that could not be sent, and so does a BYE', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const { dialog } = await answeredCall(at)
  const bad = { 'X-Bad': 'a\0b' }
  const outcomes: string[] = []
  const note = (outcome: { type: string }) => void outcomes.push(outcome.type)
  for (const [nth, ask] of [
    () => dialog.info(undefined, bad, note),
    () => dialog.update('offer', bad, note),
    () => dialog.reinvite('offer', bad, note),
    () => dialog.bye(bad, note),
  ].entries()) {
    ask()
    await until('its end is told', () => outcomes.length === nth + 1)
  }
  assert.deepEqual(outcomes, Array(4).fill('transport failed'))
  assert.deepEqual(at.events, ['answered', 'ended: bye'])
  assert.equal(at.stack.counters.dialogs, 0)
})

test('a NUL in the challenge of a call changes nothing of what its later requests show', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const { dialog } = await answeredCall(at)
  dialog.info(undefined)
  const info = await at.phone.request('INFO')
  await reply(at.phone, info, 401, '', asks('n2\0'))
  dialog.bye()
  assert.equal(shown(await at.phone.request('BYE'))?.nonce, 'n1')
})

test('a callee whose requests do not pass the carrier sees no proof', async (t) => {
  const at = await calling(t, { credentials: CREDENTIALS })
  const [local] = at.stack.listeners
  assert.ok(local)
  const callee = await UdpPeer.open(local.local, '127.0.0.2')
  t.after(() => callee.close())
  await refused(at, await sent(at), 401, asks('n1'))
  const invite = await at.phone.request('INVITE')
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${invite.headers.get(name)}`)
  const ok = [`SIP/2.0 200 OK`, ...lines, `to: ${invite.headers.get('to')};tag=b1`]
  await at.phone.send([...ok, `Contact: <sip:b@127.0.0.2:${callee.port}>`, 'Content-Length: 0', '', ''].join('\r\n'))
  assert.equal(shown(await callee.request('ACK')), undefined)
  at.dialogs[0]?.bye()
  const bye = await callee.request('BYE')
  assert.equal(shown(bye), undefined)
  await reply(callee, bye, 401, '', asks('n2'))
  await at.told('ended: bye')
})
