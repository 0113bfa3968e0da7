import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { type AnyTransaction, type Database, DatabaseUnavailable } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock } from '#platform/time'
import { apiClient, assertReason, freshDatabase } from '#testkit'
import type { Request } from '../endpoint.ts'
import { apiErrors } from '../errors.ts'
import { httpMigrations } from '../migrations/index.ts'
import { probe, startServer } from '../test-server.ts'
import { Idempotency } from './idempotency.ts'

const migrations = [
  ...httpMigrations,
  { owner: 'tea', name: '0001', sql: 'CREATE TABLE cups (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL)' },
]
type Ask = Request<never, never, { name: string }>

/** A tea house: `POST /v1.0/cups` fills a cup, in a transaction, and then does what the test says. */
async function teaHouse(db: Database, afterwards: (ask: Ask, fill: () => Promise<number>) => Promise<unknown>) {
  const fill = (name: string) =>
    db.transaction(async (trx: AnyTransaction) => {
      const cups = trx.kysely<{ cups: { id: number; name: string } }>().insertInto('cups')
      return (
        await cups
          .values({ name } as never)
          .returning('id')
          .executeTakeFirstOrThrow()
      ).id
    })
  const route = probe((ask: Ask) => afterwards(ask, () => fill(ask.body.name)) as never, {
    ...{ method: 'POST' as const, path: '/cups/{table}', allow: 'customer' as const },
    params: Type.Object({ table: Type.String() }),
    body: Type.Object({ name: Type.String() }),
    returns: Type.Object({ id: Type.Integer() }),
  })
  const idempotency = new Idempotency({ db, clock: systemClock, ids: systemIds, log: silentLog })
  const at = await startServer([route], { idempotency })
  const ask = (key: string | undefined, name = 'earl', { token = 'agent', table = '1' } = {}) =>
    apiClient(at.url, { token }).post(
      `/v1.0/cups/${table}`,
      { name },
      key === undefined ? {} : { 'idempotency-key': key },
    )
  return { ...at, ask }
}

/** Lets time pass until something has happened. */
async function turned<R>(clock: ManualClock, promise: Promise<R>): Promise<R> {
  let pending = true
  const settle = () => {
    pending = false
  }
  promise.then(settle, settle)
  while (pending) {
    clock.advance(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return promise
}

const cups = async (db: Database) => (await db.query('SELECT 1 FROM cups')).length
const pour = async (_: Ask, fill: () => Promise<number>) => ({ id: await fill() })

test('a repeat with the same key gets the first answer and does nothing, also after a restart', async () => {
  const { db } = await freshDatabase(migrations)
  const first = await (async () => {
    await using at = await teaHouse(db, pour)
    return await at.ask('monday')
  })()
  assert.equal(first.headers.get('idempotent-replayed'), null)
  await using at = await teaHouse(db, pour)
  const again = await at.ask('monday')
  assert.deepEqual([again.status, again.text], [first.status, first.text])
  assert.equal(again.headers.get('idempotent-replayed'), 'true')
  assert.equal(await cups(db), 1)
  assert.notEqual((await at.ask('tuesday')).text, first.text)
  assert.equal(await cups(db), 2)
  await at.ask(undefined)
  await at.ask(undefined)
  assert.equal(await cups(db), 4)
})

test('fifty repeats at the same moment do the work once and all get its answer', async () => {
  const { db } = await freshDatabase(migrations)
  await using one = await teaHouse(db, pour)
  await using other = await teaHouse(db, pour)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, nth) => (nth % 2 === 0 ? one : other).ask('rush')))
  assert.deepEqual([...new Set(answers.map(({ status, text }) => `${status} ${text}`))].length, 1)
  assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1)
  assert.equal(await cups(db), 1)
})

test('the key belongs to the request: another body is refused, another agent or another path has keys of its own', async () => {
  const { db } = await freshDatabase(migrations)
  await using at = await teaHouse(db, pour)
  await at.ask('k')
  const refusal = await at.ask('k', 'grey')
  assertReason(refusal, 400, 'INVALID_ARGUMENT')
  assert.equal(refusal.body.error.details[0].field, 'Idempotency-Key')
  assert.equal(await cups(db), 1)
  assert.equal((await at.ask('k', 'grey', { token: 'vb_admin' })).status, 200)
  assert.equal((await at.ask('k', 'grey', { table: '2' })).status, 200)
  assert.equal(await cups(db), 3)
})

test('a refusal of the caller is repeated in the same words under its own request id', async () => {
  const { db } = await freshDatabase(migrations)
  let asked = 0
  await using at = await teaHouse(db, async () => {
    asked++
    throw apiErrors.STATE_INVALID({ issue: 'The kettle is cold.' })
  })
  const first = await at.ask('cold')
  const again = await at.ask('cold')
  for (const answer of [first, again]) {
    assertReason(answer, 409, 'STATE_INVALID')
    assert.equal(answer.body.error.request_id, answer.headers.get('x-request-id'))
    assert.equal(answer.body.error.message, 'The kettle is cold.')
  }
  assert.notEqual(first.body.error.request_id, again.body.error.request_id)
  assert.equal(asked, 1)
})

