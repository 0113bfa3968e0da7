import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import { TcpServer } from './tcp-peer.ts'
import type { Names } from './transport/names.ts'
import type { Destination } from './transport/resolve.ts'
import { nameServer } from './transport/test-name-server.ts'
import { UdpPeer, until } from './udp-peer.ts'

const HOST = '127.0.0.1'
const CARRIER = { username: 'acme', password: 'open sesame', realm: 'carrier.example' }

/** A stack that is about to stop, a peer that takes TCP and is silent, and one beside it by UDP that nothing may reach. */
async function stopping(t: TestContext, options: Partial<SipStackOptions> = {}) {
  const clock = new ManualClock()
  const stack = new SipStack({
    ...{ clock, ids: sequentialIds(), log: silentLog, node: 'n1', incarnation: 'i7' },
    listeners: (['udp', 'tcp'] as const).map((transport) => ({ transport, host: HOST, port: 0 })),
    user: { invite() {}, request() {} },
    ...options,
  })
  await stack.start()
  t.after(() => stack.stop())
  const local = stack.listeners[0]?.local
  assert.ok(local)
  const server = await TcpServer.open()
  const next = await UdpPeer.open(local)
  t.after(() => Promise.all([server.close(), next.close()]))
  const at = (transport: 'udp' | 'tcp', port: number): Destination => ({ transport, remote: { address: HOST, port } })
  const told: string[] = []
  const call = (targets: readonly Destination[]) =>
    stack.invite(
      { uri: 'sip:b@example.com', from: 'sip:a@example.com', sdp: 'offer', via: { targets }, credentials: CARRIER },
      {
        dialog: { bye() {}, info() {}, reinvite() {}, update() {}, other() {} },
        progressed: () => told.push('progressed'),
        answered: () => told.push('answered'),
        failed: ({ type }) => told.push(type),
      },
    )
  /** What a later turn of the event loop would have brought: connections that were refused, writes that failed. */
  const stopped = async () => {
    await stack.stop()
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(clock.pending, 0, 'no timer is left')
    assert.deepEqual([stack.counters.connections, stack.counters.client_transactions], [0, 0])
    assert.deepEqual(next.received, [], 'nothing went on')
  }
  return { stack, clock, server, next, at, call, told, stopped }
}

test('a call whose connection is being opened when the stack stops takes no other way', async (t) => {
  const { call, at, next, stopped, stack } = await stopping(t)
  const refusing = await TcpServer.open()
  await refusing.close()
  call([at('tcp', refusing.port), at('udp', next.port)]).send()
  assert.equal(stack.counters.connections, 1)
  await stopped()
})

test('a call whose connection breaks by the stop takes no other way', async (t) => {
  const { call, at, next, server, stopped } = await stopping(t)
  call([at('tcp', server.port), at('udp', next.port)]).send()
  await until('it connects', () => server.peers.length === 1)
  await server.peers[0]?.request('INVITE')
  await stopped()
})

test('a question whose connection breaks by the stop takes no other way', async (t) => {
  const { stack, at, next, server, stopped } = await stopping(t)
  const via = [at('tcp', server.port), at('udp', next.port)]
  const answer = stack.ask({ method: 'OPTIONS', uri: 'sip:example.com', via })
  await until('it connects', () => server.peers.length === 1)
  await server.peers[0]?.request('OPTIONS')
  await stopped()
  assert.equal((await answer).outcome, 'unreachable')
  assert.equal((await stack.ask({ method: 'OPTIONS', uri: 'sip:example.com', via })).outcome, 'unreachable')
})

test('a name that is being looked up when the stack stops is waited for no more, and leads nowhere later', async (t) => {
  const found: ((addresses: string[]) => void)[] = []
  const names: Names = {
    services: async () => [],
    pointers: async () => [],
    addresses: () => new Promise((resolve) => found.push(resolve)),
  }
  const { stack, server, next, stopped } = await stopping(t, { names })
  const answer = stack.ask({ method: 'OPTIONS', uri: `sip:slow.example:${server.port};transport=tcp` })
  // a BYE in a dialog whose route is a name
  stack.byeFromState({
    ...{ call_id: 'c1', local_tag: 'n1.i6.1', remote_tag: 'b1', local_cseq: 1, remote_cseq: -1 },
    ...{ local_uri: 'sip:a@example.com', remote_uri: 'sip:b@example.com', local_contact: `sip:us@${HOST}` },
    route_set: [`<sip:slow.example:${next.port};lr>`],
    remote_target: 'sip:b@example.com',
    ...{ flow: `udp;${HOST};5060;${HOST};${next.port}`, routing: 'target', secure: false, role: 'uac' },
  })
  await until('both names are asked for', () => found.length > 0)
  await stack.stop()
  assert.notEqual((await answer).outcome, 'answered')
  for (const resolve of found) resolve([HOST])
  await stopped()
  assert.equal(server.peers.length, 0)
})

test('a phone that is being looked for when the stack stops is waited for no more', async (t) => {
  let asked = 0
  const { stack, stopped } = await stopping(t, {
    flowInstead: () => {
      asked++
      return new Promise(() => {})
    },
  })
  stack.byeFromState({
    ...{ call_id: 'c1', local_tag: 'n1.i6.1', remote_tag: 'b1', local_cseq: 1, remote_cseq: -1, route_set: [] },
    ...{ local_uri: 'sip:a@example.com', remote_uri: 'sip:b@example.com', local_contact: `sip:us@${HOST}` },
    remote_target: `sip:b@${HOST}:9`,
    ...{ flow: `tcp;${HOST};5060;${HOST};9;n1.i6.2`, routing: 'flow', secure: false, role: 'uas' },
  })
  assert.equal(asked, 1)
  await stopped()
})

test('a process whose name servers are silent ends as soon as its stack has stopped', async (t) => {
  const silent = await nameServer(t, () => 'silence')
  const program = ['--input-type=module', '-e', asksAndStops(silent.address)]
  const child = spawn(process.execPath, program, { stdio: ['pipe', 'inherit', 'inherit'] })
  t.after(() => child.kill())
  await until('it asks', () => silent.asked.length > 0)
  const fromMs = performance.now()
  child.stdin.write('stop')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  const seconds = (performance.now() - fromMs) / 1_000
  assert.ok(seconds < 4, `it took ${seconds} s: a look-up may take more than 3`)
})

function asksAndStops(server: string): string {
  return `
    import { SipStack } from './telecom/sip/index.ts'
    import { cachedNames } from './telecom/sip/transport/cached-names.ts'
    import { nameServers } from './telecom/sip/transport/name-servers.ts'
    import { systemIds } from '#platform/ids'
    import { silentLog } from '#platform/log'
    import { systemClock } from '#platform/time'
    const source = nameServers({ servers: ['${server}'], timeoutMs: 20_000, tries: 1 })
    const stack = new SipStack({
      clock: systemClock, ids: systemIds, log: silentLog, node: 'n1', incarnation: 'i7',
      names: cachedNames(source, systemClock),
      listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }], user: { invite() {}, request() {} },
    })
    await stack.start()
    const answer = stack.ask({ method: 'OPTIONS', uri: 'sip:slow.example' })
    await new Promise((resolve) => process.stdin.once("data", resolve))
    await stack.stop()
    process.stdin.unref()
    await answer
  `
}
