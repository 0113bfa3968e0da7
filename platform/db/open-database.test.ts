import assert from 'node:assert/strict'
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { sql } from 'kysely'
import { InvariantError } from '#platform/errors'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, freshDatabase, ownServer, signalServer } from '#testkit'
import {
  type AnyTransaction,
  type Database,
  DatabaseUnavailable,
  jsonb,
  noteInTransaction,
  openDatabase,
  sqlState,
  uniqueViolation,
  whileWanted,
  withFence,
} from './index.ts'

interface Tables {
  teas: { id: number; name: string; parts: string[]; tm_create: string }
}

const migrations = [
  {
    owner: 'tea',
    name: '0001',
    sql: 'CREATE TABLE teas (id bigint PRIMARY KEY, name text NOT NULL, parts jsonb, tm_create timestamptz)',
  },
]

const isUnavailable = (why: string) => (error: unknown) => error instanceof DatabaseUnavailable && error.why === why

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const beganMs = systemClock.monotonicMs()
  await work()
  return systemClock.monotonicMs() - beganMs
}

test('a row comes back as the wire shows it: six digits and Z, numbers, parsed JSON', async () => {
  const { db } = await freshDatabase(migrations)
  const tea = { id: 5_000_000_000, name: 'earl', tm_create: '2026-01-02T03:04:05.100000Z' }
  await db
    .kysely<Tables>()
    .insertInto('teas')
    .values({ ...tea, parts: jsonb(['leaf', 'water']) })
    .execute()
  const back = await db.kysely<Tables>().selectFrom('teas').selectAll().executeTakeFirstOrThrow()
  assert.deepEqual(back, { ...tea, parts: ['leaf', 'water'] })
  const [none] = await db.query<{ at: null }>('SELECT NULL::timestamptz AS at')
  assert.deepEqual(none, { at: null })
  await assert.rejects(db.query('SELECT 9007199254740993::bigint'), RangeError)
})

test('a transaction that throws leaves nothing behind and the error comes out as it went in', async () => {
  const { db } = await freshDatabase(migrations)
  const reason = new Error('no more tea')
  const work = db.transaction<Tables, void>(async (trx) => {
    await trx
      .insertInto('teas')
      .values({ id: 1, name: 'a', parts: jsonb([]), tm_create: '2026-01-01T00:00:00Z' })
      .execute()
    throw reason
  })
  await assert.rejects(work, (error) => error === reason)
  assert.deepEqual(await db.query('SELECT * FROM teas'), [])
})

test('statements of a transaction that are asked at once are carried out in that order, however they were built', async () => {
  const { db } = await freshDatabase(migrations)
  const seen = await db.transaction<Tables, unknown[]>((trx) => {
    const rename = (name: string) => trx.updateTable('teas').set({ name }).where('id', '=', 1)
    const named = () => trx.selectFrom('teas').select('name').where('id', '=', 1)
    return Promise.all([
      sql`INSERT INTO teas (id, name) VALUES (1, 'green')`.execute(trx),
      named().executeTakeFirst(),
      rename('black').executeTakeFirst(),
      sql<{ name: string }>`SELECT name FROM teas`.execute(trx).then(({ rows }) => rows[0]),
      rename('white').execute(),
      named().executeTakeFirstOrThrow(),
    ])
  })
  assert.deepEqual([seen[1], seen[3], seen[5]], [{ name: 'green' }, { name: 'black' }, { name: 'white' }])
})

test('a lock that is asked first holds back what is asked behind it: the reads see what its holder did', async () => {
  const { db } = await freshDatabase(migrations)
  await db.query("INSERT INTO teas (id, name) VALUES (1, 'green'), (2, 'green')")
  const locked = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const lock = (trx: AnyTransaction) => sql`SELECT FROM teas WHERE id = 1 FOR UPDATE`.execute(trx.kysely())
  const holder = db.transaction(async (trx) => {
    await lock(trx)
    locked.resolve()
    await finish.promise
    await sql`UPDATE teas SET name = 'black' WHERE id = 2`.execute(trx.kysely())
  })
  await locked.promise
  const waiter = db.transaction<Tables, string | undefined>(async (trx) => {
    const [, tea] = await Promise.all([
      lock(trx),
      trx.selectFrom('teas').select('name').where('id', '=', 2).executeTakeFirst(),
    ])
    return tea?.name
  })
  await eventually('the lock is waited for', async () => {
    const waiting = await db.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    )
    return waiting.length > 0
  })
  finish.resolve()
  await holder
  assert.equal(await waiter, 'black')
})

