import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { systemIds } from '#platform/ids'
import { assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'

async function customer(start = {}) {
  accounts.clock.advance(1)
  const made = await accounts.customer({ billing: start })
  const { id: account_id } = (await made.admin.get('/v1.0/billing_account')).body
  return { ...made, account_id, account: `/v1.0/billing_accounts/${account_id}` }
}
const charge = (id: string, cost_type: 'sms' | 'number' = 'sms') => {
  accounts.clock.advance(1)
  const reference = { reference_type: cost_type, reference_id: systemIds.uuid() } as const
  return accounts.db.transaction((trx) => accounts.billing.charge(trx, id, { cost_type, ...reference }))
}

test('a customer reads its account without the status that the operator sees, and names it', async () => {
  const { admin, account, id, agent } = await customer()
  const { body } = await admin.get('/v1.0/billing_account')
  assert.equal(body.customer_id, id)
  assert.deepEqual(
    [body.plan_type, body.plan_status, body.balance_credit, body.balance_token],
    ['free', 'active', 0, 100],
  )
  assert.equal('status' in body, false)
  assert.equal('paddle_customer_id' in body, false)
  assert.equal((await admin.put('/v1.0/billing_account', { name: 'ours', detail: 'x' })).body.name, 'ours')
  const paid = await admin.put('/v1.0/billing_account/payment_info', { payment_method: 'credit card' })
  assert.deepEqual([paid.body.payment_method, paid.body.name], ['credit card', 'ours'])
  assertReason(await admin.put('/v1.0/billing_account/payment_info', { payment_type: 'gold' }), 400, 'INVALID_ARGUMENT')
  assert.equal((await root.get(account)).body.status, 'active')
  const { client } = await agent(Permission.CustomerManager)
  assertReason(await client.get('/v1.0/billing_account'), 403, 'PERMISSION_DENIED')
  assertReason(await admin.get(account), 403, 'PERMISSION_DENIED')
})

test('the operator lists accounts and changes names, payment and plan; tokens wait for the next top-up', async () => {
  const { account, account_id } = await customer()
  const { body } = await root.get('/v1.0/billing-accounts?page_size=1')
  assert.equal(body.result[0].id, account_id)
  assert.ok(body.next_page_token)
  assert.equal((await root.put(account, { name: 'n', detail: 'd' })).body.detail, 'd')
  assert.equal((await root.put(`${account}/payment_info`, { payment_type: '' })).body.payment_type, '')
  const plan = await root.put(`${account}/plan_type`, { plan_type: 'basic' })
  assert.deepEqual([plan.body.plan_type, plan.body.balance_token], ['basic', 100])
  assertReason(await root.put(`${account}/plan_type`, { plan_type: 'gold' }), 400, 'INVALID_ARGUMENT')
  for (const path of ['', '/payment_info', '/plan_type', '/status'])
    assertReason(
      await root.put(`/v1.0/billing_accounts/${UNKNOWN}${path}`, { plan_type: 'free', status: 'active' }),
      404,
      'BILLING_ACCOUNT_NOT_FOUND',
      'billing-manager',
    )
  assertReason(await root.get('/v1.0/billing_accounts/x'), 400, 'INVALID_ID')
})

test('credit is added in dollars or exactly in micros, taken below zero, and each movement is a row', async () => {
  const { admin, account } = await customer()
  const post = (path: string, body: object) => {
    accounts.clock.advance(1)
    return root.post(`${account}/${path}`, body)
  }
  assert.equal((await post('balance_add_force', { balance: 12.345678 })).body.balance_credit, 12_345_678)
  accounts.clock.advance(1)
  const alias = account.replace('billing_accounts', 'billing-accounts')
  assert.equal((await root.post(`${alias}/balance-add`, { balance_micros: 1 })).body.balance_credit, 12_345_679)
  assert.equal((await post('balance_subtract_force', { balance: 20 })).body.balance_credit, -7_654_321)
  assert.equal((await post('token_add_force', { token: 5 })).body.balance_token, 105)
  assert.equal((await post('token_subtract_force', { token: 200 })).body.balance_token, -95)
  const { result } = (await admin.get('/v1.0/billings')).body
  assert.deepEqual(
    result.map((row: Record<string, unknown>) => [row.reference_type, row.amount_credit, row.amount_token]),
    [
      ['token_adjustment', 0, -200],
      ['token_adjustment', 0, 5],
      ['credit_adjustment', -20_000_000, 0],
      ['credit_adjustment', 1, 0],
      ['credit_adjustment', 12_345_678, 0],
      ['monthly_allowance', 0, 100],
    ],
  )
})

test('an amount that is negative, none, huge, fractional or given twice is refused and names its field', async () => {
  const { account } = await customer()
  const add = (body: object) => root.post(`${account}/balance_add_force`, body)
  for (const body of [{ balance: -1 }, { balance: 0 }, { balance: 1e12 }, { balance: 1e-9 }, { balance_micros: -5 }])
    assertReason(await add(body), 400, 'INVALID_ARGUMENT')
  assert.match((await add({ balance: -1 })).body.error.details[0].field, /balance/)
  assertReason(await add({ balance: 1, balance_micros: 1 }), 400, 'INVALID_ARGUMENT')
  assertReason(await add({}), 400, 'INVALID_ARGUMENT')
  assertReason(await add({ balance_micros: 1.5 }), 400, 'INVALID_JSON_BODY')
  assertReason(await root.post(`${account}/token_add_force`, { token: 0.5 }), 400, 'INVALID_JSON_BODY')
  for (let times = 0; times < 9; times++) await add({ balance: 1e9 })
  const beyond = await add({ balance: 1e9 })
  assertReason(beyond, 400, 'INVALID_ARGUMENT')
  assert.equal(beyond.body.error.details[0].field, 'balance')
  assert.equal((await root.get(account)).body.balance_credit, 9e15)
})

test('two top-ups at once both count', async () => {
  const { account } = await customer()
  await Promise.all([1, 2, 3, 4].map((balance) => root.post(`${account}/balance_add_force`, { balance })))
  assert.equal((await root.get(account)).body.balance_credit, 10_000_000)
})

test('a row of the ledger is its customer’s alone', async () => {
  const [one, other] = [await customer({ balance_credit: 1_000_000 }), await customer()]
  const { id } = await charge(one.id)
  const { body } = await one.admin.get(`/v1.0/billings/${id}`)
  assert.deepEqual([body.cost_type, body.amount_credit, body.rate_deck_version], ['sms', -10_000, 1])
  for (const answer of [
    await other.admin.get(`/v1.0/billings/${id}`),
    await one.admin.get(`/v1.0/billings/${UNKNOWN}`),
  ])
    assertReason(answer, 404, 'BILLING_NOT_FOUND', 'billing-manager')
  assertReason(await one.admin.get('/v1.0/billings/x'), 400, 'INVALID_REQUEST_PARAMETER')
})

test('what a customer uses is paid by the account that it was pointed at, whose owner alone may change it', async () => {
  const [payer, user] = [await customer({ balance_credit: 1_000_000 }), await customer()]
  await root.put(`/v1.0/customers/${user.id}/billing_account_id`, { billing_account_id: payer.account_id })
  await charge(user.id)
  assert.equal((await root.get(payer.account)).body.balance_credit, 990_000)
  assert.equal((await user.admin.get('/v1.0/billing_account')).body.id, payer.account_id)
  assertReason(await user.admin.put('/v1.0/billing_account', { name: 'mine' }), 403, 'PERMISSION_DENIED')
  const [row] = (await user.admin.get('/v1.0/billings')).body.result
  assert.deepEqual([row.customer_id, row.account_id], [user.id, payer.account_id])
  await root.delete(`/v1.0/customers/${payer.id}`)
  assertReason(await user.admin.get('/v1.0/billing_account'), 409, 'STATE_INVALID')
})

test('who wants to know is told once when its credit falls below what it has named', async () => {
  const { id, admin } = await customer({ balance_credit: 25_000 })
  await charge(id)
  assert.equal((await admin.put('/v1.0/billing_account', { low_balance: 10_000 })).body.low_balance, 10_000)
  await charge(id)
  const told = (await accounts.announced(id)).filter((event) => event.public && event.type.startsWith('billing'))
  assert.deepEqual(
    told.map(({ type, data }) => [type, data.balance_credit, 'status' in data]),
    [['billing_account_low', 5_000, false]],
  )
  assertReason(await admin.put('/v1.0/billing_account', { low_balance: 1e18 }), 400, 'INVALID_ARGUMENT')
})

test('a suspended account may start nothing until the operator reactivates it', async () => {
  const { id, account } = await customer({ balance_credit: 1_000_000 })
  assert.equal((await root.put(`${account}/status`, { status: 'frozen' })).body.status, 'frozen')
  assert.deepEqual(await accounts.billing.mayStart(id, 'call_extension'), { ok: false, refusal: 'account_suspended' })
  assert.equal((await root.put(`${account}/status`, { status: 'active' })).body.status, 'active')
  assert.deepEqual(await accounts.billing.mayStart(id, 'sms'), { ok: true })
})

test('a new version of the prices begins when it says, keeps the old one, and wins by the longest prefix', async () => {
  const { body: first } = await root.get('/v1.0/rate_decks')
  const { body: standard } = await root.get(`/v1.0/rate_decks/${first.result.at(-1).id}`)
  assert.equal(standard.rates.length, 11)
  assert.equal(standard.is_whole, true)
  const rate = (prefix: string, credit_per_unit: number, unit_seconds = 60) => {
    return { cost_type: 'call_pstn_outgoing', prefix, token_per_unit: 0, credit_per_unit, unit_seconds }
  }
  const rates = [rate('', 20_000), rate('44', 30_000), rate('4479', 90_000, 1)]
  const made = await root.post('/v1.0/rate_decks', { name: 'spring', based_on: 1, rates })
  assert.equal(made.status, 200, made.text)
  const price = async (number: string) =>
    (await root.get(`/v1.0/rates?cost_type=call_pstn_outgoing&number=${encodeURIComponent(number)}`)).body
  assert.equal((await price('+447912345678')).credit_per_unit, 10_000, 'it has not begun')
  accounts.clock.advance(5_000)
  const expensive = await price('+447912345678')
  assert.deepEqual(
    [expensive.rate_deck_version, expensive.prefix, expensive.credit_per_unit, expensive.unit_seconds],
    [made.body.version, '4479', 90_000, 1],
  )
  assert.equal((await price('+4420')).credit_per_unit, 30_000)
  assert.equal((await price('+15551234567')).credit_per_unit, 20_000)
  assert.equal((await root.get('/v1.0/rates?cost_type=sms')).body.credit_per_unit, 10_000, 'taken over')
  assert.equal((await root.get(`/v1.0/rate_decks/${made.body.id}?prefix=447`)).body.rates.length, 1)
})

test('a version that cannot price everything, says something twice or begins in the past is refused', async () => {
  const sms = { cost_type: 'sms', token_per_unit: 0, credit_per_unit: 1 }
  const refused = async (body: object) => {
    const answer = await root.post('/v1.0/rate_decks', { name: 'x', based_on: 1, rates: [], ...body })
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    return answer.body.error.details[0].field
  }
  assert.equal(await refused({ rates: [sms, sms] }), 'rates[1]')
  assert.match(await refused({ rates: [{ ...sms, credit_per_unit: -1 }] }), /rates/)
  assert.match(await refused({ rates: [{ ...sms, prefix: '+44' }] }), /rates/)
  assert.match(await refused({ rates: [{ ...sms, cost_type: 'gold' }] }), /rates/)
  assert.equal(await refused({ rates: [{ ...sms, unit_seconds: 60 }] }), 'rates[0].unit_seconds')
  assert.equal(await refused({ tm_from: '2020-01-01T00:00:00Z' }), 'tm_from')
  assertReason(await root.post('/v1.0/rate_decks', { name: 'x', rates: [sms] }), 400, 'INVALID_ARGUMENT')
  for (const answer of [
    await root.post('/v1.0/rate_decks', { name: 'x', rates: [sms], based_on: 999 }),
    await root.get(`/v1.0/rate_decks/${UNKNOWN}`),
  ])
    assertReason(answer, 404, 'RATE_DECK_NOT_FOUND', 'billing-manager')
  assertReason(await root.get('/v1.0/rates?cost_type=sms&number=+44'), 400, 'INVALID_ARGUMENT')
  assertReason(await root.get('/v1.0/rates'), 400, 'MISSING_REQUEST_PARAMETER')
})

test('a period that is rated again comes out the same, and a row that somebody changed does not', async () => {
  const { id } = await customer({ balance_credit: 1_000_000 })
  const row = await charge(id)
  await charge(id)
  const ask = (body: object = {}) =>
    root.post('/v1.0/billings/rerate', { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', ...body })
  const { body } = await ask({ customer_id: id })
  assert.deepEqual(body.booked, { amount_token: 0, amount_credit: -20_000 })
  assert.deepEqual([body.charges, body.computed, body.differing], [2, body.booked, 0])
  await accounts.sql('update billings set amount_credit = -1 where id = $1', [row.id])
  const changed = (await ask({ customer_id: id })).body
  assert.deepEqual([changed.differing, changed.differences[0].billing_id], [1, row.id])
  assertReason(await ask({ to: '1999-01-01T00:00:00Z' }), 400, 'INVALID_ARGUMENT')
})
