import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { timestamp } from '#platform/time'
import { assertReason, TestAccounts } from '#testkit'
import { DEFAULT_LIMITS } from './limits.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const USD = 1_000_000

async function customer(balance_credit = 1_000 * USD) {
  accounts.clock.advance(1)
  const made = await accounts.customer({ billing: { balance_credit } })
  const extension = await made.admin.post('/v1.0/extensions', {
    ...{ extension: '1000', password: 'secret-1000', name: '', detail: '' },
  })
  const key = (await made.admin.get('/v1.0/accesskeys')).body.result[0].id
  return { ...made, extension: extension.body.id, key }
}

test('everybody has limits out of the box, and reads what is used of them', async () => {
  const { admin, agent } = await customer()
  const { body } = await admin.get('/v1.0/spending_limits')
  const { ceiling, usage, quarantine, outside, ...own } = body
  assert.deepEqual(ceiling, DEFAULT_LIMITS.customer)
  assert.equal(own.money_per_day, DEFAULT_LIMITS.customer.money_per_day)
  assert.deepEqual([own.paid_refer, own.paid_forwarding], [false, false])
  const nothing = { minutes: 0, money: 0 }
  const unused = { concurrent_calls: 0, hour: nothing, day: nothing }
  assert.deepEqual([usage, quarantine], [unused, []])
  assert.deepEqual(outside, { ...DEFAULT_LIMITS.customer, usage: unused }, 'callers from outside: as much beside it')
  const { client } = await agent(Permission.CustomerManager)
  assertReason(await client.get('/v1.0/spending_limits'), 403, 'PERMISSION_DENIED')
})

test('a customer lowers its limits, and raises them no higher than its ceiling, which the operator sets', async () => {
  const { admin, id } = await customer()
  const lower = await admin.put('/v1.0/spending_limits', { money_per_day: 5 * USD, paid_refer: true })
  assert.deepEqual([lower.body.money_per_day, lower.body.paid_refer], [5 * USD, true])
  const above = await admin.put('/v1.0/spending_limits', { money_per_day: 1_000 * USD, concurrent_calls: 1 })
  assertReason(above, 400, 'INVALID_ARGUMENT')
  assert.equal(above.body.error.details[0].field, 'money_per_day')
  const unchanged = (await admin.get('/v1.0/spending_limits')).body
  assert.deepEqual([unchanged.money_per_day, unchanged.paid_refer], [5 * USD, true])
  assertReason(await admin.put(`/v1.0/customers/${id}/spending_limits`, {}), 403, 'PERMISSION_DENIED')
  const ceiling = await root.put(`/v1.0/customers/${id}/spending_limits`, { money_per_day: 1_000 * USD })
  assert.equal(ceiling.body.money_per_day, 1_000 * USD)
  assert.equal((await admin.put('/v1.0/spending_limits', { money_per_day: 900 * USD })).status, 200)
  // what is lowered above somebody holds at once
  await root.put(`/v1.0/customers/${id}/spending_limits`, { money_per_day: USD })
  assert.equal((await admin.get('/v1.0/spending_limits')).body.money_per_day, USD)
  assertReason(
    await root.get(`/v1.0/customers/${UNKNOWN}/spending_limits`),
    404,
    'CUSTOMER_NOT_FOUND',
    'customer-manager',
  )
})

test('what callers from outside may cause follows the limits of the customer, or is said by it, up to its ceiling', async () => {
  const { admin } = await customer()
  const put = async (change: object) => (await admin.put('/v1.0/spending_limits', change)).body.outside
  assert.equal((await put({ money_per_day: 7 * USD })).money_per_day, 7 * USD)
  assert.equal((await put({ outside: { money_per_day: 2 * USD } })).money_per_day, 2 * USD)
  const both = await put({ money_per_day: 9 * USD, outside: { concurrent_calls: 3 } })
  assert.deepEqual([both.money_per_day, both.concurrent_calls], [2 * USD, 3], 'what is left out stays')
  const above = await admin.put('/v1.0/spending_limits', { outside: { money_per_day: 1_000 * USD } })
  assertReason(above, 400, 'INVALID_ARGUMENT')
  assert.equal(above.body.error.details[0].field, 'outside.money_per_day')
})

test('negative, fractional and huge limits, and what is no prefix or country, are refused', async () => {
  const { admin, extension } = await customer()
  for (const bad of [-1, 1e30])
    assertReason(await admin.put('/v1.0/spending_limits', { money_per_day: bad }), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.put('/v1.0/spending_limits', { money_per_day: 1.5 }), 400, 'INVALID_JSON_BODY')
  const path = `/v1.0/extensions/${extension}/spending_limits`
  for (const bad of [{ prefixes: ['1415'] }, { countries: ['USA!'] }])
    assertReason(await admin.put(path, bad), 400, 'INVALID_ARGUMENT')
})

