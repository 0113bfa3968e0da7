import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PhoneFlows } from './phone-flows.ts'

const phone = (extension_id: string, instance = '') => ({ customer: 'c', extension_id, instance })

test('a connection has the phones that registered over it, each once, the latest sixteen', () => {
  const flows = new PhoneFlows()
  for (const nth of [1, 2, 2]) flows.note('f', phone(String(nth)))
  flows.note('f', phone('2', 'urn:uuid:2'))
  assert.deepEqual(flows.phonesOf('f'), [phone('1'), phone('2'), phone('2', 'urn:uuid:2')])
  for (let nth = 0; nth < 100; nth++) flows.note('f', phone(`e${nth}`))
  assert.deepEqual(
    flows.phonesOf('f').map(({ extension_id }) => extension_id),
    Array.from({ length: 16 }, (_, at) => `e${84 + at}`),
  )
  assert.deepEqual(flows.phonesOf('g'), [])
})

test('of too many connections the one that was noted longest ago is forgotten', () => {
  const flows = new PhoneFlows()
  for (let nth = 0; nth < 100_000; nth++) flows.note(`f${nth}`, phone('1'))
  flows.note('f0', phone('1'))
  flows.note('one more', phone('1'))
  assert.ok(flows.has('f0') && flows.has('one more') && flows.has('f2'))
  assert.ok(!flows.has('f1'))
})
