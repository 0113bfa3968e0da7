import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { eventually, freshDatabase } from '#testkit'
import { SYSTEM_CUSTOMER_ID } from './check.ts'
import { migrations } from './migrations/index.ts'
import { BillingService } from './service.ts'

const { db } = await freshDatabase(migrations)
const billing = new BillingService({ db, clock: new ManualClock(), ids: systemIds })

async function customer(start = {}) {
  const id = systemIds.uuid()
  await db.transaction((trx) => billing.createAccount(trx, id, start))
  return id
}

test('a new customer may call a virtual number by its tokens, but buys no number without credit', async () => {
  const id = await customer()
  assert.deepEqual(await billing.mayStart(id, 'call'), { ok: true })
  assert.deepEqual(await billing.mayStart(id, 'number'), { ok: false, refusal: 'insufficient_balance' })
  const rich = await customer({ balance_credit: 5_000_000 })
  assert.deepEqual(await billing.mayStart(rich, 'number'), { ok: true })
  assert.deepEqual(await billing.mayStart(rich, 'number', 2), { ok: false, refusal: 'insufficient_balance' })
})

test('with tokens and credit gone, paid calls are refused and free legs pass; a frozen account refuses both', async () => {
  const id = await customer()
  await db.query('update billing_accounts set balance_token = 0 where customer_id = $1', [id])
  assert.deepEqual(await billing.mayStart(id, 'call'), { ok: false, refusal: 'insufficient_balance' })
  assert.deepEqual(await billing.mayStart(id, 'call_extension'), { ok: true })
  await db.query(`update billing_accounts set status = 'frozen' where customer_id = $1`, [id])
  assert.deepEqual(await billing.mayStart(id, 'call_extension'), { ok: false, refusal: 'account_suspended' })
})

test('the platform’s own customer always passes; a customer without an account never', async () => {
  assert.deepEqual(await billing.mayStart(SYSTEM_CUSTOMER_ID, 'number', 1_000), { ok: true })
  assert.deepEqual(await billing.mayStart(systemIds.uuid(), 'call'), { ok: false, refusal: 'no_account' })
})

test('a customer has one account, and opening it is announced inside the platform', async () => {
  const id = await customer()
  await assert.rejects(db.transaction((trx) => billing.createAccount(trx, id)))
  const events = await db.query<{ type: string; public: boolean }>(
    'select type, public from event_inbox where customer_id = $1',
    [id],
  )
  assert.deepEqual(events, [
    { type: 'account_created', public: false },
    { type: 'billing_created', public: false },
  ])
})

test('plans allow more with each step, and those who count at once take turns', async () => {
  const limit = (id: string) => db.transaction((trx) => billing.lockLimit(trx, id, 'extensions'))
  assert.equal(await limit(await customer()), 5)
  assert.equal(await limit(await customer({ plan_type: 'basic' })), 50)
  assert.equal(await limit(await customer({ plan_type: 'professional' })), 500)
  assert.equal(await limit(await customer({ plan_type: 'unlimited' })), Number.POSITIVE_INFINITY)

  const id = await customer()
  const order: string[] = []
  const waiting = async () =>
    (await db.query("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
      .length
  let second: Promise<unknown> = Promise.resolve()
  await db.transaction(async (trx) => {
    await billing.lockLimit(trx, id, 'agents')
    second = limit(id).then(() => order.push('second'))
    await eventually('the second one waits', async () => (await waiting()) === 1)
    order.push('first')
  })
  await second
  assert.deepEqual(order, ['first', 'second'])
})
