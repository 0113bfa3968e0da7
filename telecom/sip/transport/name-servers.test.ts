import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { parseUri } from '../message/uri.ts'
import { cachedNames } from './cached-names.ts'
import { nameServers } from './name-servers.ts'
import { type ResolveNeeds, resolveUri } from './resolve.ts'
import { nameServer, recordOf, type TestAnswer, type TestRecord } from './test-name-server.ts'

const a = (address: string, ttl?: number): TestRecord => ({ type: 'A', address, ...(ttl === undefined ? {} : { ttl }) })
const aaaa = (address: string): TestRecord => ({ type: 'AAAA', address })
const srv = (to: string, port: number, priority = 1, weight = 1): TestRecord => ({
  ...{ type: 'SRV', priority, weight, port, to },
})
const naptr = (service: string, to: string, order = 1, preference = 1, flags = 's'): TestRecord => ({
  ...{ type: 'NAPTR', order, preference, flags, service, to },
})

/** A name server with these answers (by type and name; anything else is NXDOMAIN), and us who ask it. */
async function asking(t: TestContext, answers: Record<string, TestAnswer>, options: Partial<ResolveNeeds> = {}) {
  const server = await nameServer(t, (type, name) => answers[`${type} ${name}`] ?? { rcode: 3 })
  const clock = new ManualClock()
  const source = nameServers({ servers: [server.address], timeoutMs: 100, tries: 1 })
  const needs: ResolveNeeds = {
    ...{ names: cachedNames(source, clock), clock, ids: sequentialIds() },
    ...{ mayReach: () => true, serves: () => true, ...options },
  }
  const where = async (text: string) => {
    const uri = parseUri(text)
    assert.ok(uri.kind === 'sip')
    const { destinations, issue } = await resolveUri(uri, needs)
    return issue ?? destinations.map(({ transport, remote }) => `${transport} ${remote.address} ${remote.port}`)
  }
  return { ...server, answers, clock, where }
}

const cases: [what: string, answers: Record<string, TestAnswer>, expected: string | string[]][] = [
  [
    'pointers by order and preference, services by priority, both families',
    {
      'NAPTR carrier.example': [
        naptr('SIPS+D2T', '_sips._tcp.carrier.example', 1),
        naptr('SIP+D2U', '_sip._udp.far.example', 20),
        naptr('SIP+D2T', '_sip._tcp.carrier.example', 10),
        naptr('SIP+D2U', 'x.example', 5, 1, 'u'),
      ],
      'SRV _sip._tcp.carrier.example': [srv('b.carrier.example', 5072, 2), srv('a.carrier.example', 5071, 1)],
      'SRV _sip._udp.far.example': [srv('c.far.example', 5073)],
      'A a.carrier.example': [a('192.0.2.1'), a('192.0.2.2')],
      'AAAA a.carrier.example': [aaaa('2001:db8::1')],
      'A b.carrier.example': [a('192.0.2.3')],
      'AAAA c.far.example': [aaaa('2001:db8::2')],
    },
    [
      ...['tcp 192.0.2.1 5071', 'tcp 192.0.2.2 5071', 'tcp 2001:db8::1 5071', 'tcp 192.0.2.3 5072'],
      'udp 2001:db8::2 5073',
    ],
  ],
  ['a name that is only an address', { 'A carrier.example': [a('192.0.2.9')] }, ['udp 192.0.2.9 5060']],
  [
    'another name of it',
    {
      'A carrier.example': [
        { type: 'CNAME', to: 'real.example' },
        { type: 'A', address: '192.0.2.9', of: 'real.example' },
      ],
    },
    ['udp 192.0.2.9 5060'],
  ],
  [
    'names that lead to each other in a ring',
    { 'A carrier.example': [{ type: 'CNAME', to: 'carrier.example' }], 'AAAA carrier.example': [] },
    'unknown_name',
  ],
  [
    'a service that is its own server',
    { 'SRV _sip._udp.carrier.example': [srv('_sip._udp.carrier.example', 5060)] },
    'unknown_name',
  ],
  ['a service that is said not to be there', { 'SRV _sip._udp.carrier.example': [srv('', 0)] }, 'unknown_name'],
  ['nobody', {}, 'unknown_name'],
  [
    'a server that fails',
    Object.fromEntries(['A', 'AAAA'].map((type) => [`${type} carrier.example`, { rcode: 2 }])),
    'no_name_server',
  ],
  [
    'a server that refuses',
    Object.fromEntries(['A', 'AAAA'].map((type) => [`${type} carrier.example`, { rcode: 5 }])),
    'no_name_server',
  ],
  [
    'a server that is silent',
    Object.fromEntries(['NAPTR', 'A', 'AAAA'].map((type) => [`${type} carrier.example`, 'silence'])),
    'no_name_server',
  ],
  [
    'one that is silent about pointers and services, and knows the address',
    {
      'NAPTR carrier.example': 'silence',
      'SRV _sip._udp.carrier.example': { rcode: 2 },
      'A carrier.example': [a('192.0.2.9')],
    },
    ['udp 192.0.2.9 5060'],
  ],
  [
    'one that talks nonsense',
    Object.fromEntries(
      ['NAPTR', 'A', 'AAAA'].map((type) => [`${type} carrier.example`, { bytes: Buffer.alloc(40, 0xc0), answers: 9 }]),
    ),
    'no_name_server',
  ],
]
for (const [what, answers, expected] of cases)
  test(`a real name server: ${what}`, async (t) => {
    const { where } = await asking(t, answers)
    assert.deepEqual(await where('sip:carrier.example'), expected)
  })