test('where one of several statements fails nothing of the transaction stays, and the connection serves on', async () => {
  const { db } = await freshDatabase(migrations)
  const work = db.transaction<Tables, unknown>((trx) =>
    Promise.all([
      sql`INSERT INTO teas (id, name) VALUES (1, 'green')`.execute(trx),
      sql`INSERT INTO teas (id, name) VALUES (1, 'black')`.execute(trx),
      sql`INSERT INTO teas (id, name) VALUES (2, 'white')`.execute(trx),
    ]),
  )
  await assert.rejects(work, (error) => uniqueViolation(error) === 'teas_pkey')
  assert.deepEqual(await db.query('SELECT id FROM teas'), [])
})

test('the last statements of a transaction bring its commit along', async () => {
  const { db } = await freshDatabase(migrations)
  const insert = (trx: AnyTransaction, id: number) =>
    sql`INSERT INTO teas (id, name) VALUES (${id}, 'green')`.execute(trx.kysely())
  const seen = await db.transaction<Tables, unknown>(async (trx) => {
    await insert(trx, 1)
    await trx.last(async () => {
      await Promise.all([insert(trx, 2), insert(trx, 3)])
    })
    await assert.rejects(insert(trx, 4), InvariantError)
    return db.query('SELECT id FROM teas ORDER BY id')
  })
  assert.deepEqual(seen, [{ id: 1 }, { id: 2 }, { id: 3 }], 'committed before the work is over')
})

test('where one of the last statements fails nothing of the transaction stays, and the connection serves on', async () => {
  const { db } = await freshDatabase(migrations)
  const insert = (trx: AnyTransaction, id: number) =>
    sql`INSERT INTO teas (id, name) VALUES (${id}, 'green')`.execute(trx.kysely())
  for (const ids of [
    [1, 2, 2],
    [3, 3, 4],
  ]) {
    const work = db.transaction<Tables, unknown>(async (trx) => {
      await insert(trx, 9)
      return trx.last(() => Promise.all(ids.map((id) => insert(trx, id))))
    })
    await assert.rejects(work, (error) => uniqueViolation(error) === 'teas_pkey')
  }
  const unasked = db.transaction<Tables, unknown>(async (trx) => {
    await insert(trx, 6)
    return trx.last(() => Promise.all([insert(trx, 7), Promise.reject(new RangeError('never asked'))]))
  })
  await assert.rejects(unasked, RangeError)
  const swallowed = db.transaction<Tables, unknown>((trx) =>
    trx.last(() => Promise.allSettled([insert(trx, 5), insert(trx, 5)])),
  )
  await assert.rejects(swallowed, 'a commit that was none does not pass for one')
  assert.deepEqual(await db.query('SELECT id FROM teas'), [])
})

test('a write whose commit fails is not taken for one that was made', async () => {
  const { db } = await freshDatabase([
    { owner: 'tea', name: '0001', sql: 'CREATE TABLE pots (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)' },
  ])
  const fails = (work: Promise<unknown>) => assert.rejects(work, (error) => uniqueViolation(error) === 'pots_id_key')
  await fails(db.query('INSERT INTO pots VALUES (1), (1)'))
  const insert = (trx: AnyTransaction) => sql`INSERT INTO pots VALUES (1), (1)`.execute(trx.kysely())
  await fails(db.transaction(insert))
  await fails(db.transaction((trx) => trx.last(() => insert(trx))))
  assert.deepEqual(await db.query('SELECT id FROM pots'), [])
})

test('a statement that fails again and again leaves nothing behind in the server', async () => {
  const { db } = await freshDatabase(migrations)
  const insert = () => db.query('INSERT INTO teas (id, name) VALUES ($1, $2)', [1, 'green'])
  await insert()
  for (let time = 0; time < 40; time++) await assert.rejects(insert, (error) => uniqueViolation(error) === 'teas_pkey')
  const [kept] = await db.query<{ count: number }>('SELECT count(*) FROM pg_prepared_statements')
  assert.ok(kept && kept.count <= 1, `${kept?.count} are prepared`)
})

