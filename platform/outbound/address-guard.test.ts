import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressGuard } from './address-guard.ts'

const refused: Record<string, string[]> = {
  'this machine': ['127.0.0.1', '127.255.255.254', '::1', '0.0.0.0', '0.1.2.3', '::'],
  'private networks': ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  'link-local addresses': ['169.254.0.1', 'fe80::1', 'febf::1', 'fec0::1'],
  'metadata services': ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  'shared addresses (CGNAT)': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'reserved addresses': ['240.0.0.1', '255.255.255.255', '192.0.0.1', '192.88.99.1', '100::1', '4000::1', '5f00::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1', '3fff:fff::1'],
  'benchmark networks': ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  'IPv4 dressed as IPv6': [
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2001::1',
    '::ffff:0:127.0.0.1',
  ],
  'what is no address': ['localhost', '', '1.2.3', 'example.com'],
}

for (const [what, addresses] of Object.entries(refused))
  test(`a customer cannot reach ${what}`, () => {
    const guard = new AddressGuard()
    assert.deepEqual(
      addresses.filter((address) => guard.allows(address)),
      [],
    )
  })

test('addresses of the Internet are reached', () => {
  const guard = new AddressGuard()
  const open = ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '223.255.255.254', '2606:4700::1111', '2a00::1']
  assert.deepEqual(
    open.filter((address) => !guard.allows(address)),
    [],
  )
})

test('an allowed network opens itself and nothing else', () => {
  const guard = new AddressGuard(['127.0.0.0/8', '::1', '10.1.0.0/16', 'fd00:1::/32'])
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5', '8.8.8.8'])
    assert.ok(guard.allows(address), address)
  for (const address of ['10.2.0.1', '192.168.0.1', '::2', 'fd00:2::5', '169.254.169.254', '::ffff:10.2.0.1'])
    assert.ok(!guard.allows(address), address)
})

test('a network that is none is refused when the settings are read', () => {
  assert.throws(() => new AddressGuard(['127.0.0.0/99']))
  assert.throws(() => new AddressGuard(['office']))
})
