import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier } from './carrier.ts'
import { CarrierAddresses } from './carrier-addresses.ts'
import { readHostname } from './hostname.ts'

for (const written of ['[2001:DB8::1]', '[2001:db8:0:0:0:0:0:1]', '[2001:0db8::0001]:5080'])
  for (const isInternal of [false, true])
    test(`a provider at ${written} is known by its address however that is written${isInternal ? ', inside too' : ''}`, () => {
      const at = readHostname(written)
      assert.equal(at?.host, '[2001:db8::1]')
      const known = new CarrierAddresses()
      known.put({ id: 'p', addresses: ['2001:DB8:1:0:0::/48'], isInternal, port: 5060, ...at } as unknown as Carrier)
      assert.equal(known.at({ address: '2001:db8::1', port: at.port ?? 5060 })?.id, 'p')
      assert.equal(known.at({ address: '2001:db8:1::7', port: 9 })?.id, isInternal ? undefined : 'p')
      assert.equal(known.at({ address: '2001:db8::2', port: 5060 }), undefined)
    })

test('on the loopback address that everybody shares a part of the platform is its port', () => {
  const known = new CarrierAddresses()
  known.put({ id: 'p', host: '127.0.0.1', addresses: [], isInternal: true, port: 5070 } as unknown as Carrier)
  assert.equal(known.at({ address: '127.0.0.1', port: 5070 })?.id, 'p')
  assert.equal(known.at({ address: '127.0.0.1', port: 40_000 }), undefined)
})
