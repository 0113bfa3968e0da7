import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHub } from '#platform/bus'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { freshDatabase } from '#testkit'
import { appendEvents, dropLedgerBefore, LEDGER_MOVED, PublicEvents } from './index.ts'
import { eventRoutes } from './routes.ts'

const ALICE = 'aaaaaaaa-0000-4000-8000-000000000001'
const BOB = 'bbbbbbbb-0000-4000-8000-000000000002'
const TEA = 'cccccccc-0000-4000-8000-000000000003'

async function feed() {
  const { db } = await freshDatabase()
  const bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
  return { db, bus, events: new PublicEvents({ db, bus, clock: systemClock }) }
}

async function pour(db: Database, customer: string, types: readonly string[], isPublic = true) {
  const made = types.map((type) => ({
    ...{ customer_id: customer, type, resource: 'tea', resource_id: TEA, activeflow_id: NIL_UUID },
    ...{ public: isPublic, data: { id: TEA }, tm_create: '2026-01-02T03:04:05.000006Z' },
  }))
  await db.transaction((trx) => appendEvents(trx, made))
  await db.query('SELECT * FROM ledger_move(1000)')
}

const nothing = { result: [], next_after: 0, missing: null, latest: 0 }

test('a customer reads its own public events in order, page by page, and no others', async () => {
  const { db, events } = await feed()
  await pour(db, ALICE, ['tea_made', 'tea_poured'])
  await pour(db, ALICE, ['tea_secret'], false)
  await pour(db, BOB, ['tea_made'])
  await pour(db, ALICE, ['tea_drunk'])
  const first = await events.listEvents(ALICE, { after: 0, limit: 2 })
  assert.deepEqual(
    first.result.map(({ sequence, type }) => [sequence, type]),
    [
      [1, 'tea_made'],
      [2, 'tea_poured'],
    ],
  )
  assert.equal(first.next_after, 2)
  const rest = await events.listEvents(ALICE, { after: 2, limit: 2 })
  const id = rest.result[0]?.id
  assert.deepEqual(rest, {
    result: [
      {
        ...{ sequence: 3, id, type: 'tea_drunk', resource: 'tea', resource_id: TEA },
        ...{ tm_create: '2026-01-02T03:04:05.000006Z', data: { id: TEA } },
      },
    ],
    ...{ next_after: 3, missing: null, latest: 3 },
  })
  assert.deepEqual(await events.listEvents(ALICE, { after: 3, limit: 2 }), {
    ...{ result: [], next_after: 3, missing: null, latest: 3 },
  })
  assert.deepEqual(await events.listEvents(ALICE, { after: 99, limit: 2 }), {
    ...{ result: [], next_after: 99, missing: null, latest: 3 },
  })
})

test('who asks for some types only is led past all the others', async () => {
  const { db, events } = await feed()
  await pour(db, ALICE, ['tea_made', 'tea_poured', 'tea_made', 'tea_poured', 'tea_poured'])
  const some = await events.listEvents(ALICE, { after: 0, limit: 10, types: ['tea_made', 'tea_drunk'] })
  assert.deepEqual([some.result.map(({ sequence }) => sequence), some.next_after], [[1, 3], 5])
  const full = await events.listEvents(ALICE, { after: 0, limit: 1, types: ['tea_poured'] })
  assert.deepEqual([full.result.map(({ sequence }) => sequence), full.next_after], [[2], 2])
})

test('a request that waits is answered as soon as an event of its types comes', async () => {
  const { db, bus, events } = await feed()
  const waiting = events.follow(ALICE, { after: 0, limit: 10, types: ['tea_drunk'] }, 20_000)
  await pour(db, ALICE, ['tea_made'])
  bus.publish(LEDGER_MOVED, { customers: [ALICE] })
  await pour(db, ALICE, ['tea_drunk'])
  bus.publish(LEDGER_MOVED, { customers: [BOB, ALICE] })
  const { result, next_after } = await waiting
  assert.deepEqual([result.map(({ type }) => type), next_after], [['tea_drunk'], 2])
})

test('a lost poke delays a waiting request, no more', async () => {
  const { db, events } = await feed()
  const waiting = events.follow(ALICE, { after: 0, limit: 10 }, 20_000)
  await pour(db, ALICE, ['tea_made'])
  assert.equal((await waiting).result.length, 1)
})

test('a wait ends with an empty page when its time is up or the client goes away', async () => {
  const { events } = await feed()
  assert.deepEqual(await events.follow(ALICE, { after: 0, limit: 10 }, 30), nothing)
  const client = new AbortController()
  const waiting = events.follow(ALICE, { after: 0, limit: 10 }, 30_000, client.signal)
  client.abort()
  assert.deepEqual(await waiting, nothing)
})

test('the page holds 100 events unless 1 to 1000 are asked for', async () => {
  const { db, events } = await feed()
  await pour(
    db,
    ALICE,
    Array.from({ length: 150 }, () => 'tea_made'),
  )
  const [route] = eventRoutes(events)
  assert.ok(route)
  const ask = async (query: object) => {
    const request = { customer: ALICE, query, signal: new AbortController().signal }
    return ((await route.handler(request as never)) as { result: unknown[] }).result.length
  }
  assert.deepEqual(
    await Promise.all([{}, { page_size: 0 }, { page_size: 5000 }, { page_size: 1000 }, { page_size: 7 }].map(ask)),
    [100, 100, 100, 150, 7],
  )
})

test('who comes too late is told which events are gone, and goes on behind them', async () => {
  const { db, events } = await feed()
  await pour(db, ALICE, ['tea_made', 'tea_poured'])
  await pour(db, ALICE, ['tea_secret'], false)
  await pour(db, BOB, ['tea_secret'], false)
  // these days are long past: what comes now is in the partition of today
  const [{ part } = { part: '' }] = await db.query<{ part: string }>(
    'SELECT tableoid::regclass::text AS part FROM ledger LIMIT 1',
  )
  await db.query(`ALTER TABLE ledger DETACH PARTITION ${part}`)
  await db.query(`ALTER TABLE ${part} RENAME TO ledger_20200101`)
  await db.query(`UPDATE ledger_20200101 SET tm_ledger = '2020-01-01T12:00:00Z'`)
  await db.query(
    `ALTER TABLE ledger ATTACH PARTITION ledger_20200101 FOR VALUES FROM ('2020-01-01T00:00Z') TO ('2020-01-02T00:00Z')`,
  )
  await db.query('SELECT ledger_prepare(1)')
  await pour(db, ALICE, ['tea_drunk'])
  assert.deepEqual(await dropLedgerBefore(db, '2020-01-02'), ['ledger_20200101'])
  const late = await events.listEvents(ALICE, { after: 1, limit: 10 })
  assert.deepEqual([late.result.map(({ sequence }) => sequence), late.missing], [[3], { first: 2, last: 2 }])
  assert.equal((await events.listEvents(ALICE, { after: 2, limit: 10 })).missing, null)
  // with a filter too, and without waiting
  const filtered = await events.follow(ALICE, { after: 0, limit: 10, types: ['tea_spilt'] }, 30_000)
  assert.deepEqual(filtered, { result: [], next_after: 3, missing: { first: 1, last: 2 }, latest: 3 })
  assert.deepEqual(await events.listEvents(BOB, { after: 0, limit: 10 }), nothing)
})
