import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { apiErrors, openHttpServer } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock } from '#platform/time'
import { apiClient, assertReason, type Json, sameButRequestId, TestAccounts } from '#testkit'
import { callErrors } from './errors.ts'
import { AgentCalls, agentCallRoutes, migrations } from './index.ts'

const accounts = await TestAccounts.start({ others: migrations })
const { db } = accounts
const server = await openHttpServer({
  routes: agentCallRoutes(new AgentCalls({ db })),
  authenticate: accounts.authenticator.authenticate,
  catalogues: [apiErrors, callErrors],
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
  metrics: new Metrics(),
  version: 'test',
  strictReasons: true,
})
const url = await server.listen('127.0.0.1', 0)
after(() => server.close())

/** An agent of a customer who asks for calls. */
async function agentOf(customer: Awaited<ReturnType<typeof accounts.customer>>, permission = 0) {
  const { id, token } = await customer.agent(permission)
  return { id, api: apiClient(url, { token }) }
}

/** A call of this owner. */
async function call(customer: string, owner: string, at: number): Promise<string> {
  const id = systemIds.uuid()
  const owner_type = owner === NIL_UUID ? '' : 'agent'
  await db.query(
    `insert into calls (id, customer_id, owner_type, owner_id, flow_id, activeflow_id, type, master_call_id,
       chained_call_ids, recording_id, recording_ids, groupcall_id, source, destination, status, action, metadata,
       direction, mute_direction, hangup_by, hangup_reason, tm_create, node, incarnation)
     values ($1, $2, $3, $4, $5, $5, 'flow', $5, '{}', $5, '{}', $5, '{}', '{}', 'hangup', $6, '{}', 'incoming', '',
       'remote', 'normal', $7, 'test', 'test')`,
    [id, customer, owner_type, owner, NIL_UUID, { id: NIL_UUID, next_id: NIL_UUID, type: '' }, new Date(at * 1_000)],
  )
  return id
}

test('an agent lists and reads its own calls, newest first and page by page, whatever its permission', async () => {
  const customer = await accounts.customer()
  const [ann, bob] = [await agentOf(customer), await agentOf(customer, 64)]
  const [first, , last] = [
    await call(customer.id, ann.id, 1),
    await call(customer.id, bob.id, 2),
    await call(customer.id, ann.id, 3),
  ]
  await call(customer.id, NIL_UUID, 4)
  const page = (await ann.api.get('/v1.0/service_agents/calls?page_size=1')).body
  assert.deepEqual(
    page.result.map(({ id }: Json) => id),
    [last],
  )
  const rest = (await ann.api.get(`/v1.0/service_agents/calls?page_token=${page.next_page_token}`)).body
  assert.deepEqual([rest.result.map(({ id }: Json) => id), rest.next_page_token], [[first], ''])
  const read = (await ann.api.get(`/v1.0/service_agents/calls/${first}`)).body
  assert.deepEqual([read.id, read.owner_type, read.owner_id], [first, 'agent', ann.id])
})

test("a colleague's call is PERMISSION_DENIED, another customer's does not exist", async () => {
  const [customer, other] = [await accounts.customer(), await accounts.customer()]
  const [ann, bob, eve] = [await agentOf(customer), await agentOf(customer), await agentOf(other)]
  const mine = await call(customer.id, ann.id, 1)
  assertReason(await bob.api.get(`/v1.0/service_agents/calls/${mine}`), 403, 'PERMISSION_DENIED')
  const ownerless = await call(customer.id, NIL_UUID, 2)
  assertReason(await ann.api.get(`/v1.0/service_agents/calls/${ownerless}`), 403, 'PERMISSION_DENIED')
  const missing = await eve.api.get(`/v1.0/service_agents/calls/${systemIds.uuid()}`)
  assertReason(missing, 404, 'CALL_NOT_FOUND', 'call-manager')
  sameButRequestId(await eve.api.get(`/v1.0/service_agents/calls/${mine}`), missing)
  await db.query('update calls set tm_delete = now() where id = $1', [mine])
  assertReason(await ann.api.get(`/v1.0/service_agents/calls/${mine}`), 404, 'CALL_NOT_FOUND', 'call-manager')
  assert.deepEqual((await ann.api.get('/v1.0/service_agents/calls')).body.result, [])
})

test('an access key is no agent', async () => {
  const { accesskey } = await accounts.customer()
  const api = apiClient(url, { accesskey })
  assertReason(await api.get('/v1.0/service_agents/calls'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})
