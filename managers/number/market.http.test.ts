import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Auditor } from '#managers/billing'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { timestamp } from '#platform/time'
import { assertReason, TEST_GRACE_DAYS, TestAccounts } from '#testkit'
import { ChargedNumbers } from './charged-numbers.ts'
import { SandboxVendor } from './sandbox-vendor.ts'
import {
  type AvailableNumber,
  type BoughtNumber,
  type NumberSearch,
  type NumberVendor,
  NumberVendorError,
  type VendorProblem,
} from './vendor.ts'

/** Sells `+1555…` and keeps books, as a real vendor does; fails where it is told to. */
class BookkeepingVendor implements NumberVendor {
  readonly name = 'bookkeeping'
  /** What is sold, by the key of its purchase. */
  readonly sold = new Map<string, string>()
  buyFails: VendorProblem | undefined
  releaseFails: VendorProblem | undefined
  /** How often it was asked to sell. */
  asked = 0
  /** Runs when it has sold something and before it answers. */
  afterSale: () => Promise<void> = async () => {}

  serves(number: string): boolean {
    return number.startsWith('+1555')
  }

  async search({ country_code, features, limit, exclude }: NumberSearch): Promise<AvailableNumber[]> {
    if (this.buyFails) throw new NumberVendorError(this.buyFails, 'told to')
    if (country_code !== 'us' || features.includes('fax')) return []
    const all = Array.from({ length: 20 }, (_, at) => `+15550008${String(at).padStart(3, '0')}`)
    const taken = await exclude(all)
    const free = all.filter((number) => !taken.has(number)).slice(0, limit)
    return free.map((number) => ({ number, country: 'us', region: 'NY', postal_code: '', features: ['sms', 'voice'] }))
  }

  async buy(number: string, key: string): Promise<BoughtNumber> {
    this.asked++
    if (this.buyFails && this.buyFails !== 'unreachable') throw new NumberVendorError(this.buyFails, 'told to')
    this.sold.set(key, number)
    await this.afterSale()
    if (this.buyFails) throw new NumberVendorError(this.buyFails, 'told to')
    return { reference: `ref-${key}`, t38_enabled: true, emergency_enabled: false }
  }

  async find(_number: string, key: string): Promise<BoughtNumber | undefined> {
    if (this.releaseFails) throw new NumberVendorError(this.releaseFails, 'told to')
    return this.sold.has(key) ? { reference: `ref-${key}`, t38_enabled: true, emergency_enabled: false } : undefined
  }

  async release(_number: string, reference: string): Promise<void> {
    if (this.releaseFails) throw new NumberVendorError(this.releaseFails, 'told to')
    this.sold.delete(reference.replace('ref-', ''))
  }

  has(number: string): boolean {
    return [...this.sold.values()].includes(number)
  }
}

const vendor = new BookkeepingVendor()
const accounts = await TestAccounts.start({ numberVendors: [vendor, new SandboxVendor({ ids: systemIds })] })
const root = await accounts.superAdmin()
const { clock } = accounts
const DAY = 86_400_000
const FEE = 5_000_000
const FLOW = 'f1000000-0000-4000-8000-000000000001'

let made = 0
const wanted = (change: object = {}) => ({
  number: `+15550001${String(++made).padStart(3, '0')}`,
  call_flow_id: NIL_UUID,
  message_flow_id: NIL_UUID,
  name: 'main',
  detail: '',
  ...change,
})
const rich = (credit = 100 * FEE) =>
  accounts.customer({ billing: { balance_credit: credit }, identity_verification_status: 'verified' })

async function creditOf(customer: string): Promise<number> {
  const [row] = await accounts.db.query<{ balance_credit: string }>(
    'select balance_credit from billing_accounts where customer_id = $1',
    [customer],
  )
  return Number(row?.balance_credit)
}

/** What was charged for numbers and not given back, and how often something was given back. */
async function paidOf(customer: string): Promise<{ paid: number; refunds: number }> {
  const rows = await accounts.db.query<{ transaction_type: string; amount_credit: number }>(
    `select transaction_type, amount_credit from billings where customer_id = $1 and reference_type = 'number'`,
    [customer],
  )
  const paid = rows.reduce((sum, { amount_credit }) => sum - amount_credit, 0)
  return { paid, refunds: rows.filter(({ transaction_type }) => transaction_type === 'refund').length }
}

