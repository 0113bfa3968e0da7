import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CallService, migrations as callMigrations } from '#managers/call'
import { callErrors } from '#managers/call/errors'
import { ActiveflowService, FlowService, migrations as flowMigrations, refuseVariables } from '#managers/flow'
import { flowErrors } from '#managers/flow/errors'
import { CommandDoor, threadHub } from '#platform/bus'
import { appendEvents } from '#platform/events'
import { apiErrors, openHttpServer, Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock } from '#platform/time'
import { apiClient, assertReason, type Json, sameButRequestId, TestAccounts } from '#testkit'
import { TimelineService, timelineRoutes } from './index.ts'

const accounts = await TestAccounts.start({ others: [...flowMigrations, ...callMigrations] })
const { db } = accounts
const uuid = () => systemIds.uuid()
const basics = { db, clock: systemClock, ids: systemIds }
const bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
const flows = new FlowService({ ...basics, directs: accounts.directs, onFlowDeleted: async () => {} })
const activeflows = new ActiveflowService({ ...basics, bus, flows })
const commands = new CommandDoor({ bus, clock: systemClock })
const calls = new CallService({ ...basics, commands, customers: accounts.customers, flows, refuseVariables })

const server = await openHttpServer({
  routes: timelineRoutes(new TimelineService({ db, calls, flows, activeflows })),
  authenticate: accounts.authenticator.authenticate,
  catalogues: [apiErrors, callErrors, flowErrors],
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
  metrics: new Metrics(),
  version: 'test',
  strictReasons: true,
})
const url = await server.listen('127.0.0.1', 0)
after(() => server.close())

/** A customer, asking for timelines with its access key. */
async function someone() {
  const customer = await accounts.customer()
  return { id: customer.id, customer, api: apiClient(url, { accesskey: customer.accesskey }) }
}

interface Happened {
  type: string
  id: string
  activeflow_id?: string
  at?: string
}

/** Announces facts, in this order, and has them numbered. */
async function happen(customer_id: string, ...facts: Happened[]) {
  const made = facts.map(({ type, id, activeflow_id = NIL_UUID, at = '2026-01-02T03:04:05.000006Z' }, nth) => ({
    ...{ customer_id, type, resource: type.split('_')[0] ?? '', resource_id: id, activeflow_id },
    ...{ public: nth % 2 === 0, data: { id, nth }, tm_create: at },
  }))
  await db.transaction((trx) => appendEvents(trx, made))
  await db.query('SELECT * FROM ledger_move(1000)')
}

const typesOf = (body: Json) => body.result.map(({ event_type }: Json) => event_type)
const path = (kind: string, id: string, query = '') => `/v1.0/timelines/${kind}/${id}/events${query}`
const aggregated = (query: string) => `/v1.0/aggregated-events${query}`

test('a call shows what happened to it and nothing else, newest first, internal events too', async () => {
  const { id: customer, api } = await someone()
  const [call, other] = [uuid(), uuid()]
  await happen(
    customer,
    { type: 'call_created', id: call, at: '2026-01-02T03:04:05.000001Z' },
    { type: 'call_created', id: other },
    { type: 'recording_started', id: call },
    { type: 'call_hangup', id: call, at: '2026-01-02T03:04:06.123456Z' },
  )
  const { status, body } = await api.get(path('calls', call.toUpperCase()))
  assert.equal(status, 200)
  assert.deepEqual(body, {
    result: [
      { timestamp: '2026-01-02T03:04:06.123456Z', event_type: 'call_hangup', data: { id: call, nth: 3 } },
      { timestamp: '2026-01-02T03:04:05.000001Z', event_type: 'call_created', data: { id: call, nth: 0 } },
    ],
    next_page_token: '',
  })
})

test('conferences, flows and activeflows have timelines as calls have', async () => {
  const { id: customer, api } = await someone()
  for (const kind of ['conference', 'flow', 'activeflow']) {
    const id = uuid()
    await happen(customer, { type: `${kind}_created`, id }, { type: `${kind}_updated`, id })
    assert.deepEqual(typesOf((await api.get(path(`${kind}s`, id))).body), [`${kind}_updated`, `${kind}_created`])
  }
})

