import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { appendEvents, LEDGER_MOVED } from '#platform/events'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { OutboundClient } from '#platform/outbound'
import { systemClock, timestampToMs } from '#platform/time'
import { assertReason, eventually, type Json, sameButRequestId, TestAccounts, WebhookReceiver } from '#testkit'
import { ResourceDeliveries, WebhookDelivery } from './index.ts'

const accounts = await TestAccounts.start()
const { db, bus, clock } = accounts
const outbound = new OutboundClient({ clock: systemClock, allowPrivate: ['127.0.0.0/8'] })
const needs = { db, bus, clock, ids: systemIds, log: silentLog, outbound, targets: accounts.webhookTargets }
const delivery = new WebhookDelivery(needs)
delivery.start()
const target = await WebhookReceiver.start()
after(async () => {
  await delivery.stop()
  outbound.close()
  await target.stop()
})
await eventually('it delivers', () => delivery.counts.delivering)

const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
let paths = 0

/** A customer whose webhooks come to a path of its own, answered with this. */
async function customerWith(status: () => number) {
  const path = `/of${++paths}`
  const customer = await accounts.customer({ webhook_uri: target.url(path) })
  const before = target.treat
  target.treat = (webhook) => (webhook.path === path ? status() : before(webhook))
  return { ...customer, path }
}

async function announce(customer: string, types: readonly string[], resource_id = systemIds.uuid()): Promise<string> {
  const about = { customer_id: customer, resource: 'call', resource_id, public: true, activeflow_id: NIL_UUID }
  const data = { id: resource_id }
  await db.transaction((trx) => appendEvents(trx, types.map((type) => ({ ...about, type, data })))) // biome-ignore format: short
  await db.query('SELECT ledger_move(1000)')
  bus.publish(LEDGER_MOVED, { customers: [customer] })
  return resource_id
}

/** Turns the clock until the customer's list is as it is asked to be. */
function untilListed(api: { get(path: string): Promise<Json> }, query: string, is: (rows: Json[]) => boolean) {
  return eventually(`the list ${query} is as asked`, async () => {
    clock.advance(250)
    const { result } = (await api.get(`/v1.0/webhook_deliveries${query}`)).body
    return is(result) && (result as Json[])
  })
}

test('deliveries are listed newest first, page by page, by status and by resource, and read with their attempts', async () => {
  const { id: customer_id, admin, path } = await customerWith(() => 200)
  const first = await announce(customer_id, ['call_created', 'call_hangup'])
  await untilListed(admin, '', (rows) => rows.length === 2)
  await announce(customer_id, ['call_created'])
  const all = await untilListed(admin, '', (rows) => rows.length === 3)
  const [newest] = all
  const { id, event_id, last_attempt, tm_event, tm_create, tm_update, resource_id, ...rest } = newest
  assert.deepEqual(rest, {
    ...{ customer_id, target: 'customer', activeflow_id: NIL_UUID, event_type: 'call_created', sequence: 3 },
    ...{ status: 'delivered', attempt_count: 1, replay_of: null, tm_next: null },
  })
  assert.deepEqual(
    { ...last_attempt, duration_ms: 0 },
    {
      ...{ duration_ms: 0, uri: target.url(path), http_status: 200, failure: '', detail: '' },
    },
  )
  const { body: whole } = await admin.get(`/v1.0/webhook_deliveries/${id}`)
  const { attempts, ...same } = whole
  assert.deepEqual(same, newest)
  assert.deepEqual(attempts, [{ ...last_attempt, tm_start: attempts[0].tm_start, response: '' }])
  const seen: Json[] = []
  for (let token = ''; ; ) {
    const { body } = await admin.get(`/v1.0/webhook_deliveries?page_size=2&page_token=${token}`)
    seen.push(...body.result)
    token = body.next_page_token
    if (token === '') break
  }
  assert.deepEqual(seen, all)
  const list = async (query: string) => (await admin.get(`/v1.0/webhook_deliveries?${query}`)).body.result.length
  assert.deepEqual(
    await Promise.all(['status=delivered', 'status=failed', `resource_id=${first}`].map(list)),
    [3, 0, 2],
  )
  for (const [query, reason] of [
    ['status=lost', 'INVALID_ARGUMENT'],
    ['resource_id=x', 'INVALID_REQUEST_PARAMETER'],
    ['page_token=!', 'INVALID_ARGUMENT'],
  ])
    assertReason(await admin.get(`/v1.0/webhook_deliveries?${query}`), 400, reason ?? '')
})

