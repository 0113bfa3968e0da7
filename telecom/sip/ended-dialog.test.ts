import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { DialogState } from './dialog/dialog-state.ts'
import { digestChallenge } from './digest/challenge.ts'
import { ha1Of } from './digest/hash.ts'
import { readCredentials, verifyDigest } from './digest/verify.ts'
import type { SipRequest } from './message/message.ts'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import { TcpServer } from './tcp-peer.ts'
import { reply } from './test-stack.ts'
import type { Outcome } from './transaction-user.ts'
import { UdpPeer, until } from './udp-peer.ts'

const credentials = { username: 'acme', password: 'open sesame', realm: 'carrier.example' }
const asks = (nonce: string, realm = credentials.realm) =>
  digestChallenge({ realm, nonce }).map((value) => `Proxy-Authenticate: ${value}`)

/** Whether a request proves who we are. */
function isProved({ headers, method, uriText: uri }: SipRequest): boolean {
  const shown = readCredentials(headers.get('proxy-authorization') ?? '')
  const ha1 = ha1Of(credentials.username, credentials.realm, credentials.password)
  return shown !== undefined && verifyDigest({ credentials: shown, method, uri, ha1 })
}

/** A later life of the platform, and a carrier whose call an earlier one had made. */
async function laterLife(t: TestContext, options: Partial<SipStackOptions> = {}) {
  const clock = new ManualClock()
  const stack = new SipStack({
    ...{ clock, ids: sequentialIds(), log: silentLog, node: 'n1', incarnation: 'i8' },
    listeners: [
      { transport: 'udp', host: '127.0.0.1', port: 0 },
      { transport: 'tcp', host: '127.0.0.1', port: 0 },
    ],
    user: { invite() {}, request() {} },
    ...options,
  })
  await stack.start()
  const local = stack.listeners[0]?.local
  assert.ok(local)
  const carrier = await UdpPeer.open(local)
  t.after(async () => {
    await carrier.close()
    await stack.stop()
    assert.equal(clock.pending, 0, 'a stopped stack leaves no timer')
  })
  const outcomes: Outcome[] = []
  const state: DialogState = {
    ...{ call_id: 'c1', local_tag: 'n1.i7.1', remote_tag: 'b1', local_cseq: 2, remote_cseq: -1, route_set: [] },
    ...{ local_uri: 'sip:+49301@example.com', remote_uri: 'sip:+49302@carrier.example' },
    remote_target: `sip:b@127.0.0.1:${carrier.port}`,
    local_contact: `sip:n1.i7@127.0.0.1:${local.port}`,
    flow: `udp;127.0.0.1;5060;127.0.0.1;${carrier.port}`,
    ...{ routing: 'target', secure: false, role: 'uac' },
  }
  const end = (changes: Partial<DialogState> = {}) =>
    stack.byeFromState({ ...state, ...changes }, { credentials }, { done: (outcome) => outcomes.push(outcome) })
  const statuses = () => outcomes.map((each) => (each.type === 'response' ? each.response.status : each.type))
  return { stack, local, carrier, outcomes, state, end, statuses }
}

test('after a restart a carrier that asks who hangs up is told, and ends the call', async (t) => {
  const at = await laterLife(t)
  at.end()
  const first = await at.carrier.request('BYE')
  assert.equal(first.cseq.number, 1_002)
  await at.carrier.send(reply(first, 407, asks('n1')))
  const second = await at.carrier.request('BYE')
  assert.ok(isProved(second))
  assert.deepEqual([second.cseq.number, second.callId, second.toTag], [1_003, 'c1', 'b1'])
  await at.carrier.send(reply(second, 200))
  await until('it is over', () => at.outcomes.length === 1)
  assert.deepEqual(at.statuses(), [200])
})

test('another realm, and whoever is reached without the carrier, learn nothing of our secret', async (t) => {
  const at = await laterLife(t)
  at.end()
  await at.carrier.send(reply(await at.carrier.request('BYE'), 407, asks('n1', 'evil.example')))
  await until('it is over', () => at.outcomes.length === 1)
  const callee = await UdpPeer.open(at.local, '127.0.0.2')
  t.after(() => callee.close())
  at.end({ remote_target: `sip:b@127.0.0.2:${callee.port}` })
  await callee.send(reply(await callee.request('BYE'), 407, asks('n2')))
  await until('it is over', () => at.outcomes.length === 2)
  assert.deepEqual(at.statuses(), [407, 407])
})

test('a phone whose connection went with the earlier life hears the BYE at its Contact', async (t) => {
  const at = await laterLife(t)
  const phone = await TcpServer.open()
  t.after(() => phone.close())
  const flow = `tcp;127.0.0.1;${at.local.port};127.0.0.1;40000;n1.i7.5`
  for (const role of ['uac', 'uas'] as const) {
    at.end({ flow, role, routing: 'flow', remote_target: `sip:1000@127.0.0.1:${phone.port};transport=tcp` })
    await until('it connects', () => phone.peers.length > 0)
    const [heard] = phone.peers
    assert.ok(heard)
    await heard.send(reply(await heard.request('BYE'), 200))
  }
  await until('both are over', () => at.outcomes.length === 2)
  assert.deepEqual(at.statuses(), [200, 200])
})

test('a call of a machine that died is ended from this one', async (t) => {
  const at = await laterLife(t)
  at.end({ flow: `udp;192.0.2.9;5060;127.0.0.1;${at.carrier.port}` })
  const bye = await at.carrier.request('BYE')
  assert.match(bye.headers.get('via') ?? '', new RegExp(`127\\.0\\.0\\.1:${at.local.port};`))
  await at.carrier.send(reply(bye, 200))
  await until('it is over', () => at.outcomes.length === 1)
})
