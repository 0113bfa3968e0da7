import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import type { ProviderWrite } from '#managers/provisioning'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, type FakeLine, TestCalls } from '#testkit'
import { callErrors } from './errors.ts'

const calls = await TestCalls.start()
const api = await calls.api()
const mine = api(calls.customer)
const MINE = '+14155550100'
const CALLEE = '+14155550123'
const actions = [{ type: 'answer' }]
const post = (body: object = {}) =>
  mine.post('/v1.0/calls', {
    actions,
    source: { type: 'tel', target: MINE },
    destinations: [{ type: 'tel', target: CALLEE }],
    ...body,
  })

await calls.db.query("update customers set identity_verification_status = 'verified' where id = $1", [calls.customer])
await calls.allowCountries('us', 'de', 'fr')
await insertNumber(MINE)
const first = await provider('first', {
  tech_prefix: '99',
  tech_postfix: '#1',
  tech_headers: { 'X-Account': '7' },
  codecs: 'PCMA',
})
const second = await provider('second', { number_format: 'e164_without_plus', user_phone: true, assert_identity: true })
await route(first, { priority: 1, target: '+1' })
await route(second, { priority: 2, target: '+1' })
await route(second, { target: '+49' })

/** A row as a vendor's purchase leaves it. */
async function insertNumber(number: string): Promise<string> {
  const id = systemIds.uuid()
  await calls.db.query(
    `insert into numbers (id, customer_id, number, type, call_flow_id, message_flow_id, name, detail, status, t38_enabled,
       emergency_enabled, metadata, tm_create)
     values ($1, $2, $3, 'normal', $4, $4, '', '', 'active', false, false, '{"rtp_debug":false}', now())`,
    [id, calls.customer, number, NIL_UUID],
  )
  return id
}

async function provider(name: string, more: Partial<ProviderWrite> = {}): Promise<string> {
  const made = await calls.providers.create({
    ...{ type: 'sip', hostname: '127.0.0.1:5999', name, detail: '' },
    ...{ tech_prefix: '', tech_postfix: '', tech_headers: {}, ...more },
  })
  return made.id
}

async function route(provider_id: string, more: { customer_id?: string; priority?: number; target?: string } = {}) {
  const { customer_id = ROUTING_CUSTOMER_ID, priority = 0, target = 'all' } = more
  const made = await calls.providerRoutes.create({ customer_id, provider_id, priority, target, name: '', detail: '' })
  await calls.carriers.refresh()
  return made.id
}

/** Calls with these two providers as the only routes; gives the call's id. */
async function lineAfter(count: number): Promise<FakeLine> {
  return eventually('it is dialled', () => {
    const line = calls.lines.at(-1)
    return calls.lines.length > count && line?.said.includes('dial') ? line : undefined
  })
}

const callOf = async (id: string) => (await mine.get(`/v1.0/calls/${id}`)).body