test('a delivery is replayed under its event id, to where the webhook is now, as a delivery of its own', async () => {
  const { id: customer, admin, path } = await customerWith(() => 200)
  const resource_id = await announce(customer, ['call_created'])
  const [done] = await untilListed(admin, '', (rows) => rows.length === 1)
  const answer = await admin.post(`/v1.0/webhook_deliveries/${done.id}/replay`, {})
  assert.equal(answer.status, 202)
  assert.deepEqual(
    [answer.body.status, answer.body.replay_of, answer.body.event_id, answer.body.resource_id],
    ['pending', done.id, done.event_id, resource_id],
  )
  await untilListed(admin, '', (rows) => rows.filter(({ status }) => status === 'delivered').length === 2)
  const [first, second] = target.delivered(path)
  assert.equal(first?.raw, second?.raw)
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
  assert.equal(second?.headers['x-voipbin-delivery'], answer.body.id)
})

test('dead letters are listed, and go on one by one or all together', async () => {
  let status = 500
  const { id: customer, admin, path } = await customerWith(() => status)
  await announce(customer, ['call_created', 'call_hangup'])
  await announce(customer, ['call_created'])
  await eventually(
    'all are given up',
    async () => {
      const { result } = (await admin.get('/v1.0/webhook_deliveries?status=pending')).body
      const next = (result as Json[]).map(({ tm_next }) => tm_next && (timestampToMs(tm_next) ?? 0) - clock.wallMs())
      const later = next.filter((ms) => ms > 0)
      clock.advance(later.length > 0 ? Math.min(...later) : 250)
      return (await admin.get('/v1.0/webhook_deliveries?status=failed')).body.result.length === 3
    },
    30_000,
  )
  const [, one] = (await admin.get('/v1.0/webhook_deliveries?status=failed')).body.result
  assert.deepEqual([one.attempt_count, one.last_attempt.http_status, one.tm_next], [10, 500, null])
  status = 200
  const { body: going } = await admin.post(`/v1.0/webhook_deliveries/${one.id}/replay`, {})
  assert.deepEqual([going.id, going.status, going.replay_of], [one.id, 'pending', null])
  await untilListed(admin, '?status=delivered', (rows) => rows.length === 1)
  assert.equal((await admin.get(`/v1.0/webhook_deliveries/${one.id}`)).body.attempts.length, 11)
  const all = await admin.post('/v1.0/webhook_deliveries/revive', {})
  assert.deepEqual([all.status, all.body], [202, { revived: 2 }])
  await untilListed(admin, '?status=delivered', (rows) => rows.length === 3)
  assert.deepEqual((await admin.post('/v1.0/webhook_deliveries/revive', {})).body, { revived: 0 })
  assert.equal(new Set(target.delivered(path).map(({ sequence }) => sequence)).size, 3)
})

test('what is on its way, and what has nowhere to go, is not replayed', async () => {
  const { id: customer, admin } = await customerWith(() => 500)
  await announce(customer, ['call_created'])
  const [row] = await untilListed(admin, '', ([row]) => row?.attempt_count === 1)
  assertReason(await admin.post(`/v1.0/webhook_deliveries/${row.id}/replay`, {}), 409, 'STATE_INVALID')
  await accounts.sql(`update customers set webhook_uri = '' where id = $1`, [customer])
  await untilListed(admin, '', ([row]) => row?.status === 'dropped')
  assertReason(await admin.post(`/v1.0/webhook_deliveries/${row.id}/replay`, {}), 409, 'STATE_INVALID')
  assertReason(await admin.post('/v1.0/webhook_replays', { after: 0 }), 409, 'STATE_INVALID')
})

