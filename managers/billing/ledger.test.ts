import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import type { AccountStart } from './account.ts'
import type { BillingRecord } from './billing.ts'
import { billingErrors } from './errors.ts'
import { migrations } from './migrations/index.ts'
import { BillingService } from './service.ts'

const { db } = await freshDatabase(migrations)
const clock = new ManualClock()
const billing = new BillingService({ db, clock, ids: systemIds })
const uuid = systemIds.uuid

async function customer(start: AccountStart = {}) {
  const id = uuid()
  await db.transaction((trx) => billing.createAccount(trx, id, start))
  return id
}
const sms = (reference_id = uuid(), count = 1) =>
  ({ cost_type: 'sms', reference_type: 'sms', reference_id, count }) as const
const virtualCall = (reference_id: string, seconds: number) => {
  const at = timestamp(clock.wallMs())
  const times = { tm_billing_start: at, tm_billing_end: at, seconds }
  return { cost_type: 'call_vn', reference_type: 'call', reference_id, ...times } as const
}
const charge = (id: string, what: Parameters<typeof billing.charge>[2]) =>
  db.transaction((trx) => billing.charge(trx, id, what))
const settle = (id: string, what: Parameters<typeof billing.settle>[2]) =>
  db.transaction((trx) => billing.settle(trx, id, what))
const rows = (id: string) =>
  db.query<BillingRecord>('select * from billings where customer_id = $1 order by tm_create, id', [id])
async function balance(id: string) {
  const [account] = await db.query<{ credit: number; token: number }>(
    'select balance_credit as credit, balance_token as token from billing_accounts where customer_id = $1',
    [id],
  )
  return account
}

test('what a new account starts with is the first row of its ledger', async () => {
  const [row] = await rows(await customer({ balance_credit: 7 }))
  assert.equal(row?.transaction_type, 'top_up')
  assert.equal(row?.reference_type, 'monthly_allowance')
  assert.deepEqual([row?.amount_token, row?.amount_credit], [100, 7])
  assert.deepEqual([row?.balance_token_snapshot, row?.balance_credit_snapshot], [100, 7])
})

test('a charge takes from the balance and says what it was computed from', async () => {
  const id = await customer({ balance_credit: 25_000 })
  const row = await charge(id, sms(uuid(), 2))
  assert.deepEqual([row.amount_credit, row.balance_credit_snapshot, row.billable_units], [-20_000, 5_000, 2])
  assert.deepEqual([row.rate_deck_version, row.rate_credit_per_unit, row.rate_unit_seconds], [1, 10_000, 0])
  assert.deepEqual(await balance(id), { credit: 5_000, token: 100 })
  await assert.rejects(charge(id, sms()), billingErrors.INSUFFICIENT_BALANCE.is)
  assert.deepEqual(await balance(id), { credit: 5_000, token: 100 })
})

test('the same thing is charged once, however many ask at once', async () => {
  const id = await customer({ balance_credit: 1_000_000 })
  const one = sms()
  const got = await Promise.all(Array.from({ length: 8 }, () => charge(id, one)))
  assert.equal(new Set(got.map((row) => row.id)).size, 1)
  assert.deepEqual(await balance(id), { credit: 990_000, token: 100 })
})

test('charges at once do not pass the balance together', async () => {
  const id = await customer({ balance_credit: 35_000 })
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => charge(id, sms())))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
  assert.deepEqual(await balance(id), { credit: 5_000, token: 100 })
})

test('a use that is over is charged whatever is left, tokens first, and once', async () => {
  const id = await customer({ balance_credit: 500 })
  const call = uuid()
  const row = await settle(id, virtualCall(call, 135))
  assert.deepEqual([row.usage_duration, row.billable_units, row.amount_token, row.amount_credit], [135, 3, -3, 0])
  assert.equal((await settle(id, virtualCall(call, 9_999))).id, row.id)
  const long = await settle(id, virtualCall(uuid(), 60 * 100))
  assert.deepEqual([long.amount_token, long.amount_credit], [-97, -3_000])
  assert.deepEqual(await balance(id), { credit: -2_500, token: 0 })
})

test('a use that was noted at its beginning is priced and paid as it was then', async () => {
  const id = await customer({ balance_credit: 100 })
  const call = uuid()
  const { tm_billing_end: _, seconds: __, ...begun } = virtualCall(call, 0)
  const row = await db.transaction((trx) => billing.begin(trx, id, begun))
  assert.deepEqual([row.status, row.amount_token], ['progressing', 0])
  const ended = await settle(id, virtualCall(call, 61))
  assert.deepEqual([ended.id, ended.status, ended.amount_token], [row.id, 'end', -2])
  assert.equal((await rows(id)).filter(({ reference_id }) => reference_id === call).length, 1)
})

test('the unlimited plan is recorded and pays nothing', async () => {
  const id = await customer({ plan_type: 'unlimited' })
  const row = await charge(id, sms(uuid(), 5))
  assert.deepEqual([row.billable_units, row.amount_credit, row.enforced], [5, 0, false])
  assert.deepEqual(await balance(id), { credit: 0, token: 0 })
})

test('a charge whose thing came to nothing is given back once, by the account that paid, as it was paid', async () => {
  const id = await customer({ balance_credit: 50_000 })
  const [one, never] = [sms(), sms()]
  await charge(id, one)
  const refund = (what: typeof one) => db.transaction((trx) => billing.refund(trx, what, 'not delivered'))
  const back = await Promise.all([refund(one), refund(one)])
  assert.equal(back[0]?.id, back[1]?.id)
  assert.deepEqual([back[0]?.transaction_type, back[0]?.amount_credit, back[0]?.customer_id], ['refund', 10_000, id])
  assert.equal(await refund(never), undefined)
  assert.deepEqual(await balance(id), { credit: 50_000, token: 100 })
})

test('what a suspended account asks for is refused, and what it has used is charged', async () => {
  const id = await customer({ balance_credit: 1_000_000 })
  await db.transaction((trx) => billing.setStatus(trx, id, 'frozen'))
  await assert.rejects(charge(id, sms()), billingErrors.ACCOUNT_SUSPENDED.is)
  assert.equal((await settle(id, virtualCall(uuid(), 1))).amount_token, -1)
})