test('without a route nothing leads to a number, which is said as such', async () => {
  const answer = await post({ destinations: [{ type: 'tel', target: '+33123456789' }] })
  assertReason(answer, 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager')
  assert.deepEqual(answer.body.error.details, [{ destination: '+33123456789', issue: 'no_route' }])
})

test('a number is called over the first route as its provider wants it', async () => {
  const before = calls.lines.length
  const { status } = await post()
  assert.equal(status, 200)
  const { options } = await lineAfter(before)
  assert.equal(options.uri, 'sip:99+14155550123%231@127.0.0.1:5999;transport=udp')
  assert.equal(options.from, `<sip:${MINE}@strowger.test>`)
  assert.deepEqual(options.headers, { 'X-Account': '7', 'X-Strowger-Hops': '1' })
  assert.deepEqual(options.codecs, ['PCMA'])
  calls.lines.at(-1)?.goes(17, 486)
})

test('a route that fails is followed by the next: the same call goes on, ringing as it was, and says what was tried', async () => {
  const before = calls.lines.length
  const { body } = await post()
  const { id } = body.calls[0]
  const one = await lineAfter(before)
  one.rings()
  one.goes(42, 503)
  const two = await lineAfter(before + 1)
  assert.equal(two.options.uri, 'sip:14155550123@127.0.0.1:5999;transport=udp;user=phone')
  assert.deepEqual(two.options.headers, { 'P-Asserted-Identity': `<tel:${MINE}>`, 'X-Strowger-Hops': '1' })
  assert.equal((await callOf(id)).status, 'ringing')
  two.answers()
  await eventually('it is up', async () => (await callOf(id)).status === 'progressing')
  two.goes()
  await eventually('it is over', async () => (await callOf(id)).status === 'hangup')
  const events = (await calls.events()).filter(({ data }) => data.id === id).map(({ type }) => type)
  assert.deepEqual(events, ['call_created', 'call_ringing', 'call_updated', 'call_progressing', 'call_hangup'])
  const tried = await eventually('both attempts are kept', async () => {
    const { entries } = (await mine.get(`/v1.0/calls/${id}/explain`)).body
    const routes = entries.filter(({ type }: { type: string }) => type === 'route')
    return routes[1]?.route.tm_end ? routes : undefined
  })
  assert.deepEqual(
    tried.map(({ route: { kind, attempt, provider_id, outcome, sip_status, q850_cause } }: never) => [
      ...[kind, attempt, provider_id, outcome, sip_status, q850_cause],
    ]),
    [
      ['carrier', 1, first, 'failed_over', 503, 42],
      ['carrier', 2, second, 'answered', 0, 16],
    ],
  )
})

test('a provider may have causes of its own for going on', async () => {
  const own = await provider('own causes', { failover_causes: [17] })
  const target = '+4930'
  await route(own, { target })
  const number = { type: 'tel', target: '+493012345678' }
  for (const [cause, status, isFollowed] of [
    [17, 486, true],
    [42, 503, false],
  ] as const) {
    const before = calls.lines.length
    const { body } = await post({ destinations: [number] })
    ;(await lineAfter(before)).goes(cause, status)
    if (isFollowed) (await lineAfter(before + 1)).goes(17, 486)
    await eventually('it is over', async () => (await callOf(body.calls[0].id)).status === 'hangup')
    assert.equal(calls.lines.length, before + (isFollowed ? 2 : 1))
  }
})

test('a provider that cannot write a number is passed over, and keeps no call from the next', async () => {
  const unknown = await provider('of a country that is none', { number_format: 'national', country: 'gb' })
  const target = '+4940'
  await route(unknown, { target })
  // as a provider may be that was written before countries were looked at
  await calls.db.query(
    `with next as (update provisioning_revision set revision = revision + 1 returning revision)
     update providers set country = 'uk', revision = next.revision from next where id = $1`,
    [unknown],
  )
  await route(second, { priority: 1, target })
  const before = calls.lines.length
  const { status, text } = await post({ destinations: [{ type: 'tel', target: '+494012345678' }] })
  assert.equal(status, 200, text)
  const line = await lineAfter(before)
  assert.equal(line.options.uri, 'sip:494012345678@127.0.0.1:5999;transport=udp;user=phone')
  line.goes(17, 486)
})

test('a source that is not the customer’s own is refused, with what was tried; the chosen number takes its place', async () => {
  const source = { type: 'tel', target: '+14155550199' }
  const refused = await post({ source })
  assertReason(refused, 400, 'SOURCE_NOT_ALLOWED', 'call-manager')
  assert.deepEqual(refused.body.error.details[0].tried, [
    { source: '+14155550199', issue: 'not_yours' },
    { source: '', issue: 'none_chosen' },
  ])
  const chosen = await insertNumber('+14155550101')
  await calls.db.query('update outbound_configs set default_outgoing_source_number_id = $1 where customer_id = $2', [
    chosen,
    calls.customer,
  ])
  const before = calls.lines.length
  const { body } = await post({ source })
  const line = await lineAfter(before)
  assert.match(line.options.from, /<sip:\+14155550101@/)
  assert.deepEqual(body.calls[0].source, { type: 'tel', target: '+14155550101', target_name: '+14155550101' })
  line.goes(17, 486)
})

test('an anonymous caller is withheld, and asserted to the provider', async () => {
  const before = calls.lines.length
  await post({ anonymous: 'yes' })
  const line = await lineAfter(before)
  assert.equal(line.options.from, '"Anonymous" <sip:anonymous@anonymous.invalid>')
  assert.deepEqual(line.options.headers, {
    ...{ 'X-Account': '7', 'X-Strowger-Hops': '1' },
    ...{ Privacy: 'id', 'P-Asserted-Identity': `<tel:${MINE}>` },
  })
  line.goes(17, 486)
})

test('calls that a flow makes count on from the call that it runs for, also where they do not follow it', async () => {
  const before = calls.lines.length
  const request = {
    ...{ customer_id: calls.customer, destinations: [{ type: 'tel', target: CALLEE }] as const },
    ...({ source: { type: 'tel', target: MINE } as const, flow: { actions }, anonymous: 'no', variables: {} } as const),
  }
  await calls.engine.place({ ...request, travelled: { hops: 3, max_forwards: 20 } }, 'a flow:1')
  const line = await lineAfter(before)
  assert.equal(line.options.headers?.['X-Strowger-Hops'], '4')
  assert.equal(line.options.maxForwards, 19)
  assert.deepEqual(calls.outgoing.at(-1)?.travelled, { hops: 4, max_forwards: 19 }, 'and what its flow calls goes on')
  line.goes(17, 486)
  const placing = calls.engine.place({ ...request, travelled: { hops: 0, max_forwards: 1 } }, 'a flow:2')
  await assert.rejects(placing, (error) => callErrors.NO_ROUTE_TO_DESTINATION.is(error))
})

test('an emergency number is served where the operator has routed it, whatever balance, countries and source say', async () => {
  const help = { destinations: [{ type: 'tel', target: '112' }], source: { type: 'sip', target: 'ann@example.com' } }
  const refused = await post(help)
  assertReason(refused, 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager')
  assert.deepEqual(refused.body.error.details, [{ destination: '112', issue: 'emergency_not_routed' }])
  await route(second, { target: '112' })
  await calls.db.query("update customers set identity_verification_status = 'none' where id = $1", [calls.customer])
  const before = calls.lines.length
  const { status, text } = await post(help)
  assert.equal(status, 200, text)
  const line = await lineAfter(before)
  assert.equal(line.options.uri, 'sip:112@127.0.0.1:5999;transport=udp;user=phone')
  line.goes(17, 486)
})

test('a live call connects to a number over the routes, and hears the next one when a route fails with its own sound', async () => {
  await calls.db.query("update customers set identity_verification_status = 'verified' where id = $1", [calls.customer])
  const phone = await calls.phone('4001', 'secret-4001')
  calls.script = (live, input) => {
    const destinations = [{ type: 'tel' as const, target: CALLEE }]
    if (input.type === 'started')
      live.connect('f:1', { destinations, early_media: true, relay_reason: true, anonymous: 'auto' })
    if (input.type === 'connect_ended') live.hangup('normal', input.cause)
  }
  const before = calls.lines.length
  const calling = phone.call(CALLEE)
  const one = await lineAfter(before)
  one.sounds()
  one.goes(42, 503)
  const two = await lineAfter(before + 1)
  two.goes(17, 486)
  assert.equal((await calling).status, 486)
})

test('who makes a route and calls at once calls over it, however slowly it is read', async (t) => {
  const before = calls.lines.length
  const provider_id = await provider('late')
  await calls.carriers.refresh()
  await calls.allowCountries('us', 'de', 'fr', 'jp')
  const waits = t.mock.method(calls.carriers, 'current').mock
  let posted: ReturnType<typeof post> | undefined
  await calls.db.transaction(async (trx) => {
    const db = trx.kysely()
    await sql`lock table routes in access exclusive mode`.execute(db)
    await sql`with next as (update provisioning_revision set revision = revision + 1 returning revision)
      insert into routes (id, customer_id, provider_id, target, priority, cost, name, detail, revision, tm_create)
      select ${systemIds.uuid()}, ${ROUTING_CUSTOMER_ID}, ${provider_id}, '+81', 0, 0, '', '', revision, now() from next`.execute(
      db,
    )
    void calls.carriers.refresh()
    posted = post({ destinations: [{ type: 'tel', target: '+81312345678' }] })
    await eventually('it is being read', async () => {
      const waiting = "select 1 from pg_locks where not granted and relation = 'routes'::regclass"
      return (await calls.db.query(waiting)).length > 0
    })
    await eventually('the call waits for it', () => waits.callCount() > 0)
  })
  const answer = await posted
  assert.equal(answer?.status, 200, answer?.text)
  const { options } = await lineAfter(before)
  assert.match(options.uri, /\+81312345678/)
  calls.lines.at(-1)?.goes(17, 486)
})