test('a range of events is replayed in order per resource, by type, part by part', async () => {
  const { id: customer, admin, path } = await customerWith(() => 200)
  const id = await announce(customer, ['call_created', 'call_progressing', 'call_hangup'])
  await announce(customer, ['call_created'])
  await untilListed(admin, '', (rows) => rows.length === 4)
  const answer = await admin.post('/v1.0/webhook_replays', { after: 1, until: 3 })
  assert.deepEqual([answer.status, answer.body], [202, { replayed: 2, next_after: 3, more: false, missing: null }])
  const again = await untilListed(admin, '', (rows) => rows.filter(({ status }) => status === 'delivered').length === 6)
  assert.equal(again.length, 6)
  assert.deepEqual(
    target
      .delivered(path)
      .slice(4)
      .map(({ type, data }) => [type, data.id]),
    [
      ['call_progressing', id],
      ['call_hangup', id],
    ],
  )
  const some = await admin.post('/v1.0/webhook_replays', { after: 0, types: ['call_hangup', 'call_lost'] })
  assert.deepEqual(some.body, { replayed: 1, next_after: 4, more: false, missing: null })
  const none = await admin.post('/v1.0/webhook_replays', { after: 4 })
  assert.deepEqual(none.body, { replayed: 0, next_after: 4, more: false, missing: null })
  for (const [body, pointer] of [
    [{}, '/after'],
    [{ after: -1 }, '/after'],
    [{ after: 0, until: 0 }, '/until'],
    [{ after: 0, types: ['Bad Type'] }, '/types/0'],
  ] as const) {
    const refused = await admin.post('/v1.0/webhook_replays', body)
    assertReason(refused, 400, 'INVALID_ARGUMENT')
    assert.equal(refused.body.error.details[0].pointer, pointer)
  }
})

test('a stopped webhook is seen and lifted', async () => {
  let status = 410
  const { id: customer, admin, path } = await customerWith(() => status)
  await announce(customer, ['call_created'])
  const [hold] = await eventually('it is held', async () => {
    const { result } = (await admin.get('/v1.0/webhook_holds')).body
    return result.length > 0 && (result as Json[])
  })
  const { id, tm_create, ...rest } = hold
  assert.deepEqual(rest, {
    ...{ customer_id: customer, target: 'customer', activeflow_id: NIL_UUID, uri: target.url(path), reason: 'gone' },
    ...{ http_status: 410, sequence: 1, tm_until: null },
  })
  assert.deepEqual((await admin.get(`/v1.0/webhook_holds/${id}`)).body, hold)
  assertReason(await admin.post('/v1.0/webhook_replays', { after: 0 }), 409, 'STATE_INVALID')
  status = 200
  assert.deepEqual((await admin.delete(`/v1.0/webhook_holds/${id}`)).body, hold)
  assertReason(await admin.delete(`/v1.0/webhook_holds/${id}`), 404, 'RESOURCE_NOT_FOUND')
  await announce(customer, ['call_hangup'])
  await untilListed(admin, '?status=delivered', (rows) => rows.length === 1)
})