test('what is asked of a transaction that is over is refused, and reaches no other transaction', async () => {
  const { db } = await freshDatabase(migrations)
  let kept: AnyTransaction | undefined
  await db.transaction(async (trx) => {
    kept = trx
    await sql`SELECT 1`.execute(trx.kysely())
  })
  await assert.rejects(sql`INSERT INTO teas (id, name) VALUES (1, 'late')`.execute(kept?.kysely() ?? assert.fail()))
  assert.deepEqual(await db.query('SELECT id FROM teas'), [])
})

test('a second row of the same key is told by its constraint, never by words', async () => {
  const { db } = await freshDatabase(migrations)
  const add = () => db.query("INSERT INTO teas (id, name) VALUES (1, 'a')")
  await add()
  await assert.rejects(add(), (error) => uniqueViolation(error) === 'teas_pkey' && sqlState(error) === '23505')
})

test('what a transaction notes is told after its commit, and never after a rollback', async () => {
  const { db } = await freshDatabase()
  const told: string[][] = []
  db.onCommit((topics) => told.push([...topics]))
  await assert.rejects(
    db.transaction(async () => {
      noteInTransaction('tea')
      throw new Error('rolled back')
    }),
  )
  await db.transaction(async () => {
    noteInTransaction('tea')
    assert.deepEqual(told, [])
  })
  assert.deepEqual(told, [['tea']])
})

test('a query that takes longer than its deadline rejects in time, and the next one is served', async () => {
  const { db } = await freshDatabase()
  const slow = () =>
    assert.rejects(
      db.withDeadline(100, () => db.query('SELECT pg_sleep(20)')),
      isUnavailable('timeout'),
    )
  const ms = await tookMs(slow)
  assert.ok(ms < 1_000, `${ms} ms`)
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }])
})

test('a deadline also ends a transaction that idles between two statements', async () => {
  const { db } = await freshDatabase(migrations)
  const held = db.withDeadline(50, () =>
    db.transaction(async (trx) => {
      await trx
        .kysely<Tables>()
        .insertInto('teas')
        .values({ id: 1, name: 'a', parts: jsonb([]), tm_create: '2026-01-01T00:00:00Z' })
        .execute()
      await new Promise((resolve) => systemClock.after(150, () => resolve(undefined)))
    }),
  )
  await assert.rejects(held, isUnavailable('timeout'))
  assert.deepEqual(await db.query('SELECT * FROM teas'), [])
})

test('who asked and went away gives its connection back', async () => {
  const { db } = await freshDatabase()
  const asker = new AbortController()
  const asked = db.withDeadline(60_000, () => db.query('SELECT pg_sleep(20)'), asker.signal)
  systemClock.after(50, () => asker.abort())
  await assert.rejects(asked, isUnavailable('aborted'))
  await assert.rejects(
    db.withDeadline(60_000, () => db.query('SELECT 1'), asker.signal),
    isUnavailable('aborted'),
  )
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }])
})

test('an inner deadline never outlasts an outer one', async () => {
  const { db } = await freshDatabase()
  const nested = () =>
    assert.rejects(
      db.withDeadline(100, () => db.withDeadline(60_000, () => db.query('SELECT pg_sleep(20)'))),
      isUnavailable('timeout'),
    )
  assert.ok((await tookMs(nested)) < 1_000)
})

test('more queries than may wait are refused at once', async (t) => {
  const { connection } = await freshDatabase()
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'small', size: 1, maxWaiters: 2 })
  t.after(() => db.close())
  await db.ready(5_000)
  const asked = Array.from({ length: 6 }, () =>
    db.query('SELECT pg_sleep(0.2)').then(
      () => 'answered',
      (error) => error.why,
    ),
  )
  const outcomes = await Promise.all(asked)
  assert.ok(outcomes.filter((each) => each === 'overloaded').length >= 3, outcomes.join())
  assert.ok(outcomes.includes('answered'))
})

test('while the server hangs queries reject in time and memory stays flat; when it wakes everything goes on by itself', async (t) => {
  const server = await ownServer(t)
  const db = openDatabase({ connection: server.connection, clock: systemClock, log: silentLog, name: 'test' })
  t.after(() => db.close())
  await db.ready(5_000)
  await db.query('SELECT 1')
  signalServer(server, 'SIGSTOP')
  t.after(() => signalServer(server, 'SIGCONT'))
  const beganMs = systemClock.monotonicMs()
  const heapBefore = process.memoryUsage().heapUsed
  let rejected = 0
  while (systemClock.monotonicMs() - beganMs < 3_000) {
    const asked = Array.from({ length: 50 }, () => db.withDeadline(100, () => db.query('SELECT 1')))
    for (const each of await Promise.allSettled(asked)) if (each.status === 'rejected') rejected++
  }
  assert.ok(rejected >= 500, `${rejected} rejected`)
  assert.equal(db.available(), false)
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 64 << 20)
  signalServer(server, 'SIGCONT')
  await eventually('the database answers again', () => db.available())
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }])
})

