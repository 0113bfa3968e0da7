import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { RouteTable, type TableRoute } from './route-table.ts'

const CUSTOMER = '20000000-0000-4000-8000-000000000001'

function tableOf(...routes: (Partial<TableRoute> & { id: string })[]) {
  const table = new RouteTable()
  for (const route of routes) table.put({ ...tableRow(route.id), ...route })
  return table
}

const idsFor = (table: RouteTable, number: string, customer = CUSTOMER) =>
  [...table.of(customer, number)].map(({ id }) => id)

test('the customer’s own come first, the longest prefix before shorter ones, then its all, then everybody’s', () => {
  const table = tableOf(
    { id: 'everybody all' },
    { id: 'everybody +1', target: '+1' },
    { id: 'own all', customer_id: CUSTOMER },
    { id: 'own +1', customer_id: CUSTOMER, target: '+1' },
    { id: 'own +1415', customer_id: CUSTOMER, target: '+1415' },
    { id: 'own +44', customer_id: CUSTOMER, target: '+44' },
    { id: 'another’s', customer_id: 'another', target: '+1' },
  )
  const own = ['own +1415', 'own +1', 'own all']
  assert.deepEqual(idsFor(table, '+14155550100'), [...own, 'everybody +1', 'everybody all'])
  assert.deepEqual(idsFor(table, '+12125550100'), [...own.slice(1), 'everybody +1', 'everybody all'])
  assert.deepEqual(idsFor(table, '+14155550100', ROUTING_CUSTOMER_ID), ['everybody +1', 'everybody all'])
})

test('of one target the lower priority comes first, then what costs less, then what is older', () => {
  const later = '2026-02-01T00:00:00.000000Z'
  const table = tableOf(
    { id: 'late', priority: 1, cost: 5, tm_create: later },
    { id: 'early', priority: 1, cost: 5 },
    { id: 'cheap', priority: 1, cost: 4, tm_create: later },
    { id: 'urgent', priority: 0, cost: 9 },
  )
  assert.deepEqual(idsFor(table, '+14155550100'), ['urgent', 'cheap', 'early', 'late'])
})

test('a changed route moves, a removed one is gone, and nothing of either is left', () => {
  const table = tableOf({ id: 'a', target: '+1' }, { id: 'b', target: '+1' })
  table.put({ ...tableRow('a'), target: '+44' })
  assert.deepEqual([idsFor(table, '+14155550100'), idsFor(table, '+442071234567')], [['b'], ['a']])
  table.remove('b')
  table.remove('never there')
  assert.deepEqual([idsFor(table, '+14155550100'), table.size], [[], 1])
})

test('an emergency number takes the routes that name it, and no other', () => {
  const table = tableOf({ id: 'all' }, { id: 'help', target: '112' })
  assert.deepEqual(idsFor(table, '112'), ['help'])
  assert.deepEqual(idsFor(table, '911'), [])
  assert.deepEqual(idsFor(table, '+112345678901'), ['all'])
})

test('the longest and the shortest prefix are found', () => {
  const table = tableOf({ id: 'one', target: '+4' }, { id: 'fifteen', target: '+493012345678901' })
  assert.deepEqual(idsFor(table, '+493012345678901'), ['fifteen', 'one'])
})

function tableRow(id: string): TableRoute {
  return {
    ...{ id, customer_id: ROUTING_CUSTOMER_ID, provider_id: `of ${id}`, priority: 0, target: 'all', cost: 0 },
    tm_create: '2026-01-01T00:00:00.000000Z',
  }
}