async function chargesOf(customer: string): Promise<string[]> {
  const rows = await accounts.db.query<{ reference_type: string }>(
    `select reference_type from billings where customer_id = $1 and transaction_type = 'usage'
       order by tm_create, reference_type`,
    [customer],
  )
  return rows.map(({ reference_type }) => reference_type)
}

const settle = () => accounts.numbers.settlePurchases(new AbortController().signal, () => {})
const renewDue = () => accounts.numberRenewals.renewDue(new AbortController().signal)

async function nextDays(days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    clock.advance(DAY)
    await renewDue()
  }
}

test('a telephone number is bought, charged once and there; giving it back gives it to the vendor', async () => {
  const { id: customer, admin } = await rich()
  const body = wanted()
  const { status, body: number, text } = await admin.post('/v1.0/numbers', body)
  assert.equal(status, 200, text)
  assert.deepEqual(
    { ...number, id: '', tm_create: '', tm_purchase: '', tm_renew: '' },
    {
      ...body,
      ...{
        id: '',
        customer_id: customer,
        type: 'normal',
        status: 'active',
        t38_enabled: true,
        emergency_enabled: false,
      },
      ...{ metadata: { rtp_debug: false }, tm_create: '', tm_purchase: '', tm_renew: '' },
      ...{ tm_release: null, tm_update: null, tm_delete: null },
    },
  )
  assert.equal(number.tm_renew, number.tm_purchase)
  assert.equal(vendor.has(body.number), true)
  assert.equal(await creditOf(customer), 99 * FEE)
  assert.deepEqual(await chargesOf(customer), ['number'])
  assert.equal((await accounts.announced(customer)).at(-1)?.type, 'number_created')
  assertReason(await admin.post('/v1.0/numbers', body), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  assert.equal((await admin.delete(`/v1.0/numbers/${number.id}`)).body.status, 'deleted')
  assert.equal(vendor.has(body.number), false)
  assert.equal((await admin.post('/v1.0/numbers', body)).status, 200)
})

test('of those who buy the same number at once one has it and pays', async () => {
  const buyers = await Promise.all([1, 2, 3].map(() => rich()))
  const body = wanted()
  const answers = await Promise.all(buyers.map(({ admin }) => admin.post('/v1.0/numbers', body)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
  for (const answer of answers.filter(({ status }) => status === 409))
    assertReason(answer, 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  const left = await Promise.all(buyers.map(({ id }) => creditOf(id)))
  assert.deepEqual(left.sort(), [99 * FEE, 100 * FEE, 100 * FEE])
  assert.equal([...vendor.sold.values()].filter((number) => number === body.number).length, 1)
})

test('what the vendor does not sell is not available; a vendor that refuses or is away is 503, and nothing is charged', async () => {
  const { id, admin } = await rich()
  const body = wanted()
  for (const [problem, status, reason] of [
    ['not_available', 409, 'NUMBER_NOT_AVAILABLE'],
    ['refused', 503, 'NUMBER_PROVIDER_UNAVAILABLE'],
  ] as const) {
    vendor.buyFails = problem
    assertReason(await admin.post('/v1.0/numbers', body), status, reason, 'number-manager')
  }
  assertReason(
    await admin.get('/v1.0/available_numbers?country_code=us'),
    503,
    'NUMBER_PROVIDER_UNAVAILABLE',
    'number-manager',
  )
  vendor.buyFails = undefined
  assert.equal(await creditOf(id), 100 * FEE)
  assert.deepEqual(await paidOf(id), { paid: 0, refunds: 2 })
  assert.equal((await admin.post('/v1.0/numbers', body)).status, 200)
  assertReason(
    await admin.post('/v1.0/numbers', wanted({ number: '+442079460000' })),
    503,
    'NUMBER_PROVIDER_NOT_CONFIGURED',
    'number-manager',
  )
})

test('whoever asks again after a vendor gave no answer goes on with the same purchase, which is paid already', async () => {
  const { id, admin } = await rich(FEE)
  const body = wanted()
  vendor.buyFails = 'unreachable'
  assertReason(await admin.post('/v1.0/numbers', body), 503, 'NUMBER_PROVIDER_UNAVAILABLE', 'number-manager')
  assertReason(await (await rich()).admin.post('/v1.0/numbers', body), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  vendor.buyFails = undefined
  assert.equal((await admin.post('/v1.0/numbers', body)).status, 200)
  assert.equal([...vendor.sold.values()].filter((number) => number === body.number).length, 1)
  assert.deepEqual([await creditOf(id), await paidOf(id)], [0, { paid: FEE, refunds: 0 }])
})

test('a number that a vendor sold without saying so goes back, whatever it answers when asked again', async () => {
  const { id, admin } = await rich()
  for (const [second, status] of [
    ['refused', 503],
    ['not_available', 409],
  ] as const) {
    const body = wanted()
    vendor.buyFails = 'unreachable'
    assert.equal((await admin.post('/v1.0/numbers', body)).status, 503)
    assert.equal(vendor.has(body.number), true)
    vendor.buyFails = second
    assert.equal((await admin.post('/v1.0/numbers', body)).status, status)
    vendor.buyFails = undefined
    assertReason(await admin.post('/v1.0/numbers', body), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
    assert.equal(await settle(), 1)
    assert.equal(vendor.has(body.number), false)
    assert.equal(await creditOf(id), 100 * FEE)
    assert.equal((await admin.post('/v1.0/numbers', body)).status, 200)
    await accounts.sql('update billing_accounts set balance_credit = $2 where customer_id = $1', [id, 100 * FEE])
  }
})

test('a purchase that nobody ended is undone, whether or not the vendor had sold', async () => {
  const { id, admin } = await rich()
  const [lost, never] = [wanted(), wanted()]
  vendor.buyFails = 'unreachable'
  for (const body of [lost, never]) await admin.post('/v1.0/numbers', body)
  vendor.buyFails = undefined
  for (const [key, number] of vendor.sold) if (number === never.number) vendor.sold.delete(key)
  // as a process leaves it that dies after the vendor has sold
  await accounts.sql(`update number_purchases set state = 'buying' where number = $1`, [lost.number])
  assert.equal(await settle(), 0)
  assert.deepEqual(await paidOf(id), { paid: 2 * FEE, refunds: 0 })
  clock.advance(11 * 60_000)
  assert.equal(await settle(), 2)
  assert.equal(await settle(), 0)
  assert.equal(vendor.has(lost.number), false)
  assert.deepEqual([await creditOf(id), await paidOf(id)], [100 * FEE, { paid: 0, refunds: 2 }])
  for (const body of [lost, never]) assert.equal((await admin.post('/v1.0/numbers', body)).status, 200)
})

test('who cannot pay is refused before the vendor is asked, also where the money was there a moment ago', async () => {
  const { id, admin } = await rich(FEE)
  const asked = vendor.asked
  const answers = await Promise.all([1, 2, 3].map(() => admin.post('/v1.0/numbers', wanted())))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 402, 402])
  for (const answer of answers.filter(({ status }) => status === 402))
    assertReason(answer, 402, 'INSUFFICIENT_BALANCE', 'billing-manager')
  assert.equal(vendor.asked - asked, 1)
  assert.deepEqual([await creditOf(id), await paidOf(id)], [0, { paid: FEE, refunds: 0 }])
})

test('a process that dies while the vendor is asked leaves no number and no charge, and one that was only slow cannot keep it', async () => {
  const { id, admin } = await rich()
  const body = wanted()
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  const { promise: sold, resolve: sells } = Promise.withResolvers<void>()
  vendor.afterSale = () => {
    sells()
    return answered
  }
  const buying = admin.post('/v1.0/numbers', body)
  await sold
  assert.equal(await creditOf(id), 99 * FEE, 'it is paid before the vendor is asked')
  clock.advance(11 * 60_000)
  assert.equal(await settle(), 1)
  assert.deepEqual([vendor.has(body.number), await creditOf(id)], [false, 100 * FEE])
  answer()
  assertReason(await buying, 503, 'NUMBER_PROVIDER_UNAVAILABLE', 'number-manager')
  vendor.afterSale = async () => {}
  assert.deepEqual(await paidOf(id), { paid: 0, refunds: 1 })
  assert.deepEqual((await admin.get('/v1.0/numbers')).body.result, [])
})

test('a number that cannot be stored is given back, at once or when the vendor answers again, and costs nothing', async () => {
  const { id, admin } = await rich(FEE)
  for (const releaseFails of [undefined, 'unreachable'] as const) {
    const body = wanted({ call_flow_id: FLOW })
    accounts.flows.add(`${id} ${FLOW}`)
    vendor.releaseFails = releaseFails
    vendor.afterSale = async () => void accounts.flows.delete(`${id} ${FLOW}`)
    assertReason(await admin.post('/v1.0/numbers', body), 404, 'FLOW_NOT_FOUND', 'flow-manager')
    assert.equal(vendor.has(body.number), releaseFails !== undefined)
    assert.equal(await creditOf(id), FEE)
    vendor.afterSale = async () => {}
    vendor.releaseFails = undefined
    await settle()
    assert.equal(vendor.has(body.number), false)
    assert.deepEqual((await admin.get('/v1.0/numbers')).body.result, [])
    assert.equal((await paidOf(id)).paid, 0)
    assert.equal((await accounts.numbers.findByNumber(body.number)) ?? null, null)
  }
})

test('a customer that is deleted while its number is bought has none, and the vendor has it back', async () => {
  const { id, admin } = await rich()
  const body = wanted()
  vendor.afterSale = async () => void (await root.delete(`/v1.0/customers/${id}`))
  assert.equal((await admin.post('/v1.0/numbers', body)).status, 401)
  vendor.afterSale = async () => {}
  assert.equal(vendor.has(body.number), false)
  assert.deepEqual(await paidOf(id), { paid: 0, refunds: 1 })
})

test('a vendor that is away when a number goes has it back later; so have those of a deleted customer', async () => {
  const { id, admin } = await rich()
  const [mine, others] = [wanted(), wanted()]
  const number = (await admin.post('/v1.0/numbers', mine)).body
  await admin.post('/v1.0/numbers', others)
  vendor.releaseFails = 'unreachable'
  assert.equal((await admin.delete(`/v1.0/numbers/${number.id}`)).status, 200)
  assertReason(await admin.get(`/v1.0/numbers/${number.id}`), 404, 'NUMBER_NOT_FOUND', 'number-manager')
  assert.equal(vendor.has(mine.number), true)
  assertReason(await admin.post('/v1.0/numbers', mine), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  vendor.releaseFails = undefined
  assert.equal((await root.delete(`/v1.0/customers/${id}`)).status, 200)
  assert.equal(await settle(), 2)
  assert.deepEqual([vendor.has(mine.number), vendor.has(others.number)], [false, false])
})

test('what can be had is searched by country and feature, and what is taken is left out', async () => {
  const { admin } = await rich()
  const search = async (query: string) => {
    const { status, body, text } = await admin.get(`/v1.0/available_numbers?${query}`)
    assert.equal(status, 200, text)
    return body.result
  }
  const [first, second] = await search('country_code=US&page_size=2')
  assert.deepEqual(first, {
    ...{ number: '+15550008000', country: 'us', region: 'NY', postal_code: '', features: ['sms', 'voice'] },
  })
  assert.equal((await admin.post('/v1.0/numbers', wanted({ number: first.number }))).status, 200)
  assert.equal((await search('country_code=US&page_size=2'))[0].number, second.number)
  assert.deepEqual(await search('country_code=us&features=voice,fax'), [])
  assert.deepEqual(await search('country_code=de'), [])
  const sandbox = await search('country_code=sandbox&page_size=7')
  assert.equal(sandbox.length, 7)
  for (const { number, country } of sandbox) assert.match(`${number} ${country}`, /^\+999[1-9][0-9]{8} sandbox$/)
  assert.equal((await search('country_code=999')).length, 100)
  const virtual = await search('type=virtual&page_size=3')
  assert.equal(virtual.length, 3)
  for (const { number, country, features } of virtual) {
    assert.match(number, /^\+899(?!000)[0-9]{9}$/)
    assert.deepEqual([country, features], ['899', ['voice']])
  }
  assert.deepEqual(await search('type=virtual&features=sms'), [])
  assertReason(await admin.get('/v1.0/available_numbers'), 400, 'MISSING_REQUEST_PARAMETER')
  for (const query of ['country_code=xx', 'country_code=us&features=magic', 'country_code=us&type=magic'])
    assert.equal((await admin.get(`/v1.0/available_numbers?${query}`)).status, 400)
})

test('a number of the sandbox carrier is bought without an account anywhere; its own scripted ones are not for sale', async () => {
  const { admin } = await rich()
  const [{ number }] = (await admin.get('/v1.0/available_numbers?country_code=sandbox')).body.result
  assert.equal((await admin.post('/v1.0/numbers', wanted({ number }))).status, 200)
  assertReason(
    await admin.post('/v1.0/numbers', wanted({ number: '+999012345678' })),
    503,
    'NUMBER_PROVIDER_NOT_CONFIGURED',
    'number-manager',
  )
  assertReason(await admin.post('/v1.0/numbers', wanted({ number: '+99912345' })), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/numbers', wanted({ number: `+1555${'0'.repeat(11)}` })), 400, 'INVALID_ARGUMENT')
})

test('all of a number is replaced, and diagnostics are turned on and off', async () => {
  const { id: customer, admin } = await rich()
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  accounts.flows.add(`${customer} ${FLOW}`)
  const change = { name: 'new', detail: 'text', call_flow_id: FLOW, message_flow_id: '' }
  const { body, text, status } = await admin.put(`/v1.0/numbers/${id}`, change)
  assert.equal(status, 200, text)
  assert.deepEqual([body.name, body.detail, body.call_flow_id, body.message_flow_id], ['new', 'text', FLOW, NIL_UUID])
  assertReason(
    await admin.put(`/v1.0/numbers/${id}`, { ...change, call_flow_id: systemIds.uuid() }),
    404,
    'FLOW_NOT_FOUND',
    'flow-manager',
  )
  const debug = async (change: object) => (await admin.put(`/v1.0/numbers/${id}/metadata`, change)).body.metadata
  assert.deepEqual(await debug({ rtp_debug: true }), { rtp_debug: true })
  assert.deepEqual(await debug({}), { rtp_debug: false })
  const types = (await accounts.announced(customer)).map(({ type }) => type)
  assert.deepEqual(types.slice(-3), ['number_updated', 'number_updated', 'number_updated'])
  const { admin: stranger } = await rich()
  assertReason(await stranger.put(`/v1.0/numbers/${id}`, change), 404, 'NUMBER_NOT_FOUND', 'number-manager')
  assertReason(await stranger.put(`/v1.0/numbers/${id}/metadata`, {}), 404, 'NUMBER_NOT_FOUND', 'number-manager')
})

test('the operator registers a number of its own carrier for a customer: free, never renewed, never given back', async () => {
  const { id: customer, admin } = await accounts.customer()
  const number = '+4930901820'
  const body = wanted({ number, customer_id: customer })
  const answer = await root.post('/v1.0/numbers', body)
  assert.equal(answer.status, 200, answer.text)
  const { tm_purchase, tm_renew, type, customer_id } = answer.body
  assert.deepEqual([tm_purchase, tm_renew, type, customer_id], [null, null, 'normal', customer])
  assert.deepEqual(await chargesOf(customer), [])
  assertReason(await admin.post('/v1.0/numbers', body), 403, 'PERMISSION_DENIED')
  assertReason(await root.post('/v1.0/numbers', body), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  const nobody = { ...body, customer_id: systemIds.uuid() }
  assertReason(await root.post('/v1.0/numbers', nobody), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  assert.equal((await admin.delete(`/v1.0/numbers/${answer.body.id}`)).status, 200)
})

/** As if it had been renewed last so many days ago. */
const age = (id: string, days: number) =>
  accounts.sql('update numbers set tm_renew = $2 where id = $1', [id, timestamp(clock.wallMs() - days * DAY)])

test('the operator renews by hand what is due; the fee of a month is charged once, whatever is asked', async () => {
  const { id: customer, admin } = await rich()
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  const renew = (days: number, client = root) =>
    client.post('/v1.0/numbers/renew', { tm_renew: timestamp(clock.wallMs() - days * DAY) })
  await age(id, 30)
  assert.deepEqual((await renew(31)).body, [])
  for (let time = 0; time < 2; time++) {
    await age(id, 30)
    const { status, body, text } = await renew(29)
    assert.equal(status, 200, text)
    assert.deepEqual(body, [(await admin.get(`/v1.0/numbers/${id}`)).body])
    assert.equal(body[0].tm_renew, timestamp(clock.wallMs()))
  }
  assert.deepEqual(await chargesOf(customer), ['number', 'number_renew'])
  assert.equal(await creditOf(customer), 98 * FEE)
  assertReason(await renew(1, admin), 403, 'PERMISSION_DENIED')
  const { client: manager } = await (await rich()).agent(Permission.CustomerManager)
  assertReason(await renew(1, manager), 403, 'PERMISSION_DENIED')
  for (const tm_renew of [timestamp(clock.wallMs() + DAY), 'yesterday', ''])
    assertReason(await root.post('/v1.0/numbers/renew', { tm_renew }), 400, 'INVALID_ARGUMENT')
  assertReason(await root.post('/v1.0/numbers/renew', {}), 400, 'INVALID_ARGUMENT')
})

test('the operator learns by 402 when none of the numbers that are due could be paid for', async () => {
  const [poor, other] = [await rich(FEE), await rich(2 * FEE)]
  const { id } = (await poor.admin.post('/v1.0/numbers', wanted())).body
  const paid = (await other.admin.post('/v1.0/numbers', wanted())).body
  await age(id, 300)
  const renew = () => root.post('/v1.0/numbers/renew', { tm_renew: timestamp(clock.wallMs() - 299 * DAY) })
  assertReason(await renew(), 402, 'INSUFFICIENT_BALANCE', 'billing-manager')
  await age(paid.id, 300)
  const { status, body } = await renew()
  assert.deepEqual([status, body.map((number: { id: string }) => number.id)], [200, [paid.id]])
  await poor.admin.delete(`/v1.0/numbers/${id}`)
})

test('by itself every number is renewed when 28 days have passed, and announced inside', async () => {
  const { id: customer, admin } = await rich()
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  await nextDays(27)
  assert.deepEqual(await chargesOf(customer), ['number'])
  await nextDays(1)
  assert.deepEqual(await chargesOf(customer), ['number', 'number_renew'])
  const events = (await accounts.announced(customer)).filter(({ type }) => type === 'number_renewed')
  assert.deepEqual(
    events.map((each) => [each.public, each.resource_id]),
    [[false, id]],
  )
})

test('a number that cannot be paid for is announced, stays for the days of grace, and goes after them', async () => {
  const [poor, saved] = [await rich(FEE), await rich(FEE)]
  const bodies = [wanted(), wanted()]
  const lost = (await poor.admin.post('/v1.0/numbers', bodies[0] ?? {})).body
  const kept = (await saved.admin.post('/v1.0/numbers', bodies[1] ?? {})).body
  const read = async ({ admin }: typeof poor, { id }: { id: string }) => (await admin.get(`/v1.0/numbers/${id}`)).body
  await nextDays(29)
  for (const [who, number] of [
    [poor, lost],
    [saved, kept],
  ] as const) {
    const { tm_release } = await read(who, number)
    assert.notEqual(tm_release, null)
    const warnings = (await accounts.announced(who.id)).filter(({ type }) => type === 'number_renewal_failed')
    assert.deepEqual(
      warnings.map((each) => [each.public, each.data.tm_release]),
      [[true, tm_release]],
    )
  }
  await nextDays(TEST_GRACE_DAYS - 2)
  await accounts.sql('update billing_accounts set balance_credit = $2 where customer_id = $1', [saved.id, FEE])
  await nextDays(3)
  const { tm_release, tm_renew } = await read(saved, kept)
  assert.equal(tm_release, null)
  assert.ok(tm_renew > kept.tm_renew)
  assertReason(await poor.admin.get(`/v1.0/numbers/${lost.id}`), 404, 'NUMBER_NOT_FOUND', 'number-manager')
  assert.equal(vendor.has(lost.number), false)
  assert.equal(vendor.has(kept.number), true)
  assert.deepEqual(await chargesOf(poor.id), ['number'])
  assert.equal((await accounts.announced(poor.id)).at(-1)?.type, 'number_deleted')
})

test('a bought or renewed number without its charge is found by the check of the books', async () => {
  const { admin } = await rich()
  const auditor = new Auditor({ db: accounts.db, clock, log: silentLog, uses: [new ChargedNumbers(accounts.db)] })
  const unchargedNow = async () => {
    clock.advance(11 * 60_000)
    return (await auditor.run(new AbortController().signal)).uncharged
  }
  // the ledger was there before the clock of these tests
  await accounts.sql(`update rate_decks set tm_create = '2000-01-01'`, [])
  const known = await unchargedNow()
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  assert.deepEqual(await unchargedNow(), known)
  await nextDays(28)
  assert.deepEqual(await unchargedNow(), known)
  const [renewed] = await accounts.db.query<{ reference_id: string }>(
    `select reference_id from billings where reference_type = 'number_renew' and customer_id = $1`,
    [(await accounts.numbers.findByNumber((await admin.get(`/v1.0/numbers/${id}`)).body.number))?.customer_id],
  )
  await accounts.sql(`delete from billings where reference_id = any($1)`, [[id, renewed?.reference_id]])
  assert.deepEqual((await unchargedNow()).slice(known.length), [
    { reference_type: 'number_renew', reference_id: renewed?.reference_id },
  ])
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
