import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { threadHub } from '#platform/bus'
import { type Connection, type Database, PostgresLanes } from '#platform/db'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, freshDatabase, pause } from '#testkit'
import {
  appendEvents,
  CursorMoved,
  dropLedgerBefore,
  eventWrite,
  LEDGER_MOVED,
  LedgerReader,
  type NewEvent,
  Sequencer,
  wakeSequencer,
} from './index.ts'

const ALICE = 'aaaaaaaa-0000-4000-8000-000000000001'
const BOB = 'bbbbbbbb-0000-4000-8000-000000000002'
const TEA = 'cccccccc-0000-4000-8000-000000000003'

function event(customer_id: string, count: number, options: Partial<NewEvent> = {}): NewEvent {
  const data = { count }
  return {
    customer_id,
    type: 'tea_poured',
    resource: 'tea',
    resource_id: TEA,
    public: true,
    activeflow_id: NIL_UUID,
    data,
    ...options,
  }
}

function busHere() {
  return threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
}

function sequencerOf(t: TestContext, connection: Connection, bus = busHere(), batch = 500): Sequencer {
  const sequencer = new Sequencer({ connection, bus, clock: systemClock, log: silentLog, batch })
  t.after(() => sequencer.stop())
  sequencer.start()
  return sequencer
}

async function isQuiet(db: Database): Promise<boolean> {
  return (await db.query('SELECT FROM event_inbox LIMIT 1')).length === 0
}

function ledgerOf(db: Database, customer: string) {
  return db.query<{ position: number; sequence: number | null; count: number; writer: number | null }>(
    `SELECT position, sequence, (data->>'count')::int AS count, (data->>'writer')::int AS writer
     FROM ledger WHERE customer_id = $1 ORDER BY position`,
    [customer],
  )
}

test('each event gets the next position of its customer, each public one the next sequence', async (t) => {
  const { db, connection } = await freshDatabase()
  sequencerOf(t, connection)
  await db.transaction((trx) =>
    appendEvents(trx, [event(ALICE, 1), event(BOB, 1), event(ALICE, 2, { public: false }), event(ALICE, 3)]),
  )
  await eventually('the inbox is empty', () => isQuiet(db))
  const rows = await ledgerOf(db, ALICE)
  assert.deepEqual(
    rows.map(({ position, sequence, count }) => [position, sequence, count]),
    [
      [1, 1, 1],
      [2, null, 2],
      [3, 2, 3],
    ],
  )
  assert.equal((await ledgerOf(db, BOB)).length, 1)
})

test('an event of a transaction that is rolled back never happened', async (t) => {
  const { db, connection } = await freshDatabase()
  sequencerOf(t, connection)
  const work = db.transaction(async (trx) => {
    await appendEvents(trx, [event(ALICE, 1)])
    throw new Error('no')
  })
  await assert.rejects(work)
  await db.transaction((trx) => appendEvents(trx, [event(ALICE, 2)]))
  await eventually('the inbox is empty', () => isQuiet(db))
  assert.deepEqual(await ledgerOf(db, ALICE), [{ position: 1, sequence: 1, count: 2, writer: null }])
})

test('two sequencers at once, concurrent writers and rollbacks: no gap, nothing twice, order per resource kept', async (t) => {
  const plan = fc.array(fc.record({ public: fc.boolean(), rollback: fc.boolean(), customer: fc.constantFrom(0, 1) }), {
    minLength: 10,
    maxLength: 40,
  })
  const { db, connection } = await freshDatabase()
  for (const batch of [1, 7, 500]) sequencerOf(t, connection, busHere(), batch)
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { minLength: 3, maxLength: 4 }), async (writers) => {
      // customers of this run's own: nothing has to be removed under the sequencers' hands
      const customers = [systemIds.uuid(), systemIds.uuid()]
      const committed = customers.map(() => writers.map(() => [] as number[]))
      const write = async (writer: number, steps: (typeof writers)[number]) => {
        for (const [count, step] of steps.entries()) {
          const made = event(customers[step.customer] ?? '', count, {
            public: step.public,
            data: { count, writer },
          })
          const work = db.transaction(async (trx) => {
            await appendEvents(trx, [made])
            if (step.rollback) throw new Error('rolled back')
          })
          if (step.rollback) await assert.rejects(work)
          else {
            await work
            committed[step.customer]?.[writer]?.push(count)
          }
        }
      }
      await Promise.all(writers.map((steps, writer) => write(writer, steps)))
      await eventually('the inbox is empty', () => isQuiet(db))
      for (const [at, customer] of customers.entries()) {
        const rows = await ledgerOf(db, customer)
        assert.deepEqual(
          rows.map(({ position }) => position),
          rows.map((_, place) => place + 1),
        )
        const sequences = rows.flatMap(({ sequence }) => (sequence === null ? [] : [sequence]))
        assert.deepEqual(
          sequences,
          sequences.map((_, place) => place + 1),
        )
        for (const [writer, counts] of (committed[at] ?? []).entries())
          assert.deepEqual(
            rows.filter((row) => row.writer === writer).map(({ count }) => count),
            counts,
          )
      }
    }),
    { numRuns: 8 },
  )
})