test('after a crash of the server queries are answered again without anybody doing anything', async (t) => {
  const server = await ownServer(t)
  const db: Database = openDatabase({ connection: server.connection, clock: systemClock, log: silentLog, name: 'test' })
  t.after(() => db.close())
  await db.ready(5_000)
  await db.query('SELECT 1')
  const hanging = assert.rejects(db.query('SELECT pg_sleep(20)'), isUnavailable('unreachable'))
  signalServer(server, 'SIGKILL')
  await hanging
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }])
})

test('what the server does for a thread that yields to calls yields to them, too', async (context) => {
  if (process.platform !== 'linux') return context.skip('priorities of threads are Linux')
  const { connection } = await freshDatabase()
  const asked = new Worker(new URL('./testing/yielding-thread.ts', import.meta.url), { workerData: connection })
  const [{ pid, priority }] = await once(asked, 'message')
  const shared = getPriority(pid)
  await asked.terminate()
  assert.equal(shared, priority)
  assert.ok(shared > getPriority(0))
})

test('a closed database answers nobody and leaves nobody waiting', async () => {
  const { db } = await freshDatabase()
  const asked = assert.rejects(db.query('SELECT pg_sleep(20)'), DatabaseUnavailable)
  await db.close()
  await asked
  await assert.rejects(db.query('SELECT 1'), isUnavailable('closed'))
})

test('once nobody wants the answer no further statement is begun; what runs ends in peace', async () => {
  const { db } = await freshDatabase(migrations)
  const leaver = new AbortController()
  const seen = await whileWanted(leaver.signal, async () => {
    const running = db.query<{ one: number }>('SELECT 1 AS one, pg_sleep(0.05)')
    await db.query('SELECT 1')
    leaver.abort()
    await assert.rejects(db.query('SELECT 2'), isUnavailable('aborted'))
    return running
  })
  assert.equal(seen[0]?.one, 1)
  await db.query('SELECT 3')
})

test('a fence writes into every transaction of some work, and what it throws undoes them', async () => {
  const { db } = await freshDatabase(migrations)
  const insert = (id: number) => (trx: AnyTransaction) =>
    trx
      .kysely<Tables>()
      .insertInto('teas')
      .values({ id, name: 'a', parts: jsonb([]), tm_create: '2026-01-01T00:00:00Z' })
      .execute()
  let id = 100
  await withFence(
    async (trx) => void (await insert(id++)(trx)),
    async () => {
      await db.transaction(insert(1))
      await db.withDeadline(5_000, () => db.transaction(insert(2)))
    },
  )
  const shut = new Error('the fence is shut')
  await assert.rejects(
    withFence(
      () => Promise.reject(shut),
      () => db.transaction(insert(3)),
    ),
    shut,
  )
  const rows = await db.query<{ id: number }>('SELECT id FROM teas ORDER BY id')
  assert.deepEqual(
    rows.map((row) => row.id),
    [1, 2, 100, 101],
  )
})

test('a statement that is asked often is prepared once; a change of its table fails one query, and the next one knows it', async () => {
  const { connection } = await freshDatabase(migrations)
  const db = openDatabase({ connection, clock: systemClock, log: silentLog, name: 'test', size: 1 })
  const ask = () => db.kysely<Tables>().selectFrom('teas').selectAll().where('id', '=', 1).execute()
  for (let times = 0; times < 20; times++) await ask()
  const [prepared] = await db.query<{ count: number; plans: number }>(
    'SELECT count(*), sum(generic_plans + custom_plans)::bigint AS plans FROM pg_prepared_statements',
  )
  assert.deepEqual(prepared, { count: 1, plans: 11 })
  await db.query('ALTER TABLE teas ADD COLUMN origin text')
  await assert.rejects(ask(), isUnavailable('unreachable'))
  assert.deepEqual(await ask(), [])
  await db.close()
})
