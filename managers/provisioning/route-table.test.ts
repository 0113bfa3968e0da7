import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { uuidOfName } from '#platform/ids'
import { RouteTable, type TableRoute } from './route-table.ts'

const CUSTOMER = '20000000-0000-4000-8000-000000000001'

/** Routes by a name, which their provider has, too. */
function tableOf(...routes: (Partial<TableRoute> & { id: string })[]) {
  const table = new RouteTable()
  for (const { id: name, ...route } of routes) table.put({ ...tableRow(name), ...route })
  return table
}

const idsFor = (table: RouteTable, number: string, customer = CUSTOMER) =>
  [...table.of(customer, number)].map(({ id, provider_id }) => {
    assert.equal(id, uuidOfName(provider_id))
    return provider_id
  })

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
  table.remove(uuidOfName('b'))
  table.remove(uuidOfName('never there'))
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

test('whatever is put and removed in whatever order, a selection is that of a plain list', () => {
  let state = 7
  const below = (count: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % count
  }
  const targets = ['all', '+1', '+12', '+123', '+1234', '+4', '+49', '112']
  const owners = [ROUTING_CUSTOMER_ID, CUSTOMER, 'another']
  const table = new RouteTable()
  const list = new Map<string, TableRoute>()
  for (let time = 0; time < 20_000; time++) {
    const name = `route ${below(300)}`
    const { id } = tableRow(name)
    if (below(3) === 0) {
      table.remove(id)
      list.delete(id)
      continue
    }
    const route: TableRoute = {
      ...tableRow(name),
      ...{ customer_id: owners[below(3)] ?? '', target: targets[below(targets.length)] ?? '', priority: below(3) },
      ...{ cost: below(3), tm_create: `2026-01-01T00:00:0${below(3)}.00000${below(3)}Z` },
    }
    table.put(route)
    list.set(id, route)
    if (time % 100 === 0)
      for (const number of ['+12345', '+1999', '+4930', '112'])
        assert.deepEqual(
          [...table.of(CUSTOMER, number)].map((each) => each.id),
          plainly([...list.values()], number),
        )
  }
  assert.equal(table.size, list.size)
})

/** The rule of the sheet, read slowly. */
function plainly(routes: readonly TableRoute[], number: string): string[] {
  const prefixes = Array.from({ length: number.length - 1 }, (_, at) => number.slice(0, number.length - at))
  const order = number.startsWith('+') ? [...prefixes, 'all'] : [number]
  return [CUSTOMER, ROUTING_CUSTOMER_ID].flatMap((owner) =>
    order.flatMap((target) =>
      routes
        .filter((route) => route.customer_id === owner && route.target === target)
        .sort(
          (a, b) =>
            a.priority - b.priority ||
            a.cost - b.cost ||
            a.tm_create.localeCompare(b.tm_create) ||
            (a.id < b.id ? -1 : 1),
        )
        .map(({ id }) => id),
    ),
  )
}

function tableRow(name: string): TableRoute {
  return {
    ...{
      id: uuidOfName(name),
      customer_id: ROUTING_CUSTOMER_ID,
      provider_id: name,
      priority: 0,
      target: 'all',
      cost: 0,
    },
    tm_create: '2026-01-01T00:00:00.000000Z',
  }
}