test('each credential has limits of its own; whose it is not gets the answer for what is not there', async () => {
  const { admin, extension, key, agent } = await customer()
  const other = await customer()
  const ann = await agent(0)
  for (const [path, reason, domain] of [
    [`accesskeys/${key}`, 'ACCESSKEY_NOT_FOUND', 'customer-manager'],
    [`extensions/${extension}`, 'EXTENSION_NOT_FOUND', 'registrar-manager'],
    [`agents/${ann.id}`, 'AGENT_NOT_FOUND', 'agent-manager'],
  ] as const) {
    const limits = `/v1.0/${path}/spending_limits`
    const changed = await admin.put(limits, { concurrent_calls: 1, countries: ['us'] })
    assert.deepEqual([changed.body.concurrent_calls, changed.body.countries], [1, ['us']])
    assert.deepEqual((await admin.put(limits, { prefixes: ['+1415'] })).body.countries, ['us'])
    assert.deepEqual((await admin.get(limits)).body.prefixes, ['+1415'])
    for (const each of ['spending_limits', 'exposure']) {
      assertReason(await other.admin.get(`/v1.0/${path}/${each}`), 404, reason, domain)
      assertReason(await admin.get(`/v1.0/${path.replace(/[^/]+$/, UNKNOWN)}/${each}`), 404, reason, domain)
    }
  }
})

test('an exposure says what a leak could cost: of an extension its own limits, of a key all that it may do', async () => {
  const { admin, extension, key } = await customer()
  const { body: small } = await admin.get(`/v1.0/extensions/${extension}/exposure`)
  const undecided = small.calls.undecided.money
  // recordings and calls that come in count no minutes: only the limit of money bounds them
  assert.equal(small.calls.day.money, DEFAULT_LIMITS.extension.money_per_day + undecided)
  assert.equal(small.calls.day.minutes, 720 + 24)
  assert.equal(undecided, DEFAULT_LIMITS.extension.concurrent_calls * 60_000)
  assert.deepEqual([small.money, small.purchases, small.bounded_by], [small.calls.day.money, 0, 'credential'])
  await admin.put(`/v1.0/extensions/${extension}/spending_limits`, { money_per_day: 1_000 })
  const { body: less } = await admin.get(`/v1.0/extensions/${extension}/exposure`)
  assert.equal(less.money, 1_000 + undecided)
  const { body: all } = await admin.get(`/v1.0/accesskeys/${key}/exposure`)
  assert.equal(all.bounded_by, 'customer')
  assert.equal(all.purchases, 1_000 * USD)
  assert.ok(all.money <= 1_000 * USD + all.calls.undecided.money, 'no more than there is')
  assert.equal(
    all.calls.day.money - all.calls.undecided.money,
    2 * DEFAULT_LIMITS.customer.money_per_day,
    'a key writes flows, and calls them from outside: that counts beside the customer’s own',
  )
})

test('where agents may be called at telephone numbers, what callers from outside cause is part of an agent’s exposure', async () => {
  const { admin, agent } = await customer()
  const ann = await agent(0)
  const daily = async () => {
    const { calls } = (await admin.get(`/v1.0/agents/${ann.id}/exposure`)).body
    return calls.day.money - calls.undecided.money
  }
  assert.equal(await daily(), DEFAULT_LIMITS.agent.money_per_day)
  await admin.put('/v1.0/spending_limits', { paid_forwarding: true })
  assert.equal(await daily(), DEFAULT_LIMITS.agent.money_per_day + DEFAULT_LIMITS.customer.money_per_day)
})

test('who may call nowhere in the telephone network still records, and is called; no call of it talks on undecided', async () => {
  const { admin, extension } = await customer()
  accounts.countries.length = 0
  const { body } = await admin.get(`/v1.0/extensions/${extension}/exposure`)
  const { money_per_day } = DEFAULT_LIMITS.extension
  assert.deepEqual([body.money, body.minutes, body.calls.undecided.money], [money_per_day, 0, 0])
  accounts.countries.push('us')
})

test('only rates that can price an allowed number are looked at, of decks that begin within a day, too', async () => {
  const { admin, extension, key } = await customer()
  const rate = (prefix: string, credit_per_unit: number) => ({
    ...{ cost_type: 'call_pstn_outgoing', prefix, country: '', token_per_unit: 0, credit_per_unit, unit_seconds: 60 },
  })
  const undecided = async (path = `extensions/${extension}`) =>
    (await admin.get(`/v1.0/${path}/exposure`)).body.calls.undecided.money
  const { concurrent_calls } = DEFAULT_LIMITS.extension
  const cents = async () => (await undecided()) / concurrent_calls / 6 / 10_000
  const hours = (at: number) => timestamp(accounts.clock.wallMs() + at * 3_600_000)
  const deck = async (tm_from: string, rates: object[]) => {
    const made = await root.post('/v1.0/rate_decks', { name: 'dear', detail: '', based_on: 1, tm_from, rates })
    assert.equal(made.status, 200, JSON.stringify(made.body))
  }
  assert.equal(await cents(), 1)
  await deck(hours(5), [rate('881', 4 * USD), rate('1876', 200_000), rate('', 20_000)])
  assert.equal(await cents(), 20, 'a country shares its code with others, satellites have another')
  await admin.put(`/v1.0/extensions/${extension}/spending_limits`, { prefixes: ['+1415'] })
  assert.equal(await cents(), 2)
  await admin.put(`/v1.0/extensions/${extension}/spending_limits`, { prefixes: [], countries: ['de'] })
  assert.equal(await undecided(), 0, 'its customer may not')
  assert.equal(await undecided(`accesskeys/${key}`), 2 * DEFAULT_LIMITS.customer.concurrent_calls * 6 * 4 * USD)
  await deck(hours(30), [rate('1', 900_000)])
  await admin.put(`/v1.0/extensions/${extension}/spending_limits`, { countries: [] })
  assert.equal(await cents(), 20, 'what begins after a day is not of this day')
})
