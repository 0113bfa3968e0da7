import assert from 'node:assert/strict'
import type { NaptrRecord, SrvRecord } from 'node:dns'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { type Ids, sequentialIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { parseUri } from '../message/uri.ts'
import type { Names } from './names.ts'
import { type ResolveNeeds, resolveUri } from './resolve.ts'
import { inOrder } from './srv-order.ts'

interface Zone {
  addresses?: Record<string, string[]>
  services?: Record<string, SrvRecord[]>
  pointers?: Record<string, NaptrRecord[]>
}

const server = (name: string, port = 5060, priority = 1, weight = 1): SrvRecord => ({ name, port, priority, weight })
const pointer = (service: string, replacement: string, order = 1, preference = 1): NaptrRecord => ({
  ...{ flags: 's', service, regexp: '', replacement, order, preference },
})

/** Name servers that know this and nothing else, and who asked them what. */
function namesOf(zone: Zone) {
  const asked: string[] = []
  const look = async <T>(kind: keyof Zone, name: string): Promise<T[]> => {
    asked.push(`${kind} ${name}`)
    const found = zone[kind]?.[name]
    if (!found) throw Object.assign(new Error('not there'), { code: 'ENOTFOUND' })
    return found as T[]
  }
  const names: Names = {
    addresses: (name) => look('addresses', name),
    services: (name) => look('services', name),
    pointers: (name) => look('pointers', name),
  }
  return { names, asked }
}

function needs(names: Names, options: Partial<ResolveNeeds> = {}, clock = new ManualClock()) {
  return {
    ...{
      names,
      clock,
      ids: sequentialIds(),
      mayReach: () => true,
      serves: (_transport: string, family?: number) => family !== 6,
    },
    ...options,
  }
}

/** `transport address:port` of each destination. */
async function where(text: string, using: ResolveNeeds): Promise<string[]> {
  const uri = parseUri(text)
  assert.ok(uri.kind === 'sip')
  const { destinations } = await resolveUri(uri, using)
  return destinations.map(({ transport, remote }) => `${transport} ${remote.address}:${remote.port}`)
}

const zone: Zone = {
  addresses: {
    'example.com': ['192.0.2.1', '2001:db8::1'],
    'a.example.com': ['192.0.2.10', '192.0.2.11'],
    'b.example.com': ['192.0.2.20'],
  },
  services: {
    '_sip._udp.srv.example.com': [server('b.example.com', 5070, 2), server('a.example.com', 5071, 1)],
    '_sip._tcp.srv.example.com': [server('A.example.com', 5080)],
    '_sip._tcp.elsewhere.example.net': [server('b.example.com', 5090)],
    '_sip._udp.elsewhere.example.net': [server('a.example.com', 5091)],
    '_sip._udp.closed.example.com': [server('', 0)],
  },
  pointers: {
    'naptr.example.com': [
      pointer('SIPS+D2T', '_sips._tcp.elsewhere.example.net', 1, 1),
      pointer('SIP+D2U', '_sip._udp.elsewhere.example.net', 1, 20),
      pointer('sip+d2t', '_sip._tcp.elsewhere.example.net', 1, 10),
      pointer('E2U+sip', 'x', 0, 0),
    ],
  },
}

const cases: [what: string, uri: string, expected: string[], asked: string[]][] = [
  ['an address needs nobody', 'sip:a@192.0.2.7', ['udp 192.0.2.7:5060'], []],
  ['an address with port and transport', 'sip:192.0.2.7:5999;transport=TCP', ['tcp 192.0.2.7:5999'], []],
  [
    'a name with a port is looked up as it is',
    'sip:example.com:5065',
    ['udp 192.0.2.1:5065'],
    ['addresses example.com'],
  ],
  [
    'a name with port and transport',
    'sip:a@b.example.com:5066;transport=tcp',
    ['tcp 192.0.2.20:5066'],
    ['addresses b.example.com'],
  ],
  [
    'a transport alone asks for its service',
    'sip:srv.example.com;transport=tcp',
    ['tcp 192.0.2.10:5080', 'tcp 192.0.2.11:5080'],
    ['services _sip._tcp.srv.example.com', 'addresses a.example.com'],
  ],
  [
    'a name alone: pointers, then both services, by priority, every address',
    'sip:srv.example.com',
    ['udp 192.0.2.10:5071', 'udp 192.0.2.11:5071', 'udp 192.0.2.20:5070', 'tcp 192.0.2.10:5080', 'tcp 192.0.2.11:5080'],
    [
      'pointers srv.example.com',
      'services _sip._udp.srv.example.com',
      'services _sip._tcp.srv.example.com',
      'addresses a.example.com',
      'addresses b.example.com',
      'addresses a.example.com',
    ],
  ],
  [
    'pointers say transport and order; what we do not speak is passed over',
    'sip:naptr.example.com',
    ['tcp 192.0.2.20:5090', 'udp 192.0.2.10:5091', 'udp 192.0.2.11:5091'],
    [
      'pointers naptr.example.com',
      'services _sip._tcp.elsewhere.example.net',
      'services _sip._udp.elsewhere.example.net',
      'addresses b.example.com',
      'addresses a.example.com',
    ],
  ],
  [
    'without any service the name itself, over UDP at 5060',
    'sip:example.com',
    ['udp 192.0.2.1:5060'],
    [
      'pointers example.com',
      'services _sip._udp.example.com',
      'services _sip._tcp.example.com',
      'addresses example.com',
    ],
  ],
  [
    'a service that is said not to exist',
    'sip:closed.example.com;transport=udp',
    [],
    ['services _sip._udp.closed.example.com'],
  ],
  ['a name that nobody knows', 'sip:nobody.example.com:5060', [], ['addresses nobody.example.com']],
  ['transports that we do not have', 'sip:example.com;transport=tls', [], []],
  ['sips', 'sips:example.com', [], []],
  ['maddr is not followed', 'sip:192.0.2.7;maddr=192.0.2.9', ['udp 192.0.2.7:5060'], []],
]

for (const [what, uri, expected, asked] of cases)
  test(`where a SIP URI leads (RFC 3263): ${what}`, async () => {
    const given = namesOf(zone)
    assert.deepEqual(await where(uri, needs(given.names)), expected)
    assert.deepEqual(given.asked, asked)
  })

test('addresses that may not be reached are left out, numeric ones too', async () => {
  const { names } = namesOf(zone)
  const using = needs(names, { mayReach: (address) => address !== '192.0.2.10' && !address.startsWith('10.') })
  assert.deepEqual(await where('sip:a.example.com:5060', using), ['udp 192.0.2.11:5060'])
  assert.deepEqual(await where('sip:10.0.0.1', using), [])
  assert.deepEqual(await where('sip:192.0.2.7:0', using), [])
})

test('only transports and families that we listen on are given', async () => {
  const { names, asked } = namesOf(zone)
  const onlyTcp = needs(names, { serves: (transport, family) => transport === 'tcp' && family !== 4 })
  assert.deepEqual(await where('sip:example.com:5060;transport=tcp', onlyTcp), ['tcp 2001:db8::1:5060'])
  assert.deepEqual(await where('sip:srv.example.com', onlyTcp), [])
  assert.ok(!asked.includes('services _sip._udp.srv.example.com'))
  assert.equal(isIP('2001:db8::1'), 6)
})

test('name servers that do not answer take three seconds at most, and what answers is taken all the same', async () => {
  const never = () => new Promise<never>(() => {})
  const clock = new ManualClock()
  const silent = needs({ addresses: never, services: never, pointers: never }, {}, clock)
  const answer = where('sip:example.com', silent)
  let over = false
  answer.then(() => {
    over = true
  })
  let waitedMs = 0
  for (; !over && waitedMs < 10_000; waitedMs += 100) {
    clock.advance(100)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  assert.deepEqual(await answer, [])
  assert.ok(waitedMs <= 3_100, `${waitedMs} ms`)
  assert.equal(clock.pending, 0)

  const half = needs({ ...namesOf(zone).names, pointers: never }, {}, clock)
  const found = where('sip:srv.example.com', half)
  clock.advance(1_200)
  assert.equal((await found).length, 5)
})

test('what name servers say is bounded', async () => {
  const many = Array.from({ length: 100 }, (_, at) => server(`h${at}.example.com`, 5060 + at))
  const addresses = Object.fromEntries(
    many.map(({ name }) => [name, Array.from({ length: 50 }, (_, at) => `192.0.2.${at}`)]),
  )
  const { names, asked } = namesOf({ addresses, services: { '_sip._udp.big.example.com': many } })
  assert.equal((await where('sip:big.example.com;transport=udp', needs(names))).length, 8)
  assert.ok(asked.length <= 10)
})

test('servers of one priority come first as often as their weight says (RFC 2782)', () => {
  const records = [
    server('heavy', 1, 1, 90),
    server('light', 2, 1, 10),
    server('never', 3, 1, 0),
    server('last', 4, 2, 99),
  ]
  let next = 0
  const ids: Ids = { ...sequentialIds(), integer: (below) => next++ % below }
  const first: Record<string, number> = {}
  for (let lot = 0; lot < 101; lot++) {
    next = lot
    const order = inOrder(records, ids).map(({ name }) => name)
    assert.equal(order.at(-1), 'last')
    first[order[0] ?? ''] = (first[order[0] ?? ''] ?? 0) + 1
  }
  assert.deepEqual(first, { never: 1, light: 10, heavy: 90 })
})
