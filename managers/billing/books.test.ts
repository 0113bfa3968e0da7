import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { timestamp } from '#platform/time'
import { assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start({ billingEnforced: false })
const { db, clock, billing, auditor } = accounts
const root = await accounts.superAdmin()
const DAY = 86_400_000
const signal = new AbortController().signal

async function account(start = {}) {
  const { id, admin } = await accounts.customer({ billing: start })
  const { id: account_id } = (await admin.get('/v1.0/billing_account')).body
  return { id, admin, account_id, read: () => billing.accounts.get(account_id) }
}
async function topUp(): Promise<number> {
  let topped = 0
  for (let some = 1; some > 0; topped += some) some = await billing.topUp.topUpSome()
  return topped
}

test('a clock that was years ahead for a moment does not keep an account from its next month', async () => {
  const { account_id, read } = await account()
  const { tm_next_topup } = await read()
  await accounts.sql(`update billing_accounts set tm_next_topup = now() + interval '90 years' where id = $1`, [
    account_id,
  ])
  await topUp()
  assert.equal((await read()).tm_next_topup, tm_next_topup)
})

test('where billing is off nothing is refused or paid, and what was used is on record', async () => {
  const { id, admin, read } = await account()
  assert.deepEqual(await billing.mayStart(id, 'number', 1_000), { ok: true })
  clock.advance(1)
  const charge = { cost_type: 'number', reference_type: 'number', reference_id: systemIds.uuid() } as const
  await db.transaction((trx) => billing.charge(trx, id, charge))
  assert.equal((await read()).balance_credit, 0)
  const [row] = (await admin.get('/v1.0/billings')).body.result
  assert.deepEqual(
    [row.cost_type, row.rate_credit_per_unit, row.amount_credit, row.enforced],
    ['number', 5_000_000, 0, false],
  )
})

test('books that are right are found right, and a balance that is not the sum of its rows is named', async () => {
  assert.equal((await root.get('/v1.0/billings/audit')).body.tm_audit, null)
  assert.equal(await auditor.health(), true)
  const right = await auditor.run(signal)
  assert.deepEqual([right.unbalanced, right.uncharged], [[], []])
  assert.ok(right.accounts > 2)
  const { account_id } = await account({ balance_credit: 5 })
  await accounts.sql('update billing_accounts set balance_credit = 6 where id = $1', [account_id])
  clock.advance(1)
  await auditor.run(signal)
  assert.equal(await auditor.health(), false)
  const { body } = await root.get('/v1.0/billings/audit')
  assert.deepEqual(body.unbalanced, [
    {
      account_id,
      booked: { amount_token: 100, amount_credit: 5 },
      balance: { amount_token: 100, amount_credit: 6 },
    },
  ])
  await accounts.sql('update billing_accounts set balance_credit = 5 where id = $1', [account_id])
  assert.equal(await auditor.health(), true, 'an old result does not say what is mended since')
  clock.advance(1)
  await auditor.run(signal)
  clock.advance(3 * 3_600_000 + 1)
  assert.equal(await auditor.health(), 'stale')
  await auditor.run(signal)
  assert.equal(await auditor.health(), true)
})

test('money that is held for what must be over is found, and what may go on is left alone', async () => {
  const { id, account_id } = await account()
  const hold = async (hoursAgo: number, unit_seconds: number, status = 'open') => {
    const reference_id = systemIds.uuid()
    const moment = timestamp(clock.wallMs() - hoursAgo * 3_600_000)
    await db.query(
      `insert into reservations values (gen_random_uuid(), $1, $2, 'call', $3, 'call_pstn_outgoing', '', $4, '', '', $5,
         1, 0, 0, 0, null, '', $6, $6, null)`,
      [id, account_id, reference_id, { unit_seconds }, status, moment],
    )
    return reference_id
  }
  const stuck = await hold(3, 60)
  await hold(2, 60)
  await hold(3, 7_200)
  await hold(3, 60, 'settled')
  clock.advance(1)
  await auditor.run(signal)
  assert.deepEqual((await root.get('/v1.0/billings/audit')).body.stuck, [
    { reference_type: 'call', reference_id: stuck },
  ])
  assert.equal(await auditor.health(), false)
  await db.query(`update reservations set status = 'released' where reference_id = $1`, [stuck])
  assert.equal(await auditor.health(), true, 'it is held no more')
})

test('without a payment provider its portal and its notices say so', async () => {
  const { admin } = await account()
  for (const path of ['/billing_account/paddle_portal_session', '/billing/paddle'])
    assertReason(await admin.post(`/v1.0${path}`), 409, 'PAYMENT_PROVIDER_NOT_CONFIGURED', 'billing-manager')
})

test('on the first of a month tokens are what the plan gives, once, whoever does it; the row says the difference', async () => {
  const { admin, account_id, read } = await account({ plan_type: 'basic' })
  await root.post(`/v1.0/billing_accounts/${account_id}/token_subtract_force`, { token: 300 })
  assert.equal(await billing.topUp.topUpSome(), 0)
  clock.advance(32 * DAY)
  await Promise.all([topUp(), topUp()])
  assert.equal((await read()).balance_token, 1_000)
  const [row] = (await admin.get('/v1.0/billings')).body.result
  assert.deepEqual(
    [row.transaction_type, row.reference_type, row.amount_token, row.note],
    ['top_up', 'monthly_allowance', 300, 'allowance 1000'],
  )
  assert.equal(await topUp(), 0)
})
