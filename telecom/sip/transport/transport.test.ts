import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { newCounters } from '../counters.ts'
import { Headers } from '../message/headers.ts'
import { SipRequest } from '../message/message.ts'
import { parseVia } from '../message/via.ts'
import { until } from '../udp-peer.ts'
import { advertisedOn, expandHosts } from './addresses.ts'
import { type Flow, parseFlowKey } from './flow.ts'
import { listenerFor } from './listener-for.ts'
import { sendersPort } from './senders-port.ts'
import { edgeList, trueSource } from './true-source.ts'
import { UdpListener } from './udp-listener.ts'

const interfaces = {
  lo: [
    { address: '127.0.0.1', family: 'IPv4' },
    { address: '::1', family: 'IPv6' },
  ],
  eth0: [
    { address: '192.0.2.4', family: 'IPv4' },
    { address: '2001:db8::4', family: 'IPv6' },
    { address: 'fe80::1', family: 'IPv6' },
  ],
}

test('a wildcard becomes every address of the machine but link-local IPv6; an address stays itself', () => {
  assert.deepEqual(expandHosts(undefined, interfaces), ['127.0.0.1', '::1', '192.0.2.4', '2001:db8::4'])
  assert.deepEqual(expandHosts('0.0.0.0', interfaces), ['127.0.0.1', '192.0.2.4'])
  assert.deepEqual(expandHosts('::', interfaces), ['::1', '2001:db8::4'])
  assert.deepEqual(expandHosts('203.0.113.9', interfaces), ['203.0.113.9'])
})

const listenerOf = (host: string, received: (data: Buffer, flow: Flow) => void, advertised?: { host: string }) =>
  new UdpListener({
    options: { transport: 'udp', host, port: 0, ...(advertised ? { advertised } : {}) },
    log: silentLog,
    counters: newCounters({
      dialogs: new Map(),
      server_transactions: new Map(),
      client_transactions: new Map(),
      breaker: { open: 0, opened: 0 },
    }),
    received,
  })

test('a flow is named by its key, which also holds for IPv6', async () => {
  const got: [text: string, from: number][] = []
  const server = listenerOf('::1', (data, flow) => got.push([data.toString(), flow.remote.port]))
  const client = listenerOf('::1', () => {})
  await server.start()
  await client.start()
  try {
    const flow = client.flowTo(server.local)
    assert.deepEqual(parseFlowKey(flow.key), { transport: 'udp', local: client.local, remote: server.local })
    flow.send(Buffer.from('OPTIONS'), assert.fail)
    await until('the datagram arrives', () => got.length === 1)
    assert.deepEqual(got, [['OPTIONS', client.local.port]])
    assert.equal(server.advertised.host, '[::1]')
  } finally {
    await server.stop()
    await client.stop()
  }
})

test('a text that is no flow key names no flow', () => {
  for (const key of [
    '',
    'udp',
    'icmp;a;1;b;2',
    'udp;a;0;b;2',
    'udp;a;1;b;70000',
    'udp;a;1;b;2;c',
    'tcp;a;1;b;2;',
    'tcp;a;1;b;2;c;d',
    'udp;;1;b;2',
  ]) {
    assert.equal(parseFlowKey(key), undefined, key)
  }
})

test('what cannot be sent fails by callback and is counted; it never throws', async () => {
  const counters = newCounters({
    dialogs: new Map(),
    server_transactions: new Map(),
    client_transactions: new Map(),
    breaker: { open: 0, opened: 0 },
  })
  const options = {
    transport: 'udp',
    host: '127.0.0.1',
    port: 0,
    advertised: { host: '198.51.100.1', port: 5060 },
  } as const
  const listener = new UdpListener({ options, log: silentLog, counters, received() {} })
  await listener.start()
  assert.deepEqual(listener.advertised, { host: '198.51.100.1', port: 5060 })
  let failures = 0
  const failed = () => failures++
  listener.send(Buffer.from('x'), { address: '127.0.0.1', port: 0 }, failed)
  listener.send(Buffer.alloc(70_000), { address: '127.0.0.1', port: 9 }, failed)
  listener.send(Buffer.from('x'), { address: 'a-name.example.com', port: 9 }, failed)
  assert.equal(failures, 0)
  await until('all failures are told', () => failures === 3)
  assert.equal(counters.send_errors, 3)
  await listener.stop()
  listener.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 }, failed)
  await until('the fourth is told', () => failures === 4)
})