test('a sequencer whose connection is cut in the middle is replaced by the other one within seconds', async (t) => {
  const { db, connection } = await freshDatabase()
  for (let count = 0; count < 2; count++) sequencerOf(t, connection, busHere(), 10)
  const cutting = (async () => {
    for (let round = 0; round < 5; round++) {
      await db.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'strowger sequencer'",
      )
      await pause(30)
    }
  })()
  for (let count = 1; count <= 300; count++) await db.transaction((trx) => appendEvents(trx, [event(ALICE, count)]))
  await cutting
  await eventually('the inbox is empty', () => isQuiet(db), 5_000)
  assert.deepEqual(
    (await ledgerOf(db, ALICE)).map(({ count }) => count),
    Array.from({ length: 300 }, (_, at) => at + 1),
  )
})

test('a batch with a stale view of a head fails as a whole instead of numbering twice', async () => {
  const { db } = await freshDatabase()
  await db.transaction((trx) => appendEvents(trx, [event(ALICE, 1)]))
  await db.query('SELECT * FROM ledger_move(10)')
  await db.query('UPDATE ledger_heads SET position = 0, sequence = 0') // a restored or broken head
  await db.transaction((trx) => appendEvents(trx, [event(ALICE, 2)]))
  await assert.rejects(db.query('SELECT * FROM ledger_move(10)'))
  assert.equal((await ledgerOf(db, ALICE)).length, 1)
  assert.equal(await isQuiet(db), false, 'the event still waits')
})

test('an event of the call path arrives with the row it announces, and the poke wakes the sequencer at once', async (t) => {
  const { db, connection } = await freshDatabase()
  const bus = busHere()
  sequencerOf(t, connection, bus)
  const lanes = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog })
  t.after(() => lanes.stop(0))
  wakeSequencer(bus, lanes, db)
  await eventually('it idles', async () => (await db.query('SELECT FROM ledger_heads')).length === 0)
  const moved = new Promise((resolve) => bus.subscribe(LEDGER_MOVED, resolve))
  const tm_create = '2026-01-02T03:04:05.000001Z'
  await lanes.write('tea', [eventWrite(event(ALICE, 1, { tm_create }))])
  assert.deepEqual(await moved, { customers: [ALICE] })
  const reader = new LedgerReader({ db, reader: 'test' })
  const { events } = await reader.read(ALICE, 0, 10)
  assert.deepEqual(events, [{ ...event(ALICE, 1), id: events[0]?.id, position: 1, sequence: 1, tm_create }])
})

test('a reader finds who is behind, reads on where it stopped, and moves its cursor with its own work or not at all', async (t) => {
  const { db, connection } = await freshDatabase()
  sequencerOf(t, connection)
  const five = [1, 2, 3, 4, 5].map((count) => event(ALICE, count, { public: count !== 2 }))
  await db.transaction((trx) => appendEvents(trx, five))
  await eventually('the inbox is empty', () => isQuiet(db))
  const reader = new LedgerReader({ db, reader: 'test' })
  assert.deepEqual(await reader.customersBehind(), [{ customer_id: ALICE, position: 0, head: 5 }])

  const first = await reader.read(ALICE, 0, 2, { publicOnly: true })
  assert.deepEqual([first.events.map(({ position }) => position), first.through, first.more], [[1, 3], 3, true])
  const failing = db.transaction(async (trx) => {
    await reader.advance(trx, ALICE, 0, first.through)
    throw new Error('the work failed')
  })
  await assert.rejects(failing)
  assert.equal(await reader.position(ALICE), 0)
  await db.transaction((trx) => reader.advance(trx, ALICE, 0, first.through))
  assert.equal(await reader.position(ALICE), 3)

  const slower = db.transaction((trx) => reader.advance(trx, ALICE, 0, 2))
  await assert.rejects(slower, CursorMoved)
  await assert.rejects(
    db.transaction((trx) => reader.advance(trx, BOB, 4, 5)),
    CursorMoved,
  )

  const rest = await reader.read(ALICE, 3, 10, { publicOnly: true })
  assert.deepEqual([rest.events.map(({ position }) => position), rest.through, rest.more], [[4, 5], 5, false])
  await db.transaction((trx) => reader.advance(trx, ALICE, 3, rest.through))
  assert.deepEqual(await reader.customersBehind(), [])
})

test('events go on when the day changes, and days past their keep are dropped whole', async () => {
  const { db } = await freshDatabase()
  const parts = async () =>
    (
      await db.query<{ part: string }>(
        "SELECT relname AS part FROM pg_class WHERE relname ~ '^ledger_[0-9]{8}$' AND relkind = 'r' ORDER BY 1",
      )
    ).map(({ part }) => part)
  const [today, tomorrow, after] = await parts()
  assert.ok(today && tomorrow && after)
  await db.query('SELECT ledger_prepare(4)')
  assert.equal((await parts()).length, 5)
  const day = after.slice(-8)
  assert.deepEqual(await dropLedgerBefore(db, `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`), [
    today,
    tomorrow,
  ])
  assert.equal((await parts()).length, 3)
})

test('a sequencer makes the partition that is missing', async (t) => {
  const { db, connection } = await freshDatabase()
  await dropLedgerBefore(db, '9999-01-01')
  await db.transaction((trx) => appendEvents(trx, [event(ALICE, 1)]))
  sequencerOf(t, connection)
  await eventually('the inbox is empty', () => isQuiet(db))
  assert.equal((await ledgerOf(db, ALICE)).length, 1)
})