test('a secret is changed with a time in which both hold', async () => {
  const { id: customer, admin, path, agent } = await customerWith(() => 200)
  const { body: before } = await admin.get('/v1.0/webhook_secret')
  assert.deepEqual(before, { secret: before.secret, previous_secret: '', tm_previous_expire: null })
  assert.equal((await admin.get('/v1.0/customer')).body.webhook_secret, before.secret)
  const { body: changed } = await admin.post('/v1.0/webhook_secret/rotate', { overlap_hours: 2 })
  assert.match(changed.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  assert.equal(changed.previous_secret, before.secret)
  assert.deepEqual((await admin.get('/v1.0/webhook_secret')).body, changed)
  assert.equal((await admin.get('/v1.0/customer')).body.webhook_secret, changed.secret)
  const signatures = async () => {
    const count = target.delivered(path).length
    await announce(customer, ['call_created'])
    const got = await eventually('it arrives', () => target.delivered(path)[count])
    return String(got.headers['webhook-signature']).split(' ').length
  }
  assert.equal(await signatures(), 2)
  clock.advance(2 * 3_600_000)
  assert.equal(await signatures(), 1)
  assert.equal((await admin.get('/v1.0/webhook_secret')).body.previous_secret, '')
  // after a leak: at once
  const { body: leaked } = await admin.post('/v1.0/webhook_secret/rotate', { overlap_hours: 0 })
  assert.deepEqual([leaked.previous_secret, leaked.tm_previous_expire], ['', null])
  assert.equal(await signatures(), 1)
  assert.equal((await admin.post('/v1.0/webhook_secret/rotate', {})).body.previous_secret, leaked.secret)
  assertReason(await admin.post('/v1.0/webhook_secret/rotate', { overlap_hours: 169 }), 400, 'INVALID_ARGUMENT')
  const { client: manager } = await agent(Permission.CustomerManager)
  assert.equal((await manager.get('/v1.0/webhook_secret')).status, 200)
  assertReason(await manager.post('/v1.0/webhook_secret/rotate', {}), 403, 'PERMISSION_DENIED')
  const announced = await accounts.announced(customer)
  for (const secret of [before.secret, changed.secret, leaked.secret])
    assert.ok(!JSON.stringify(announced).includes(secret), 'no event has a secret')
})

test("another customer's deliveries and holds are answered like those that do not exist", async () => {
  const theirs = await customerWith(() => 410)
  const mine = await customerWith(() => 200)
  await announce(theirs.id, ['call_created'])
  const [row] = await untilListed(theirs.admin, '', (rows) => rows.length === 1)
  const [hold] = (await theirs.admin.get('/v1.0/webhook_holds')).body.result
  assert.deepEqual((await mine.admin.get('/v1.0/webhook_deliveries')).body.result, [])
  assert.deepEqual((await mine.admin.get('/v1.0/webhook_holds')).body.result, [])
  for (const [kind, id] of [
    ['webhook_deliveries', row.id],
    ['webhook_holds', hold.id],
  ]) {
    const [foreign, unknown] = [
      await mine.admin.get(`/v1.0/${kind}/${id}`),
      await mine.admin.get(`/v1.0/${kind}/${MISSING}`),
    ]
    assertReason(foreign, 404, 'RESOURCE_NOT_FOUND')
    sameButRequestId(foreign, unknown)
  }
  assertReason(await mine.admin.post(`/v1.0/webhook_deliveries/${row.id}/replay`, {}), 404, 'RESOURCE_NOT_FOUND')
  assertReason(await mine.admin.delete(`/v1.0/webhook_holds/${hold.id}`), 404, 'RESOURCE_NOT_FOUND')
  const { client: agent } = await mine.agent(Permission.CustomerAgent)
  for (const path of ['webhook_deliveries', 'webhook_holds', 'webhook_secret'])
    assertReason(await agent.get(`/v1.0/${path}`), 403, 'PERMISSION_DENIED')
})

test('when a customer is deleted nothing of its webhooks is kept', async () => {
  const { id: customer, admin } = await customerWith(() => 410)
  await announce(customer, ['call_created'])
  await untilListed(admin, '', (rows) => rows.length === 1)
  await admin.post('/v1.0/webhook_secret/rotate', {})
  const removed = await admin.post('/v1.0/auth/unregister', { confirmation_phrase: 'DELETE', immediate: true })
  assert.equal(removed.status, 200)
  for (const table of ['webhook_deliveries', 'webhook_log', 'webhook_holds', 'webhook_secrets'])
    assert.deepEqual(await db.query(`select customer_id from ${table} where customer_id = $1`, [customer]), [], table)
})

test('what became of the events of one resource can be told with every attempt, whether it is over or not', async () => {
  let status = 200
  const { id: customer, admin } = await customerWith(() => status)
  const call = await announce(customer, ['call_created'])
  await untilListed(admin, '?status=delivered', (rows) => rows.length === 1)
  status = 500
  await announce(customer, ['call_hangup'], call)
  await untilListed(admin, '?status=pending', (rows) => rows.length === 1)
  const of = { resource_id: call, since: '2000-01-01T00:00:00.000000Z', until: '9999-12-31T00:00:00.000000Z' }
  const told = await new ResourceDeliveries(db).ofResource(customer, of)
  assert.deepEqual(
    told.map(({ event_type, status, attempts }) => [event_type, status, attempts.map((each) => each.http_status)]),
    [
      ['call_created', 'delivered', [200]],
      ['call_hangup', 'pending', [500]],
    ],
  )
  const stranger = await accounts.customer()
  assert.deepEqual(await new ResourceDeliveries(db).ofResource(stranger.id, of), [])
})