test('a port in use is an error of start, not of the process', async () => {
  const first = listenerOf('127.0.0.1', () => {})
  await first.start()
  const second = new UdpListener({
    options: { transport: 'udp', host: '127.0.0.1', port: first.local.port },
    log: silentLog,
    counters: newCounters({
      dialogs: new Map(),
      server_transactions: new Map(),
      client_transactions: new Map(),
      breaker: { open: 0, opened: 0 },
    }),
    received() {},
  })
  await assert.rejects(second.start(), { code: 'EADDRINUSE' })
  await first.stop()
})

test('an answer goes to the port that its sender names only beside his true address, never where maddr or a foreign host point', () => {
  const remote = { address: '192.0.2.7', port: 40_000 }
  const portOf = (via: string) => sendersPort(parseVia(`SIP/2.0/UDP ${via}`), remote)
  assert.equal(portOf('192.0.2.7:5062;branch=x'), 5062)
  assert.equal(portOf('192.0.2.7'), 5060)
  assert.equal(portOf('192.0.2.7:5062;rport'), undefined)
  assert.equal(portOf('10.0.0.1:5062'), undefined)
  assert.equal(portOf('phone.example.com'), undefined)
  assert.equal(portOf('10.0.0.1;maddr=203.0.113.1'), undefined)
  assert.equal(sendersPort(undefined, remote), undefined)
})

test('the true source is followed through a chain of edges and ends at the first stranger', () => {
  const edges = edgeList(['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'])
  const source = (remote: string, ...vias: string[]) => {
    const headers = new Headers()
    for (const via of vias) headers.append('Via', `SIP/2.0/UDP ${via}`)
    return trueSource(
      new SipRequest({ method: 'INVITE', uri: 'sip:x', headers }),
      { address: remote, port: 5060 },
      edges,
    )
  }
  assert.deepEqual(source('10.1.1.1', '10.1.1.1', '192.0.2.1', '203.0.113.5;received=198.51.100.2;rport=77'), {
    address: '198.51.100.2',
    port: 77,
  })
  assert.deepEqual(source('203.0.113.5', '203.0.113.5', '10.1.1.1').address, '203.0.113.5')
  assert.deepEqual(source('2001:db8::9', '[2001:db8::9]', '[2001:4860::1]:5070'), {
    address: '2001:4860::1',
    port: 5070,
  })
  assert.deepEqual(source('10.1.1.1', '10.1.1.1', 'a-name.example.com').address, '10.1.1.1')
  assert.deepEqual(source('10.1.1.1', '10.1.1.1').address, '10.1.1.1')
  for (const wrong of ['edge.example.com', '10.0.0.0/33', '10.0.0.0/x', '']) assert.throws(() => edgeList([wrong]))
})

test('an address outside is advertised by the listeners of its own family only, a name by all', () => {
  assert.deepEqual(advertisedOn('10.0.0.4', '203.0.113.9'), { host: '203.0.113.9' })
  assert.equal(advertisedOn('2001:db8::4', '203.0.113.9'), undefined)
  assert.equal(advertisedOn('10.0.0.4', '2001:db8::9'), undefined)
  assert.deepEqual(advertisedOn('2001:db8::4', 'sip.example.com'), { host: 'sip.example.com' })
  assert.equal(advertisedOn('10.0.0.4', undefined), undefined)
})

test('requests leave from the listener of their dialog, else from one that leads to where they go', () => {
  const at = (address: string) => ({ local: { address, port: 5060 } })
  const listeners = ['127.0.0.1', '203.0.113.4', '10.0.0.4', '::1', '2001:db8::4'].map(at)
  const networks = () => ({
    lo: [{ address: '127.0.0.1', cidr: '127.0.0.1/8' }],
    wan: [{ address: '203.0.113.4', cidr: '203.0.113.4/24' }],
    lan: [
      { address: '10.0.0.4', cidr: '10.0.0.4/8' },
      { address: '2001:db8::4', cidr: '2001:db8::4/64' },
    ],
  })
  const from = (address: string, like?: string) =>
    listenerFor(listeners, address, like === undefined ? undefined : { address: like, port: 5060 }, networks)?.local
      .address
  assert.equal(from('127.0.0.1'), '127.0.0.1')
  assert.equal(from('10.9.9.9'), '10.0.0.4')
  assert.equal(from('198.51.100.7'), '203.0.113.4')
  assert.equal(from('198.51.100.7', '10.0.0.4'), '10.0.0.4')
  assert.equal(from('198.51.100.7', '127.0.0.1'), '203.0.113.4')
  assert.equal(from('2001:4860::1'), '2001:db8::4')
  assert.equal(listenerFor([at('127.0.0.1')], '2001:4860::1'), undefined)
})
