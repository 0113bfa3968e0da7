import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import { assertReason, type Json, TestAccounts } from '#testkit'
import { appendEvents, LEDGER_MOVED } from './index.ts'

const accounts = await TestAccounts.start()
const { db, bus } = accounts

async function pour(customer: string, types: readonly string[]): Promise<void> {
  const tea = { customer_id: customer, resource: 'tea', resource_id: systemIds.uuid(), activeflow_id: NIL_UUID }
  const made = types.map((type) => ({ ...tea, type, public: true, data: { customer_id: customer } }))
  await db.transaction((trx) => appendEvents(trx, made))
  await db.query('SELECT ledger_move(1000)')
  bus.publish(LEDGER_MOVED, { customers: [customer] })
}

const numbers = (body: Json) => body.result.map(({ sequence }: Json) => sequence)

test('events are read in order from a cursor on, by type, and how far they go is said', async () => {
  const { id, admin, agent } = await accounts.customer()
  await pour(id, ['tea_made', 'tea_poured', 'tea_made'])
  const first = await admin.get('/v1.0/events?page_size=2')
  assert.deepEqual(
    [numbers(first.body), first.body.next_after, first.body.missing, first.body.latest],
    [[1, 2], 2, null, 3],
  )
  const some = await admin.get('/v1.0/events?types=tea_poured,tea_drunk')
  assert.deepEqual([numbers(some.body), some.body.next_after], [[2], 3])
  assert.deepEqual((await admin.get('/v1.0/events?after=99')).body, {
    ...{ result: [], next_after: 99, missing: null, latest: 3 },
  })
  for (const query of ['after=-1', 'after=x', 'types=', 'types=Tea', 'wait=31', 'page_size=x'])
    assert.equal((await admin.get(`/v1.0/events?${query}`)).status, 400, query)
  const { client } = await agent(Permission.CustomerAgent)
  assertReason(await client.get('/v1.0/events'), 403, 'PERMISSION_DENIED')
})

test('a request that waits is answered by the next event of its types, and by nobody else’s', async () => {
  const [mine, other] = [await accounts.customer(), await accounts.customer()]
  const startMs = systemClock.monotonicMs()
  const waiting = mine.admin.get('/v1.0/events?types=tea_drunk&wait=30')
  await pour(other.id, ['tea_drunk'])
  await pour(mine.id, ['tea_made'])
  await pour(mine.id, ['tea_drunk'])
  const { body } = await waiting
  assert.deepEqual([numbers(body), body.next_after, body.latest], [[2], 2, 2])
  assert.ok(systemClock.monotonicMs() - startMs < 20_000)
})

test('who comes later than events are kept is told at once what is gone, also while it would wait', async () => {
  const { id, admin } = await accounts.customer()
  await pour(id, ['tea_made', 'tea_poured', 'tea_drunk'])
  await db.query(`select ledger_give_up_before('9999-01-01')`)
  await pour(id, ['tea_made'])
  const { body } = await admin.get('/v1.0/events?after=1&types=tea_spilt&wait=30')
  assert.deepEqual(body, { result: [], next_after: 4, missing: { first: 2, last: 3 }, latest: 4 })
  const whole = (await admin.get('/v1.0/events')).body
  assert.deepEqual([numbers(whole), whole.missing], [[4], { first: 1, last: 3 }])
  assert.equal((await admin.get('/v1.0/events?after=3')).body.missing, null)
})