test('a name that leads inside is refused, and what may be reached beside it is not', async (t) => {
  const { where } = await asking(
    t,
    { 'A in.example': [a('10.0.0.1')], 'A both.example': [a('10.0.0.1'), a('192.0.2.4')] },
    { mayReach: (address) => !address.startsWith('10.') },
  )
  assert.equal(await where('sip:in.example:5060'), 'refused_address')
  assert.deepEqual(await where('sip:both.example:5060'), ['udp 192.0.2.4 5060'])
})

test('an answer is believed for as long as it says, between 5 s and 5 min', async (t) => {
  const at = await asking(t, {
    'A short.example': [a('192.0.2.1', 0)],
    'A long.example': [a('192.0.2.2', 86_400)],
    'A mean.example': [a('192.0.2.3', 30), a('192.0.2.4', 60)],
  })
  for (const [name, seconds] of [
    ['short', 5],
    ['long', 300],
    ['mean', 30],
    ['nobody', 10],
  ] as const) {
    const uri = `sip:${name}.example:5060`
    const times = () => at.asked.filter((one) => one === `A ${name}.example`).length
    await at.where(uri)
    at.clock.advance(seconds * 1_000 - 1)
    await at.where(uri)
    assert.equal(times(), 1, name)
    at.clock.advance(1)
    await at.where(uri)
    assert.equal(times(), 2, name)
  }
})

test('calls to one name at once ask once', async (t) => {
  const at = await asking(t, { 'A busy.example': [a('192.0.2.1')] })
  const found = await Promise.all(Array.from({ length: 50 }, () => at.where('sip:busy.example:5060')))
  assert.ok(found.every((one) => one[0] === 'udp 192.0.2.1 5060'))
  assert.equal(at.asked.filter((one) => one.startsWith('A ')).length, 1)
})

test('while no name server answers the last answer helps, for an hour', async (t) => {
  const at = await asking(t, { 'A carrier.example': [a('192.0.2.1', 60)] })
  const uri = 'sip:carrier.example:5060'
  const expected = ['udp 192.0.2.1 5060']
  assert.deepEqual(await at.where(uri), expected)
  at.answers['A carrier.example'] = { rcode: 2 }
  at.answers['AAAA carrier.example'] = { rcode: 2 }
  at.clock.advance(61_000)
  assert.deepEqual(await at.where(uri), expected)
  at.answers['A carrier.example'] = 'silence'
  const waiting = at.where(uri)
  at.clock.advance(500)
  assert.deepEqual(await waiting, expected)
  at.answers['A carrier.example'] = { rcode: 2 }
  at.clock.advance(3_600_000)
  assert.equal(await at.where(uri), 'no_name_server')
  at.answers['A carrier.example'] = { rcode: 3 }
  at.answers['AAAA carrier.example'] = { rcode: 3 }
  assert.equal(await at.where(uri), 'unknown_name', 'what is said not to be there is not')
})

test('a host that is longer than any name leads nowhere, and nobody is asked for it', async () => {
  const asked: string[] = []
  const nothing = async (name: string) => {
    asked.push(name)
    return { records: [], ttlSeconds: 60 }
  }
  const names = cachedNames({ addresses: nothing, services: nothing, pointers: nothing }, new ManualClock())
  const long = `${'x'.repeat(16_000)}.example`
  assert.deepEqual(await names.addresses(long, new AbortController().signal), [])
  assert.deepEqual(await names.services(`_sip._udp.${long}`, new AbortController().signal), [])
  assert.deepEqual(asked, [])
})

test('whatever a name server sends, it is an answer or none', async (t) => {
  let seed = 11
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const proper: TestRecord[] = [
    a('192.0.2.1'),
    aaaa('2001:db8::1'),
    srv('a.example', 5060),
    naptr('SIP+D2U', '_sip._udp.a.example'),
  ]
  const server = await nameServer(t, () => {
    const records = Array.from({ length: 1 + next(4) }, () => recordOf(proper[next(4)] ?? a('192.0.2.1'), 'x.example'))
    const bytes = Buffer.concat(records)
    for (let flips = next(8); flips > 0; flips--) bytes[next(bytes.length)] = next(256)
    return { bytes: bytes.subarray(0, next(bytes.length + 1)), answers: next(6) }
  })
  const clock = new ManualClock()
  const source = nameServers({ servers: [server.address], timeoutMs: 100, tries: 1 })
  const needs: ResolveNeeds = {
    ...{ names: cachedNames(source, clock), clock, ids: sequentialIds() },
    ...{ mayReach: () => true, serves: () => true },
  }
  for (let round = 0; round < 300; round++) {
    const uri = parseUri(`sip:x${round}.example`)
    assert.ok(uri.kind === 'sip')
    const { destinations, issue } = await resolveUri(uri, needs)
    assert.ok(destinations.length <= 8)
    assert.equal(destinations.length === 0, issue !== undefined)
  }
  assert.equal(clock.pending, 0)
})
