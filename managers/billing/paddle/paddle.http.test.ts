import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { assertReason, TestAccounts } from '#testkit'
import { sign } from './signature.ts'

const SECRET = 'pdl_ntfset_secret'
/** What the fake payment provider answers, and what it was asked. */
let answer = { status: 201, body: '' }
const asked: { url: string; authorization: string }[] = []
const provider = createServer((request, response) => {
  asked.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' })
  response.writeHead(answer.status).end(answer.body)
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
after(() => provider.close())
const { port } = provider.address() as AddressInfo

const accounts = await TestAccounts.start({
  paddle: {
    api: { url: `http://127.0.0.1:${port}`, key: 'pdl_key' },
    webhookSecret: SECRET,
    planOfPrice: new Map([['pri_pro', 'professional']]),
  },
})
const root = await accounts.superAdmin()
let made = 0

async function customer(start = {}) {
  const { id, admin } = await accounts.customer({ billing: start })
  const { id: account_id } = (await admin.get('/v1.0/billing_account')).body
  return { id, admin, account_id, read: async () => (await root.get(`/v1.0/billing_accounts/${account_id}`)).body }
}

function notice(event_type: string, data: object, change: object = {}) {
  const occurred_at = new Date(accounts.clock.wallMs()).toISOString()
  return { event_id: `evt_${++made}`, event_type, occurred_at, data, ...change }
}

function send(body: object | string, signature?: string) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return accounts.client().send('POST', '/v1.0/billing/paddle', {
    headers: {
      'content-type': 'application/json',
      'paddle-signature': signature ?? sign(bytes, SECRET, accounts.clock.wallMs()),
    },
    body: new Uint8Array(bytes),
  })
}

const bought = (customer_id: string, total: string, change: object = {}) =>
  notice('transaction.completed', {
    id: 'txn_1',
    ...{ subscription_id: null, customer_id: 'ctm_1', currency_code: 'USD', custom_data: { customer_id } },
    ...{ details: { totals: { total } } },
    ...change,
  })

test('credit that was bought is booked once, however often and at once the notice comes', async () => {
  const { id, read, admin } = await customer()
  const paid = bought(id, '1234')
  const answers = await Promise.all([1, 2, 3, 4].map(() => send(paid)))
  for (const { status, text } of answers) assert.equal(status, 200, text)
  assert.equal((await send(paid)).status, 200)
  assert.equal((await read()).balance_credit, 12_340_000)
  const rows = (await admin.get('/v1.0/billings')).body.result
  const purchases = rows.filter((row: { reference_type: string }) => row.reference_type === 'paddle_credit_purchase')
  assert.deepEqual([purchases.length, purchases[0].transaction_type], [1, 'top_up'])
  assert.equal(purchases[0].idempotency_key, purchases[0].reference_id)
})

test('a notice that nobody signed, or that was signed long ago or otherwise, is refused and changes nothing', async () => {
  const { id, read } = await customer()
  const body = JSON.stringify(bought(id, '5000'))
  const nowMs = accounts.clock.wallMs()
  const forged = [
    '',
    'nonsense',
    sign(Buffer.from(body), 'another secret', nowMs),
    sign(Buffer.from(`${body} `), SECRET, nowMs),
    sign(Buffer.from(body), SECRET, nowMs - 301_000),
    sign(Buffer.from(body), SECRET, nowMs + 301_000),
  ]
  for (const signature of forged)
    assertReason(await send(body, signature), 400, 'PAYMENT_SIGNATURE_INVALID', 'billing-manager')
  assert.equal((await read()).balance_credit, 0)
})

test('a body that is no notice, or speaks of money without an account, is refused with the field', async () => {
  const { id } = await customer()
  assertReason(await send('{'), 400, 'INVALID_JSON_BODY')
  const { id: _, ...nameless } = { ...notice('transaction.completed', {}), id: 1, event_id: '' }
  const bad = [
    ['event_id', nameless],
    ['data.custom_data.customer_id', bought('x', '1')],
    [
      'data.custom_data.customer_id',
      bought('5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a', '1', { customer_id: 'ctm_nobody' }),
    ],
    ['data', bought(id, '12.5')],
    ['data', bought(id, '')],
    ['data', bought(id, ' 7 ')],
    ['data', bought(id, '0x10')],
    ['data.id', notice('subscription.updated', { custom_data: { customer_id: id } })],
    ['data', bought(id, '-1')],
    ['data.currency_code', bought(id, '1', { currency_code: 'EUR' })],
    ['occurred_at', { ...bought(id, '1'), occurred_at: 'yesterday' }],
    ['data.custom_data.plan_type', notice('subscription.created', { id: 'sub', custom_data: { customer_id: id } })],
    ['data.adjustments', notice('transaction.refunded', { custom_data: { customer_id: id } })],
  ] as const
  for (const [field, body] of bad) {
    const refused = await send(body)
    assertReason(refused, 400, 'INVALID_ARGUMENT')
    assert.equal(refused.body.error.details[0].field, field)
  }
  const large = `{"event_id":"${'x'.repeat(1_100_000)}"}`
  assert.equal((await send(large)).status, 400)
  assert.equal((await send(notice('transaction.payment_failed', {}))).status, 200)
})

test('a subscription sets plan and tokens, renews, changes, is told to end and ends', async () => {
  const { id, read } = await customer()
  const at = (seconds: number) => accounts.clock.advance(seconds * 1_000)
  const subscription = { id: `sub_${id}`, customer_id: 'ctm_9', custom_data: { customer_id: id, plan_type: 'basic' } }
  assert.equal((await send(notice('subscription.created', subscription))).status, 200)
  const begun = await read()
  assert.deepEqual([begun.plan_type, begun.balance_token, begun.paddle_customer_id], ['basic', 1_000, 'ctm_9'])
  at(1)
  await root.post(`/v1.0/billing_accounts/${begun.id}/token_subtract_force`, { token: 400 })
  await send(notice('transaction.completed', { subscription_id: `sub_${id}`, customer_id: 'ctm_9' }))
  assert.equal((await read()).balance_token, 1_000, 'found by its subscription')
  at(1)
  const older = notice('subscription.updated', { ...subscription, items: [{ price: { id: 'pri_basic' } }] })
  at(1)
  await send(notice('subscription.updated', { ...subscription, items: [{ price: { id: 'pri_pro' } }] }))
  assert.deepEqual([(await read()).plan_type, (await read()).balance_token], ['professional', 10_000])
  await send(older)
  assert.equal((await read()).plan_type, 'professional', 'an older notice that comes late changes nothing')
  at(1)
  await send(notice('subscription.updated', { ...subscription, scheduled_change: { action: 'cancel' } }))
  assert.deepEqual([(await read()).plan_status, (await read()).balance_token], ['canceling', 10_000])
  at(1)
  await send(notice('subscription.canceled', subscription))
  const ended = await read()
  assert.deepEqual([ended.plan_type, ended.plan_status, ended.balance_token], ['free', 'active', 100])
  assert.equal(ended.paddle_subscription_id, `sub_${id}`)
  await send(notice('transaction.completed', { subscription_id: `sub_${id}` }))
  assert.equal((await read()).balance_token, 100)
})

test('what was given back is taken back once each, and who has spent it is suspended until the operator says so', async () => {
  const { id, read, admin } = await customer({ balance_credit: 1_000_000 })
  const refund = (...adjustments: [string, string][]) =>
    send(
      notice('transaction.refunded', {
        custom_data: { customer_id: id },
        adjustments: adjustments.map(([adjustment, total]) => ({ id: adjustment, totals: { total } })),
      }),
    )
  assert.equal((await refund([`adj_1${id}`, '60'])).status, 200)
  assert.equal((await refund([`adj_1${id}`, '60'], [`adj_2${id}`, '30'])).status, 200)
  assert.deepEqual([(await read()).balance_credit, (await read()).status], [100_000, 'active'])
  await refund([`adj_3${id}`, '20'])
  const broke = await read()
  assert.deepEqual([broke.balance_credit, broke.status], [-100_000, 'frozen'])
  await root.post(`/v1.0/customers/${id}/freeze`)
  await root.post(`/v1.0/customers/${id}/recover`)
  assert.equal((await read()).status, 'frozen', 'a recovered customer does not get rid of it')
  await root.put(`/v1.0/billing_accounts/${broke.id}/status`, { status: 'active' })
  assert.equal((await read()).status, 'active')
  assert.equal((await admin.get('/v1.0/billings')).body.result.length, 4)
})

test('only what really went back to the payer is taken back', async () => {
  const { id, read } = await customer({ balance_credit: 1_000_000 })
  const adjusted = (change: object) =>
    send(
      notice('transaction.refunded', {
        custom_data: { customer_id: id },
        adjustments: [{ id: `adj_${++made}${id}`, totals: { total: '10' }, ...change }],
      }),
    )
  for (const nothing of [
    { status: 'pending_approval' },
    { status: 'rejected' },
    { status: 'reversed' },
    { action: 'credit_reverse' },
    { action: 'chargeback_reverse' },
    { action: 'chargeback_warning' },
  ])
    assert.equal((await adjusted(nothing)).status, 200)
  assert.equal((await read()).balance_credit, 1_000_000)
  await adjusted({ status: 'approved', action: 'refund' })
  await adjusted({ action: 'chargeback' })
  assert.equal((await read()).balance_credit, 800_000)
})

test('who changes to another subscription keeps its plan when the old one ends', async () => {
  const { id, read } = await customer()
  const tell = (type: string, subscription: string, plan_type: string) => {
    accounts.clock.advance(1_000)
    const custom_data = { customer_id: id, plan_type }
    return send(notice(type, { id: `${subscription}_${id}`, customer_id: `ctm_${id}`, custom_data }))
  }
  await tell('subscription.created', 'old', 'basic')
  await tell('subscription.created', 'new', 'professional')
  await tell('subscription.canceled', 'old', 'basic')
  const after = await read()
  assert.deepEqual(
    [after.plan_type, after.plan_status, after.balance_token, after.paddle_subscription_id],
    ['professional', 'active', 10_000, `new_${id}`],
  )
  await root.post(`/v1.0/billing_accounts/${after.id}/token_subtract_force`, { token: 400 })
  const paid = (subscription: string) =>
    send(notice('transaction.completed', { subscription_id: `${subscription}_${id}`, customer_id: `ctm_${id}` }))
  await paid('old')
  assert.equal((await read()).balance_token, 9_600, 'it has ended and renews nothing')
  await paid('new')
  assert.equal((await read()).balance_token, 10_000)
})

test('who opens a checkout in the name of somebody else takes nothing away from it', async () => {
  const mallory = (type: string, customer_id: string, plan_type: string) => {
    accounts.clock.advance(1_000)
    const custom_data = { customer_id, plan_type }
    return send(notice(type, { id: `mal_${customer_id}`, customer_id: 'ctm_mallory', custom_data }))
  }
  const subscriber = await customer({ balance_credit: 1_000_000 })
  const own = { id: `own_${subscriber.id}`, customer_id: `ctm_${subscriber.id}` }
  await send(
    notice('subscription.created', { ...own, custom_data: { customer_id: subscriber.id, plan_type: 'basic' } }),
  )
  const given = await customer({ plan_type: 'professional' })
  const before = [await subscriber.read(), await given.read()]
  const seen = ({
    plan_type,
    plan_status,
    paddle_customer_id,
    paddle_subscription_id,
    balance_credit,
  }: typeof own & {
    [name: string]: unknown
  }) => ({ plan_type, plan_status, paddle_customer_id, paddle_subscription_id, balance_credit })
  for (const { id } of [subscriber, given])
    for (const type of ['subscription.created', 'subscription.updated', 'subscription.canceled'])
      assert.equal((await mallory(type, id, 'basic')).status, 200)
  await mallory('subscription.updated', subscriber.id, 'professional')
  assert.equal((await subscriber.read()).plan_type, 'professional', 'it may give')
  assert.equal((await subscriber.read()).paddle_customer_id, own.customer_id)
  await mallory('subscription.canceled', subscriber.id, 'professional')
  const refund = { subscription_id: `mal_${subscriber.id}`, adjustments: [{ id: 'adj_mal', totals: { total: '900' } }] }
  assert.equal((await send(notice('transaction.refunded', refund))).status, 200)
  const after = [await subscriber.read(), await given.read()]
  assert.deepEqual(seen(after[0]), seen(before[0]))
  assert.deepEqual([after[1].plan_type, after[1].balance_token], ['professional', 10_000])
  await send(
    notice('subscription.updated', { ...own, custom_data: { customer_id: given.id, plan_type: 'professional' } }),
  )
  assert.equal((await subscriber.read()).plan_type, 'professional', 'a subscription stays with its account')
})

test('notices that come in the wrong order lose nothing', async () => {
  const { id, read } = await customer()
  const data = { id: `sub_${id}`, customer_id: `ctm_${id}`, custom_data: { customer_id: id, plan_type: 'basic' } }
  const created = notice('subscription.created', data)
  accounts.clock.advance(1_000)
  const scheduled = { scheduled_change: { action: 'cancel' } }
  await send(notice('subscription.updated', { ...scheduled, id: `sub_${id}`, custom_data: { customer_id: id } }))
  assert.equal((await read()).plan_type, 'free', 'nobody has said yet which plan it is')
  await send(created)
  const { plan_type, plan_status, paddle_customer_id, paddle_subscription_id } = await read()
  assert.deepEqual(
    [plan_type, plan_status, paddle_customer_id, paddle_subscription_id],
    ['basic', 'canceling', `ctm_${id}`, `sub_${id}`],
  )
  await send(created)
  await send(notice('subscription.canceled', { id: `sub_${id}` }))
  assert.equal((await read()).plan_type, 'free')
  await send(created)
  assert.equal((await read()).plan_type, 'free', 'an ended one does not begin again')
})

test('what changes of a subscription but its plan refills no tokens; its renewal does', async () => {
  const { id, read } = await customer()
  const data = {
    id: `sub_${id}`,
    customer_id: `ctm_${id}`,
    custom_data: { customer_id: id, plan_type: 'professional' },
  }
  const tell = (type: string, change: object = {}) => {
    accounts.clock.advance(1_000)
    return send(notice(type, { ...data, ...change }))
  }
  await tell('subscription.created')
  await root.post(`/v1.0/billing_accounts/${(await read()).id}/token_subtract_force`, { token: 9_000 })
  for (let again = 0; again < 3; again++) {
    await tell('subscription.updated', { scheduled_change: { action: 'cancel' } })
    await tell('subscription.updated')
    assert.deepEqual([(await read()).plan_status, (await read()).balance_token], ['active', 1_000])
  }
  await send(notice('transaction.completed', { subscription_id: data.id }))
  assert.equal((await read()).balance_token, 10_000)
})

test('whoever pays for something else gets no plan that has a price, whatever the checkout asks for', async () => {
  const { id, read } = await customer()
  const of = (items: object[], plan_type = 'professional') => ({
    ...{ id: `sub_${id}`, customer_id: `ctm_${id}`, custom_data: { customer_id: id, plan_type }, items },
  })
  const cheap = [{ price: { id: 'pri_cheap', custom_data: null } }]
  const refused = await send(notice('subscription.created', of(cheap)))
  assertReason(refused, 400, 'INVALID_ARGUMENT')
  assert.equal(refused.body.error.details[0].pointer, '/data/items')
  assert.equal((await read()).plan_type, 'free')
  await send(notice('subscription.created', of([{ price: { id: 'pri_pro' } }], 'basic')))
  assert.equal((await read()).plan_type, 'professional', 'what is paid for counts')
  accounts.clock.advance(1_000)
  assert.equal((await send(notice('subscription.updated', of(cheap)))).status, 200)
  assert.equal((await read()).plan_type, 'free', 'it is not paid for any more')
})

test('a price on which the operator wrote a plan at the provider gives that one; a plan without any price is given by word', async () => {
  const { id, read } = await customer()
  const of = (price: object, plan_type: string) => ({
    ...{ id: `sub_${id}`, customer_id: `ctm_${id}`, custom_data: { customer_id: id, plan_type }, items: [{ price }] },
  })
  await send(notice('subscription.created', of({ id: 'pri_1', custom_data: { plan_type: 'basic' } }, 'professional')))
  assert.equal((await read()).plan_type, 'basic')
  const other = await customer()
  const data = {
    ...of({ id: 'pri_2' }, 'basic'),
    id: 'sub_other',
    custom_data: { customer_id: other.id, plan_type: 'basic' },
  }
  await send(notice('subscription.created', data))
  assert.equal((await other.read()).plan_type, 'basic')
})

test('a notice from no year that a calendar has is refused', async () => {
  for (const occurred_at of [
    '+275760-09-13T00:00:00Z',
    '-000001-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    'NaN',
    '1e400',
  ])
    for (const type of ['subscription.updated', 'transaction.completed'])
      assertReason(await send(notice(type, { id: 'sub_when' }, { occurred_at })), 400, 'INVALID_ARGUMENT')
})

test('the portal is opened at the provider for who has paid there; what it answers wrongly is its failure', async () => {
  const { id, admin } = await customer()
  const open = () => admin.post('/v1.0/billing_account/paddle_portal_session')
  assertReason(await open(), 409, 'STATE_INVALID')
  await send(
    notice('subscription.created', {
      id: 'sub_7',
      customer_id: 'ctm/7',
      custom_data: { customer_id: id, plan_type: 'basic' },
    }),
  )
  const url = 'https://portal.example.com/cpl_1'
  answer = { status: 201, body: JSON.stringify({ data: { urls: { general: { overview: url } } } }) }
  assert.deepEqual((await open()).body, { url })
  assert.deepEqual(asked.at(-1), { url: '/customers/ctm%2F7/portal-sessions', authorization: 'Bearer pdl_key' })
  for (const wrong of [
    { status: 500, body: '' },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"data":{"urls":{"general":{"overview":"javascript:1"}}}}' },
  ]) {
    answer = wrong
    assertReason(await open(), 503, 'PAYMENT_PROVIDER_FAILED', 'billing-manager')
  }
})
