import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { Metrics } from '#platform/metrics'
import { ManualClock } from '#platform/time'
import { freshDatabase } from '#testkit'
import { appendEvents, LedgerReader, watchEvents } from './index.ts'

const ALICE = 'aaaaaaaa-0000-4000-8000-000000000001'

test('figures tell how far numbering and each reader are behind, and a scrape survives the database', async () => {
  const { db } = await freshDatabase()
  const clock = new ManualClock()
  const metrics = new Metrics()
  watchEvents(metrics, { db, clock })
  const figures = async () =>
    Object.fromEntries(
      [...(await metrics.text()).matchAll(/^strowger_(events_\S+) (\S+)$/gm)].map(([, name, value]) => [
        name,
        Number(value),
      ]),
    )
  const about = { customer_id: ALICE, type: 'tea_made', resource: 'tea', resource_id: ALICE, activeflow_id: NIL_UUID }
  const made = { ...about, public: true, data: {}, tm_create: '2026-01-02T03:04:00Z' }
  await db.transaction((trx) => appendEvents(trx, [made, made, made]))
  assert.deepEqual(await figures(), { events_waiting: 3, events_lag_seconds: 5 })
  await db.query('SELECT * FROM ledger_move(10)')
  const reader = new LedgerReader({ db, reader: 'tea' })
  await db.transaction((trx) => reader.advance(trx, ALICE, 0, 1))
  assert.deepEqual(await figures(), { events_waiting: 0, events_lag_seconds: 0, 'events_behind{reader="tea"}': 2 })
  await db.close()
  assert.equal((await figures()).events_waiting, 0)
})