test('what the platform could not do, and what came too fast, is done when it is asked again', async () => {
  const { db } = await freshDatabase(migrations)
  const failures = [
    apiErrors.SERVICE_UNAVAILABLE(),
    apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: 1 }),
    new Error('the kettle broke'),
  ]
  await using at = await teaHouse(db, async (ask, fill) => {
    const failure = failures.shift()
    if (failure) throw failure
    return pour(ask, fill)
  })
  assertReason(await at.ask('again'), 503, 'SERVICE_UNAVAILABLE')
  assertReason(await at.ask('again'), 429, 'RATE_LIMIT_EXCEEDED')
  assertReason(await at.ask('again'), 500, 'INTERNAL')
  assert.equal((await at.ask('again')).status, 200)
  assert.equal(await cups(db), 1)
})

test('what was committed before the platform failed is never done twice: the repeat says so', async () => {
  const { db } = await freshDatabase(migrations)
  await using at = await teaHouse(db, async (_, fill) => {
    await fill()
    throw new DatabaseUnavailable('unreachable')
  })
  assertReason(await at.ask('half'), 503, 'SERVICE_UNAVAILABLE')
  const again = await at.ask('half')
  assertReason(again, 409, 'STATE_INVALID')
  assert.match(again.body.error.message, /carried out/)
  assert.equal(await cups(db), 1)
})

test('a run that vanished before it did anything is replaced, and shut out when it comes back', async () => {
  const { db } = await freshDatabase(migrations)
  const held = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  let first = true
  await using at = await teaHouse(db, async (ask, fill) => {
    if (first) {
      first = false
      entered.resolve()
      await held.promise
    }
    return pour(ask, fill)
  })
  const slow = at.ask('lost')
  await entered.promise
  // what a crash of the process leaves behind, once its lease is over
  await db.query("UPDATE idempotency_keys SET tm_lease = now() - interval '1 second'")
  assert.equal((await at.ask('lost')).status, 200)
  held.resolve()
  assertReason(await slow, 503, 'REQUEST_TIMEOUT')
  assert.equal(await cups(db), 1)
})

test('a repeat that comes before the first one has ended waits for it, and is told in time when that takes too long', async () => {
  const { db } = await freshDatabase(migrations)
  const held = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const clock = new ManualClock()
  const route = probe(
    async () => {
      entered.resolve()
      await held.promise
      return { name: 'done' }
    },
    { method: 'POST', path: '/slow' },
  )
  const idempotency = new Idempotency({ db, clock, ids: systemIds, log: silentLog })
  await using at = await startServer([route], { idempotency, clock })
  const ask = () => apiClient(at.url).post('/v1.0/slow', {}, { 'idempotency-key': 'slow' })
  const first = ask()
  await entered.promise
  const impatient = ask()
  for (const each of await turned(clock, Promise.all([first, impatient]))) assertReason(each, 503, 'REQUEST_TIMEOUT')
  const patient = ask()
  held.resolve()
  const answer = await patient
  assert.deepEqual([answer.status, answer.body], [200, { name: 'done' }])
})

test('keys are 1 to 255 printable characters; on what is no POST they mean nothing', async () => {
  const { db } = await freshDatabase(migrations)
  await using at = await teaHouse(db, pour)
  for (const key of ['', 'x'.repeat(256), 'caf\u00e9']) {
    const refusal = await at.ask(key)
    assertReason(refusal, 400, 'INVALID_ARGUMENT')
    assert.equal(refusal.body.error.details[0].field, 'Idempotency-Key')
  }
  assert.equal((await at.ask('x'.repeat(255))).status, 200)
  const get = await apiClient(at.url).send('GET', '/ping', { headers: { 'idempotency-key': '' } })
  assert.equal(get.status, 200)
})

test('a token that was shown once cannot be read in the database', async () => {
  const { db } = await freshDatabase(migrations)
  await using at = await teaHouse(db, async () => ({ id: 7_316_552_900 }))
  const { text } = await at.ask('secret-key')
  const [row] = await db.query<{ everything: string }>(
    "SELECT encode(answer, 'escape') || encode(key, 'escape') AS everything FROM idempotency_keys",
  )
  assert.ok(row && !row.everything.includes('7316552900') && !row.everything.includes('secret-key'))
  assert.equal((await at.ask('secret-key')).text, text)
})

test('keys are kept for a day and forgotten then', async () => {
  const { db } = await freshDatabase(migrations)
  const clock = new ManualClock()
  const idempotency = new Idempotency({ db, clock, ids: systemIds, log: silentLog })
  await using at = await teaHouse(db, pour)
  for (const key of ['old', 'young']) await at.ask(key)
  await db.query(
    "UPDATE idempotency_keys SET tm_create = now() - CASE WHEN tm_create = (SELECT min(tm_create) FROM idempotency_keys) THEN interval '26 hours' ELSE interval '24 hours' END",
  )
  await idempotency.forgetOld()
  assert.equal((await at.ask('young')).headers.get('idempotent-replayed'), 'true')
  assert.equal((await at.ask('old')).headers.get('idempotent-replayed'), null)
})