test('pages go on in the middle of equal timestamps: nothing twice, nothing left out', async () => {
  const { id: customer, api } = await someone()
  const [id, activeflow] = [uuid(), uuid()]
  const facts = Array.from({ length: 7 }, (_, nth) => ({ type: `call_e${nth}`, id, activeflow_id: activeflow }))
  await happen(customer, ...facts)
  const newestFirst = facts.map(({ type }) => type).reverse()
  for (const first of [path('calls', id, '?page_size=3'), aggregated(`?activeflow_id=${activeflow}&page_size=3`)]) {
    const sizes: number[] = []
    const seen: string[] = []
    let token = ''
    do {
      const { body } = await api.get(`${first}&page_token=${token}`)
      sizes.push(body.result.length)
      seen.push(...typesOf(body))
      token = body.next_page_token
    } while (token !== '')
    assert.deepEqual(seen, newestFirst)
    assert.deepEqual(sizes, [3, 3, 1])
  }
  const { body } = await api.get(path('calls', id, '?page_size=7'))
  assert.deepEqual([body.result.length, body.next_page_token], [7, ''])
})

test('a bare timestamp is a page token: only what is older is shown', async () => {
  const { id: customer, api } = await someone()
  const id = uuid()
  const at = (seconds: number) => `2026-01-02T03:04:0${seconds}.000000Z`
  await happen(customer, ...[1, 2, 3].map((second) => ({ type: `call_at${second}`, id, at: at(second) })))
  assert.deepEqual(typesOf((await api.get(path('calls', id, `?page_token=${at(3)}`))).body), ['call_at2', 'call_at1'])
  assert.deepEqual((await api.get(path('calls', id, `?page_token=${at(1)}`))).body, { result: [], next_page_token: '' })
})

test('a page holds up to 1000 events, and 100 when nothing or nonsense is asked for', async () => {
  const { id: customer, api } = await someone()
  const id = uuid()
  await happen(customer, ...Array.from({ length: 130 }, () => ({ type: 'call_updated', id })))
  for (const [query, expected] of [
    ['', 100],
    ['?page_size=0', 100],
    ['?page_size=1001', 100],
    ['?page_size=1000', 130],
  ] as const)
    assert.equal((await api.get(path('calls', id, query))).body.result.length, expected, query)
})

test('a page token that is none is INVALID_ARGUMENT', async () => {
  const { api } = await someone()
  const other = Buffer.from(`2026-01-02T03:04:05.000000Z|${uuid()}`).toString('base64url')
  for (const token of ['x', other, Buffer.from('position|0').toString('base64url'), 'A'.repeat(300)])
    for (const asked of [path('calls', uuid(), '?'), aggregated(`?call_id=${uuid()}&`)]) {
      const answer = await api.get(`${asked}page_token=${token}`)
      assertReason(answer, 400, 'INVALID_ARGUMENT')
      assert.equal(answer.body.error.details[0].pointer, '/page_token')
    }
})

const NOT_FOUND = [
  ['calls', 'call', 'CALL_NOT_FOUND', 'call-manager'],
  ['conferences', 'conference', 'RESOURCE_NOT_FOUND', 'api-manager'],
  ['flows', 'flow', 'FLOW_NOT_FOUND', 'flow-manager'],
  ['activeflows', 'activeflow', 'ACTIVEFLOW_NOT_FOUND', 'flow-manager'],
] as const

test("an unknown resource is not found by its own reason, and another customer's is answered the same", async () => {
  const [mine, theirs] = [await someone(), await someone()]
  for (const [kind, resource, reason, domain] of NOT_FOUND) {
    const id = uuid()
    await happen(theirs.id, { type: `${resource}_created`, id, activeflow_id: id })
    const foreign = await mine.api.get(path(kind, id))
    assertReason(foreign, 404, reason, domain)
    sameButRequestId(foreign, await mine.api.get(path(kind, uuid())))
    assert.equal((await theirs.api.get(path(kind, id))).body.result.length, 1)
    if (kind !== 'calls' && kind !== 'activeflows') continue
    const query = kind === 'calls' ? 'call_id' : 'activeflow_id'
    const hidden = await mine.api.get(aggregated(`?${query}=${id}`))
    assertReason(hidden, 404, reason, domain)
    sameButRequestId(hidden, await mine.api.get(aggregated(`?${query}=${uuid()}`)))
  }
})

test('what exists but has no numbered event yet has an empty timeline; to others it does not exist', async () => {
  const [mine, theirs] = [await someone(), await someone()]
  const flow = await flows.create(mine.id, { name: '', detail: '', actions: [], on_complete_flow_id: NIL_UUID })
  const activeflow = await activeflows.create(mine.id, { actions: [{ type: 'block' }] })
  const call = await callRow(mine.id, activeflow.id)
  for (const asked of [
    path('flows', flow.id),
    path('activeflows', activeflow.id),
    path('calls', call),
    aggregated(`?activeflow_id=${activeflow.id}`),
    aggregated(`?call_id=${call}`),
  ]) {
    assert.deepEqual((await mine.api.get(asked)).body, { result: [], next_page_token: '' }, asked)
    assert.equal((await theirs.api.get(asked)).status, 404, asked)
  }
})

