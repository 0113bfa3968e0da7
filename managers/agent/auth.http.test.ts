import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import type { DirectResourceType } from '#managers/direct'
import { adminOnly, apiErrors, endpoint, handle, openHttpServer, Permission } from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock, timestamp } from '#platform/time'
import { type ApiClient, apiClient, assertReason, TEST_PASSWORD, TestAccounts, type TestCustomer } from '#testkit'
import { BootService } from './boot.ts'

const accounts = await TestAccounts.start()
const nobody = accounts.client()
const REASON = 'Ticket 4711: the customer asked us to look'
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'

const login = async (username: string) => (await nobody.post('/auth/login', { username, password: TEST_PASSWORD })).body
const root = await accounts.superAdmin()
const rootAgent = (await root.get('/v1.0/me')).body

/** A direct hash of a resource of this type, which need not exist. */
async function hashOf({ id }: TestCustomer, resource_type: DirectResourceType) {
  const target = { resource_type, resource_id: systemIds.uuid() }
  const direct = await accounts.db.transaction((trx) => accounts.directs.create(trx, id, target))
  return { hash: direct.hash, resource_id: target.resource_id }
}

async function delegateFor({ id }: TestCustomer, by: ApiClient = root): Promise<ApiClient> {
  const { body, text } = await by.post('/auth/delegate', { customer_id: id, reason: REASON })
  assert.ok(body.token, text)
  return accounts.client({ token: body.token })
}

/** An endpoint that visitors with `aicall` may ask, as the AI manager will have some; it says who asks. */
async function visitorServer(): Promise<string> {
  const who = endpoint({
    method: 'GET',
    path: '/aicalls',
    summary: 'Says who asks',
    allow: adminOnly,
    direct: 'aicall',
    returns: Type.Object({ identity: Type.Unknown() }),
    errors: [],
  })
  const server = await openHttpServer({
    routes: [handle(who, ({ identity }) => ({ identity }))],
    authenticate: accounts.authenticator.authenticate,
    catalogues: [apiErrors],
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    metrics: new Metrics(),
    version: 'test',
    strictReasons: true,
  })
  after(() => server.close())
  return server.listen('127.0.0.1', 0)
}
const visitorUrl = await visitorServer()

