import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import type { AccountStart } from './account.ts'
import type { BillingRecord } from './billing.ts'
import type { EndedUsage } from './charge.ts'
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
const settleAll = async (id: string, usages: readonly EndedUsage[]) => {
  const payer = await billing.accounts.ofCustomer(id)
  return db.transaction((trx) => billing.ledger.settle(trx, id, payer.id, usages))
}
const settle = async (id: string, usage: EndedUsage) => {
  const [row] = await settleAll(id, [usage])
  assert.ok(row)
  return row
}
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

test('uses that are charged together cost what each alone would, and none takes what was set aside for another', async () => {
  const id = await customer({ balance_credit: 1_000_000 })
  const [first, second] = [virtualCall(uuid(), 60 * 150), virtualCall(uuid(), 60 * 40)]
  const before = await settle(id, virtualCall(uuid(), 60))
  const made = await settleAll(id, [
    { ...first, reserved: { token: 70, credit: 0 } },
    { ...second, reserved: { token: 29, credit: 0 } },
    second,
    { ...virtualCall(before.reference_id, 9_999) },
  ])
  const paid = made.map(({ amount_token, amount_credit }) => [amount_token, amount_credit])
  assert.deepEqual(paid, [
    [-70, -80_000],
    [-29, -11_000],
    [-29, -11_000],
    [-1, 0],
  ])
  assert.equal(made[1]?.id, made[2]?.id)
  assert.equal(made[3]?.id, before.id)
  const snapshots = made.slice(0, 2).map((row) => [row.balance_token_snapshot, row.balance_credit_snapshot])
  assert.deepEqual(snapshots, [
    [29, 920_000],
    [0, 909_000],
  ])
  assert.equal((await rows(id)).length, 4)
  assert.deepEqual(await balance(id), { credit: 909_000, token: 0 })
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