test('aggregated events are those of everything that belongs to the activeflow, asked by it or by its call', async () => {
  const { id: customer, api } = await someone()
  const [activeflow_id, call, recording] = [uuid(), uuid(), uuid()]
  await happen(
    customer,
    { type: 'activeflow_created', id: activeflow_id },
    { type: 'call_created', id: call },
    { type: 'call_progressing', id: call, activeflow_id },
    { type: 'recording_started', id: recording, activeflow_id },
    { type: 'activeflow_updated', id: activeflow_id, activeflow_id },
    { type: 'call_created', id: uuid(), activeflow_id: uuid() },
    { type: 'call_created', id: uuid() },
  )
  const expected = ['activeflow_updated', 'recording_started', 'call_progressing', 'activeflow_created']
  for (const query of [`?activeflow_id=${activeflow_id.toUpperCase()}`, `?call_id=${call.toUpperCase()}`])
    assert.deepEqual(typesOf((await api.get(aggregated(query))).body), expected)
})

test('a call that ran no flow has no activeflow to be found', async () => {
  const { id: customer, api } = await someone()
  const call = uuid()
  await happen(customer, { type: 'call_created', id: call })
  for (const id of [call, await callRow(customer, NIL_UUID)])
    assertReason(await api.get(aggregated(`?call_id=${id}`)), 404, 'ACTIVEFLOW_NOT_FOUND', 'flow-manager')
})

test('what cannot be read is refused by a reason of its own', async () => {
  const { api } = await someone()
  for (const kind of ['call', 'recordings', 'CALLS', 'constructor'])
    assertReason(await api.get(path(kind, uuid())), 400, 'INVALID_RESOURCE_TYPE')
  for (const id of ['x', NIL_UUID, '1']) {
    assertReason(await api.get(path('calls', id)), 400, 'INVALID_ID')
    assertReason(await api.get(aggregated(`?activeflow_id=${id}`)), 400, 'INVALID_ACTIVEFLOW_ID')
    assertReason(await api.get(aggregated(`?call_id=${id}`)), 400, 'INVALID_CALL_ID')
  }
  assertReason(await api.get(aggregated('?call_id=')), 400, 'INVALID_CALL_ID')
  assertReason(await api.get(path('calls', uuid(), '?page_size=many')), 400, 'INVALID_REQUEST_PARAMETER')
  for (const query of ['', `?activeflow_id=${uuid()}&call_id=${uuid()}`]) {
    const answer = await api.get(aggregated(query))
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.equal(answer.body.error.details[0].pointer, '/activeflow_id')
  }
})

test('an agent without a role reads no timeline; a manager does', async () => {
  const { id, customer } = await someone()
  const call = uuid()
  await happen(id, { type: 'call_created', id: call, activeflow_id: uuid() })
  const [manager, agent] = [await customer.agent(Permission.CustomerManager), await customer.agent(16)]
  for (const asked of [path('calls', call), aggregated(`?call_id=${call}`)]) {
    assert.equal((await apiClient(url, manager).get(asked)).status, 200)
    assertReason(await apiClient(url, { token: agent.token }).get(asked), 403, 'PERMISSION_DENIED')
  }
})

test('each partition of the ledger, also one that is made later, can be read by resource and by activeflow', async () => {
  await db.query('SELECT ledger_prepare(5)')
  const parts = await db.query<{ indexes: string[] }>(
    `SELECT (SELECT array_agg(x.indexdef) FROM pg_indexes x WHERE x.tablename = c.relname) AS indexes
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'ledger'::regclass`,
  )
  assert.ok(parts.length >= 6)
  for (const { indexes } of parts) {
    assert.equal(indexes.length, 4)
    assert.equal(indexes.filter((each) => each.includes('(customer_id, resource_id, "position")')).length, 1)
    const ofActiveflows = indexes.filter((each) => each.includes('(customer_id, activeflow_id, "position") WHERE'))
    assert.equal(ofActiveflows.length, 1)
  }
})

/** A call as a row: only a phone can make one. */
async function callRow(customer: string, activeflow_id: string): Promise<string> {
  const id = uuid()
  await db.query(
    `insert into calls values ($1, $2, '', $3, $3, $5, 'flow', $3, '{}', $3, '{}', $3, '{}', '{}', 'hangup',
       $4, '{}', 'incoming', '', 'remote', 'normal', now(), now(), now(), now(), null, null, 'test', 'test', null)`,
    [id, customer, NIL_UUID, { id: NIL_UUID, next_id: NIL_UUID, type: '' }, activeflow_id],
  )
  return id
}