test('a logout ends every token of the agent, on every device, and takes the cookie back', async () => {
  for (const path of ['/auth/logout', '/v1.0/auth/logout']) {
    const customer = await accounts.customer()
    const { client } = await customer.agent(0)
    const { username } = (await client.get('/v1.0/me')).body
    const second = accounts.client({ token: (await login(username)).token })
    const done = await second.post(path)
    assert.equal(done.status, 200)
    assert.deepEqual(done.body, {})
    assert.match(
      done.headers.get('set-cookie') ?? '',
      /^token=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    for (const each of [client, second]) assertReason(await each.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
    assert.equal((await accounts.client({ token: (await login(username)).token }).get('/v1.0/me')).status, 200)
  }
  assertReason(await nobody.post('/auth/logout'), 401, 'AUTHENTICATION_REQUIRED')
  assertReason(await (await accounts.customer()).admin.post('/auth/logout'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test('a visitor who knows the hash of an AI gets a token for AI calls, for four hours', async () => {
  const customer = await accounts.customer()
  const { hash, resource_id } = await hashOf(customer, 'ai')
  for (const path of ['/auth/boot', '/v1.0/auth/boot']) {
    const { status, body } = await nobody.post(path, { direct_hash: hash })
    assert.equal(status, 200)
    const { token, ...rest } = body
    const expire = timestamp(accounts.clock.wallMs() + 4 * 3_600_000)
    const about = { type: 'direct', resource_type: 'ai', resource_id, customer_id: customer.id, expire }
    assert.deepEqual(rest, about)
    const direct = { resource_type: 'ai', resource_id, allowed_resource_types: ['aicall'] }
    assert.deepEqual(decodeJwt(token).direct, { customer_id: customer.id, ...direct })
    const asked = await apiClient(visitorUrl, { token }).get('/v1.0/aicalls')
    assert.equal(asked.status, 200)
    assert.deepEqual(asked.body.identity.direct, direct)
    assert.equal(asked.body.identity.permission, 0)
  }
})

test('a visitor gets nothing else with it', async () => {
  const customer = await accounts.customer()
  const { hash } = await hashOf(customer, 'webchat_widget')
  const { body } = await nobody.post('/auth/boot', { direct_hash: hash })
  assert.deepEqual(decodeJwt<{ direct: object }>(body.token).direct, {
    ...{ customer_id: customer.id, resource_type: 'webchat_widget', resource_id: body.resource_id },
    allowed_resource_types: ['webchat_session'],
  })
  assertReason(
    await apiClient(visitorUrl, { token: body.token }).get('/v1.0/aicalls'),
    403,
    'DIRECT_ACCESS_NOT_SUPPORTED',
  )
  const visitor = accounts.client({ token: body.token })
  for (const path of ['agents', 'customer', 'accesskeys', 'service_agents/me', 'service_agents/agents', 'tags'])
    assertReason(await visitor.get(`/v1.0/${path}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await visitor.get('/v1.0/me'), 403, 'AGENT_AUTH_REQUIRED')
  assertReason(
    await visitor.post('/auth/delegate', { customer_id: customer.id, reason: REASON }),
    403,
    'DIRECT_ACCESS_NOT_SUPPORTED',
  )
})

test('what a visitor is to be shown comes with the token', async () => {
  const { customers, directs, tokens } = accounts
  const customer = await accounts.customer()
  const { hash, resource_id } = await hashOf(customer, 'webchat_widget')
  const visitorData = {
    webchat_widget: async (...of: string[]) =>
      of.join() === `${customer.id},${resource_id}` ? { public_display_config: { theme: 'dark' } } : undefined,
  }
  const boots = new BootService({ customers, directs, tokens, visitorData })
  assert.deepEqual((await boots.boot(hash)).resource_data, { public_display_config: { theme: 'dark' } })
})

test('a hash that reaches nothing a visitor may use is refused, and why is said', async () => {
  const customer = await accounts.customer()
  const refused = async (body: object, about: RegExp) => {
    const answer = await nobody.post('/auth/boot', body)
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.equal(answer.body.error.details[0].pointer, '/direct_hash')
    assert.match(answer.body.error.message, about)
  }
  await refused({}, /required/)
  for (const direct_hash of ['', 'x', 'direct.', 'direct.0123456789AB', '0123456789ab'])
    await refused({ direct_hash }, /twelve hex digits/)
  await refused({ direct_hash: 'direct.000000000000' }, /reaches nothing/)
  for (const type of ['agent', 'extension', 'flow', 'queue', 'conference'] as const)
    await refused({ direct_hash: (await hashOf(customer, type)).hash }, new RegExp(`of type ${type}`))
  assertReason(await nobody.post('/auth/boot', { direct_hash: 1 }), 400, 'INVALID_JSON_BODY')
  for (const status of ['frozen', 'initial', 'expired', 'deleted']) {
    const other = await accounts.customer()
    const { hash } = await hashOf(other, 'ai')
    await accounts.sql('update customers set status = $2 where id = $1', [other.id, status])
    await refused({ direct_hash: hash }, /not active/)
  }
})

test('a visitor’s token ends with its time and, within 5 s, with the customer; a new hash does not end it', async () => {
  const customer = await accounts.customer()
  const { hash, resource_id } = await hashOf(customer, 'ai')
  const { token } = (await nobody.post('/auth/boot', { direct_hash: hash })).body
  const visitor = apiClient(visitorUrl, { token })
  await accounts.db.transaction((trx) =>
    accounts.directs.regenerate(trx, customer.id, { resource_type: 'ai', resource_id }),
  )
  assert.equal((await visitor.get('/v1.0/aicalls')).status, 200)
  await accounts.sql(`update customers set status = 'deleted' where id = $1`, [customer.id])
  accounts.clock.advance(5_001)
  assertReason(await visitor.get('/v1.0/aicalls'), 401, 'INVALID_CREDENTIALS')
  await accounts.sql(`update customers set status = 'active' where id = $1`, [customer.id])
  assert.equal((await visitor.get('/v1.0/aicalls')).status, 200)
  accounts.clock.advance(4 * 3_600_000)
  assertReason(await visitor.get('/v1.0/aicalls'), 401, 'INVALID_CREDENTIALS')
})

test('a super admin gets a token to act as admin of a customer; who, where and why is on record', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  const answer = await root.post('/auth/delegate', { customer_id: customer.id, reason: REASON })
  assert.equal(answer.status, 200)
  const { token, customer_id, expire } = answer.body
  assert.deepEqual([customer_id, expire], [customer.id, timestamp(accounts.clock.wallMs() + 8 * 3_600_000)])
  const delegate = accounts.client({ token })
  assert.deepEqual(
    (await delegate.get('/v1.0/agents')).body.result.map((each: { id: string }) => each.id),
    [id],
  )
  assert.equal((await delegate.get('/v1.0/customer')).body.id, customer.id)
  const rows = await accounts.db.query<Record<string, string>>('select * from delegations where id = $1', [
    decodeJwt(token).jti,
  ])
  assert.equal(rows.length, 1)
  const { agent_id, reason, ip, tm_expire } = rows[0] ?? {}
  assert.deepEqual([agent_id, reason, ip, tm_expire], [rootAgent.id, REASON, '127.0.0.1', expire])
  const event = (await accounts.announced(customer.id)).at(-1)
  assert.deepEqual([event?.type, event?.public, event?.data], ['delegation_created', false, rows[0]])
  assert.equal(JSON.stringify(event).includes(token), false)
})

test('a delegate is an admin of that customer and nothing more', async () => {
  const [customer, other] = [await accounts.customer(), await accounts.customer()]
  const delegate = await delegateFor(customer)
  const { id } = await other.agent(0)
  assertReason(await delegate.get(`/v1.0/agents/${id}`), 404, 'AGENT_NOT_FOUND', 'agent-manager')
  assertReason(
    await delegate.post('/auth/delegate', { customer_id: other.id, reason: REASON }),
    403,
    'PERMISSION_DENIED',
  )
  for (const path of ['/v1.0/service_agents/me', '/v1.0/service_agents/agents'])
    assertReason(await delegate.get(path), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await delegate.get('/v1.0/me'), 403, 'AGENT_AUTH_REQUIRED')
  assertReason(await delegate.post('/auth/logout'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  const grant = { username: 'x@delegate.example.com', password: TEST_PASSWORD, name: '', detail: '' }
  const more = { ring_method: 'ringall', tag_ids: [], addresses: [{ type: 'sip', target: 'a@b.example' }] }
  assertReason(await delegate.post('/v1.0/agents', { ...grant, ...more, permission: 1 }), 403, 'PERMISSION_DENIED')
})

test('only super admins get one, for a customer that lives, and for a reason that can be read', async () => {
  const customer = await accounts.customer()
  const ask = (client: ApiClient, change: object = {}) =>
    client.post('/auth/delegate', { customer_id: customer.id, reason: REASON, ...change })
  assertReason(await ask(nobody), 401, 'AUTHENTICATION_REQUIRED')
  for (const client of [customer.admin, (await customer.agent(Permission.CustomerAdmin)).client])
    assertReason(await ask(client), 403, 'PERMISSION_DENIED')
  for (const reason of ['too short', 'x'.repeat(201), 'a line\nand another', 'Überprüfung des Kontos'])
    assertReason(await ask(root, { reason }), 400, 'INVALID_ARGUMENT')
  assertReason(await ask(root, { customer_id: 'x' }), 400, 'INVALID_ID')
  assertReason(await ask(root, { reason: undefined }), 400, 'INVALID_ARGUMENT')
  assertReason(await ask(root, { customer_id: MISSING }), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  await accounts.sql(`update customers set status = 'deleted', tm_delete = now() where id = $1`, [customer.id])
  assertReason(await ask(root), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
})

test('a frozen customer stops visitors and delegates within 5 s; who is logged in may still log out', async () => {
  const customer = await accounts.customer()
  const { hash } = await hashOf(customer, 'ai')
  const { token } = (await nobody.post('/auth/boot', { direct_hash: hash })).body
  const delegate = await delegateFor(customer)
  const agent = await customer.agent(0)
  await accounts.lifecycle.freeze(customer.id)
  for (const answer of [
    await apiClient(visitorUrl, { token }).get('/v1.0/aicalls'),
    await delegate.get('/v1.0/agents'),
    await agent.client.get('/v1.0/service_agents/me'),
  ])
    assertReason(answer, 403, 'ACCOUNT_FROZEN')
  assert.equal((await agent.client.post('/auth/logout')).status, 200)
})

test('a delegate token ends after eight hours', async () => {
  const delegate = await delegateFor(await accounts.customer())
  accounts.clock.advance(8 * 3_600_000 - 1)
  assert.equal((await delegate.get('/v1.0/agents')).status, 200)
  accounts.clock.advance(1)
  assertReason(await delegate.get('/v1.0/agents'), 401, 'INVALID_CREDENTIALS')
})

test('a delegate ends at once with the power, the logins or the existence of who issued it', async () => {
  const customer = await accounts.customer()
  const home = await accounts.customer()
  await home.agent(Permission.CustomerAdmin)
  const issuer = async () => {
    const agent = await home.agent(Permission.ProjectSuperAdmin)
    return { ...agent, delegate: await delegateFor(customer, agent.client) }
  }
  const ends: ((issuer: { id: string; client: ApiClient }) => Promise<{ status: number; text: string }>)[] = [
    ({ id, client }) => client.put(`/v1.0/agents/${id}/permission`, { permission: 0 }),
    ({ client }) => client.post('/auth/logout'),
    ({ id, client }) => client.delete(`/v1.0/agents/${id}`),
  ]
  for (const end of ends) {
    const { delegate, ...by } = await issuer()
    assert.equal((await delegate.get('/v1.0/agents')).status, 200)
    const { status, text } = await end(by)
    assert.equal(status, 200, text)
    assertReason(await delegate.get('/v1.0/agents'), 401, 'INVALID_CREDENTIALS')
  }
})

test('what ends a token in another process takes effect here within 5 s', async () => {
  const customer = await accounts.customer()
  const agent = await customer.agent(Permission.CustomerAdmin)
  const issuer = await (await accounts.customer()).agent(Permission.ProjectSuperAdmin)
  const delegate = await delegateFor(customer, issuer.client)
  for (const client of [agent.client, delegate]) assert.equal((await client.get('/v1.0/agents')).status, 200)
  await accounts.sql('update agents set permission = 0 where id in ($1, $2)', [agent.id, issuer.id])
  accounts.clock.advance(5_001)
  assertReason(await agent.client.get('/v1.0/agents'), 403, 'PERMISSION_DENIED')
  assertReason(await delegate.get('/v1.0/agents'), 401, 'INVALID_CREDENTIALS')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
