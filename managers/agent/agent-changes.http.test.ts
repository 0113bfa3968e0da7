import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import {
  type ApiClient,
  assertReason,
  sameButRequestId,
  TEST_PASSWORD,
  TestAccounts,
  type TestCustomer,
} from '#testkit'
import { GUEST_AGENT_ID } from './privilege.ts'

const accounts = await TestAccounts.start()
const { CustomerAdmin, CustomerManager, CustomerAgent, ProjectSuperAdmin } = Permission
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const CHANGES = [
  ['PUT', '', { name: 'x' }],
  ['PUT', '/addresses', { addresses: [] }],
  ['PUT', '/tag_ids', { tag_ids: [] }],
  ['PUT', '/status', { status: 'away' }],
  ['PUT', '/permission', { permission: 16 }],
  ['PUT', '/password', { password: 'another password' }],
  ['POST', '/direct-hash-regenerate', undefined],
  ['DELETE', '', undefined],
] as const

const ask = (client: ApiClient, [method, path, body]: (typeof CHANGES)[number], id: string) => {
  const url = `/v1.0/agents/${id}${path}`
  return method === 'PUT' ? client.put(url, body) : method === 'POST' ? client.post(url) : client.delete(url)
}
const read = async ({ admin }: TestCustomer, id: string) => (await admin.get(`/v1.0/agents/${id}`)).body
const lastEvent = async (customer: string, id: string) =>
  (await accounts.announced(customer)).filter(({ resource_id }) => resource_id === id).at(-1)
const newExtension = async ({ admin }: TestCustomer, extension: string): Promise<string> =>
  (await admin.post('/v1.0/extensions', { extension, password: 'secret-1', name: '', detail: '' })).body.id
const loggedIn = async (username: string, password: string) => {
  const { body } = await accounts.client().post('/auth/login', { username, password })
  return accounts.client({ token: body.token })
}

test('name, detail and ring method change, what is left out stays, and each change is announced', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  accounts.clock.advance(1_000)
  const body = { name: 'Ann', detail: 'desk 4', ring_method: 'linear' }
  const changed = await customer.admin.put(`/v1.0/agents/${id}`, body)
  assert.equal(changed.status, 200)
  const { name, detail, ring_method, tm_update, tm_create } = changed.body
  assert.deepEqual({ name, detail, ring_method }, body)
  assert.ok(tm_update > tm_create)
  assert.deepEqual(await read(customer, id), changed.body)
  const event = await lastEvent(customer.id, id)
  assert.deepEqual([event?.type, event?.public, event?.data], ['agent_updated', true, changed.body])
  const again = (await customer.admin.put(`/v1.0/agents/${id}`, { ring_method: '' })).body
  assert.deepEqual([again.name, again.detail, again.ring_method], ['Ann', 'desk 4', 'ringall'])
  assertReason(
    await customer.admin.put(`/v1.0/agents/${id}`, { ring_method: 'random' }),
    400,
    'INVALID_RING_METHOD',
    'agent-manager',
  )
  assertReason(await customer.admin.put(`/v1.0/agents/${id}`, { name: 'é'.repeat(128) }), 400, 'INVALID_ARGUMENT')
})

test('addresses are replaced as a whole; those of a colleague are refused and nothing changes then', async () => {
  const customer = await accounts.customer()
  const [one, other] = [await customer.agent(0), await customer.agent(0)]
  const desk = await newExtension(customer, '1000')
  const put = (id: string, addresses: object[]) => customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses })
  const tel = { type: 'tel', target: '+1 555 000 1111' }
  const first = await put(one.id, [{ type: 'extension', target: '1000' }, tel])
  const stored = [
    { type: 'extension', target: desk },
    { type: 'tel', target: '+15550001111' },
  ]
  assert.deepEqual(first.body.addresses, stored)
  assert.equal((await lastEvent(customer.id, one.id))?.type, 'agent_updated')
  const taken = await put(other.id, [{ type: 'sip', target: 'a@b.example' }, tel])
  assertReason(taken, 409, 'ADDRESS_ALREADY_ASSIGNED', 'agent-manager')
  assert.equal(taken.body.error.details[0].pointer, '/addresses/1')
  assert.deepEqual((await read(customer, other.id)).addresses, [])
  assert.deepEqual((await put(one.id, [tel])).body.addresses, [stored[1]])
  assert.deepEqual((await put(other.id, [{ type: 'extension', target: desk }])).body.addresses, [stored[0]])
  assert.deepEqual((await put(one.id, [])).body.addresses, [])
  assert.deepEqual((await put(other.id, [tel])).body.addresses, [stored[1]])
  for (const addresses of [
    [{ type: 'email', target: 'a@b.example' }],
    [{ type: 'extension', target: '99' }],
    [tel, tel],
  ])
    assertReason(await put(one.id, addresses), 400, 'INVALID_ARGUMENT')
  assertReason(await customer.admin.put(`/v1.0/agents/${one.id}/addresses`, {}), 400, 'INVALID_ARGUMENT')
})

test('two who take each other’s addresses at the same moment both get an answer', async () => {
  const customer = await accounts.customer()
  const agents = [await customer.agent(0), await customer.agent(0)]
  const tel = (target: string) => ({ addresses: [{ type: 'tel', target }] })
  const numbers = ['+15550002221', '+15550002222']
  const put = (agent: number, number: number) =>
    customer.admin.put(`/v1.0/agents/${agents[agent]?.id}/addresses`, tel(numbers[number] ?? ''))
  await put(0, 0)
  await put(1, 1)
  const answers = await Promise.all([put(0, 1), put(1, 0)])
  for (const { status, text } of answers) assert.ok(status === 200 || status === 409, text)
})

test('only tags that the customer has can be given', async () => {
  const [customer, stranger] = [await accounts.customer(), await accounts.customer()]
  const { id } = await customer.agent(0)
  const tag = async ({ admin }: TestCustomer) => (await admin.post('/v1.0/tags', { name: 'x', detail: '' })).body.id
  const [mine, theirs] = [await tag(customer), await tag(stranger)]
  const put = (tag_ids: string[]) => customer.admin.put(`/v1.0/agents/${id}/tag_ids`, { tag_ids })
  assert.deepEqual((await put([mine.toUpperCase(), mine])).body.tag_ids, [mine])
  const [foreign, unknown] = [await put([mine, theirs]), await put([mine, MISSING])]
  assertReason(foreign, 404, 'TAG_NOT_FOUND', 'tag-manager')
  assert.equal(foreign.body.error.details[0].pointer, '/tag_ids/1')
  sameButRequestId(foreign, unknown)
  assertReason(await put(['x']), 400, 'INVALID_ID')
  await customer.admin.delete(`/v1.0/tags/${mine}`)
  assert.deepEqual((await read(customer, id)).tag_ids, [])
  assertReason(await put([mine]), 404, 'TAG_NOT_FOUND', 'tag-manager')
  assert.deepEqual((await put([])).body.tag_ids, [])
})

test('a status is what it is set to, is announced when it is another one, and ringing is not for people to say', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  const put = (status: string) => customer.admin.put(`/v1.0/agents/${id}/status`, { status })
  for (const status of ['available', 'away', 'busy', 'offline']) {
    assert.equal((await put(status)).body.status, status)
    assert.equal((await lastEvent(customer.id, id))?.type, 'agent_status_updated')
  }
  const before = (await accounts.announced(customer.id)).length
  assert.equal((await put('offline')).status, 200)
  assert.equal((await accounts.announced(customer.id)).length, before)
  for (const status of ['', 'ringing', 'asleep']) assertReason(await put(status), 400, 'INVALID_ARGUMENT')
})

test('a new permission holds at once, without another login', async () => {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(CustomerAgent)
  assertReason(await client.get('/v1.0/agents'), 403, 'PERMISSION_DENIED')
  const put = (permission: number) => customer.admin.put(`/v1.0/agents/${id}/permission`, { permission })
  assert.equal((await put(CustomerManager)).body.permission, CustomerManager)
  assert.equal((await client.get('/v1.0/agents')).status, 200)
  assert.equal((await put(0)).body.permission, 0)
  assertReason(await client.get('/v1.0/agents'), 403, 'PERMISSION_DENIED')
  for (const wrong of [-1, 65_536]) assertReason(await put(wrong), 400, 'INVALID_ARGUMENT')
})

test('nobody gives or takes bits above the own ones, and nobody raises itself', async () => {
  const customer = await accounts.customer({ billing: { plan_type: 'unlimited' } })
  const manager = await customer.agent(CustomerManager)
  const admin = await customer.agent(CustomerAdmin)
  const other = await customer.agent(CustomerAdmin)
  const plain = await customer.agent(CustomerAgent)
  const project = await customer.agent(ProjectSuperAdmin)
  const put = (client: ApiClient, id: string, permission: number) =>
    client.put(`/v1.0/agents/${id}/permission`, { permission })
  const refused = async (client: ApiClient, id: string, ...permissions: number[]) => {
    for (const each of permissions) assertReason(await put(client, id, each), 403, 'PERMISSION_DENIED')
  }
  await refused(manager.client, plain.id, CustomerAdmin, CustomerAdmin | CustomerAgent, ProjectSuperAdmin, 8, 65_535)
  await refused(manager.client, admin.id, 0, CustomerAgent, CustomerAdmin | CustomerAgent)
  await refused(manager.client, manager.id, CustomerManager | CustomerAdmin, CustomerManager | 128)
  await refused(admin.client, plain.id, ProjectSuperAdmin, 2, 15, 65_535)
  await refused(admin.client, admin.id, CustomerAdmin | CustomerManager, CustomerAdmin | ProjectSuperAdmin)
  await refused(admin.client, project.id, 0, CustomerAgent, ProjectSuperAdmin | CustomerAdmin)
  await refused(customer.admin, project.id, 0)
  assert.equal((await put(manager.client, plain.id, CustomerManager)).status, 200)
  assert.equal((await put(admin.client, other.id, CustomerManager)).status, 200)
  assert.equal((await put(admin.client, other.id, CustomerAdmin)).status, 200)
  assert.equal((await put(manager.client, manager.id, CustomerAgent)).status, 200, 'anybody may give up what it has')
  await refused(manager.client, plain.id, CustomerAgent)
})

test('nobody becomes somebody else by a password: a manager sets none of an admin, an admin none of project people', async () => {
  const customer = await accounts.customer({ billing: { plan_type: 'unlimited' } })
  const [manager, admin] = [await customer.agent(CustomerManager), await customer.agent(CustomerAdmin)]
  const project = await customer.agent(ProjectSuperAdmin)
  const put = (client: ApiClient, id: string) =>
    client.put(`/v1.0/agents/${id}/password`, { password: 'taken over you are' })
  assertReason(await put(manager.client, admin.id), 403, 'PERMISSION_DENIED')
  assertReason(await manager.client.delete(`/v1.0/agents/${admin.id}`), 403, 'PERMISSION_DENIED')
  for (const client of [manager.client, admin.client, customer.admin]) {
    assertReason(await put(client, project.id), 403, 'PERMISSION_DENIED')
    assertReason(await client.delete(`/v1.0/agents/${project.id}`), 403, 'PERMISSION_DENIED')
  }
  assert.equal((await put(admin.client, manager.id)).status, 200)
})

test('the last admin of a customer stays one, also when two give each other up at the same moment', async () => {
  const customer = await accounts.customer()
  const admins = [await customer.agent(CustomerAdmin), await customer.agent(CustomerAdmin)]
  const [one, other] = admins.map(({ id }) => id) as [string, string]
  const demote = (id: string) => customer.admin.put(`/v1.0/agents/${id}/permission`, { permission: CustomerAgent })
  const answers = await Promise.all([demote(one), demote(other)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  const last = answers[0]?.status === 409 ? one : other
  for (const answer of [await demote(last), await customer.admin.delete(`/v1.0/agents/${last}`)])
    assertReason(answer, 409, 'STATE_INVALID')
  assert.equal((await read(customer, last)).permission, CustomerAdmin)
  const gone = last === one ? other : one
  assert.equal((await customer.admin.delete(`/v1.0/agents/${gone}`)).status, 200)
})

test('the last super admin of the platform stays one, whatever customer it belongs to', async () => {
  await accounts.sql('update agents set permission = 0 where permission & 1 <> 0')
  const customer = await accounts.customer()
  const root = await customer.agent(ProjectSuperAdmin)
  await customer.agent(CustomerAdmin)
  const demote = () => root.client.put(`/v1.0/agents/${root.id}/permission`, { permission: 0 })
  for (const answer of [await demote(), await root.client.delete(`/v1.0/agents/${root.id}`)])
    assertReason(answer, 409, 'STATE_INVALID')
  await (await accounts.customer()).agent(ProjectSuperAdmin)
  assert.equal((await demote()).status, 200)
})

test('the guest agent stays as it is', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(CustomerAgent)
  await accounts.sql('update agents set id = $2 where id = $1', [id, GUEST_AGENT_ID])
  const url = `/v1.0/agents/${GUEST_AGENT_ID}`
  for (const answer of [
    await customer.admin.delete(url),
    await customer.admin.put(`${url}/permission`, { permission: 0 }),
    await customer.admin.put(`${url}/password`, { password: 'another password' }),
  ])
    assertReason(answer, 409, 'STATE_INVALID')
})

test('a new password ends every token of the agent at once, and only the new one logs in', async () => {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(CustomerAgent)
  const { username } = (await client.get('/v1.0/me')).body
  const second = await loggedIn(username, TEST_PASSWORD)
  assert.equal((await second.get('/v1.0/me')).status, 200)
  const put = (password: string) => customer.admin.put(`/v1.0/agents/${id}/password`, { password })
  assertReason(await put('seven77'), 400, 'INVALID_ARGUMENT')
  const changed = await put('a better password')
  assert.equal(changed.status, 200)
  assert.equal(/password|argon/.test(changed.text), false)
  for (const each of [client, second]) assertReason(await each.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  const login = { username, password: TEST_PASSWORD }
  assertReason(await accounts.client().post('/auth/login', login), 401, 'INVALID_CREDENTIALS')
  assert.equal((await (await loggedIn(username, 'a better password')).get('/v1.0/me')).body.id, id)
})

test('a deleted agent is gone: its tokens end, its hash is dead, its username and addresses are free', async () => {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(CustomerAgent)
  const desk = { type: 'extension', target: await newExtension(customer, '1000') }
  const { username, direct_hash } = (await customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses: [desk] }))
    .body
  const deleted = await customer.admin.delete(`/v1.0/agents/${id}`)
  assert.equal(deleted.status, 200)
  assert.ok(deleted.body.tm_delete)
  const event = await lastEvent(customer.id, id)
  assert.deepEqual([event?.type, event?.public, event?.data], ['agent_deleted', true, deleted.body])
  assertReason(await client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  assert.equal(await accounts.directs.findByHash(direct_hash), undefined)
  for (const change of CHANGES)
    assertReason(await ask(customer.admin, change, id), 404, 'AGENT_NOT_FOUND', 'agent-manager')
  assert.deepEqual((await customer.admin.get('/v1.0/agents')).body.result, [])
  const successor = {
    ...{ username, password: TEST_PASSWORD, name: 'next', detail: '', ring_method: 'ringall' },
    ...{ permission: 0, tag_ids: [], addresses: [desk] },
  }
  assert.equal((await customer.admin.post('/v1.0/agents', successor)).status, 201)
})

test('a deleted extension is nobody’s address any more', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  const desk = await newExtension(customer, '1000')
  const kept = { type: 'tel', target: '+15550003331' }
  await customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses: [{ type: 'extension', target: desk }, kept] })
  assert.equal((await customer.admin.delete(`/v1.0/extensions/${desk}`)).status, 200)
  const agent = await read(customer, id)
  assert.deepEqual(agent.addresses, [kept])
  const event = await lastEvent(customer.id, id)
  assert.deepEqual([event?.type, event?.data], ['agent_updated', agent])
})

test('an extension that is deleted while it is given to an agent is either taken away again or refused', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  for (let round = 0; round < 5; round++) {
    const desk = await newExtension(customer, `10${round}`)
    const addresses = [{ type: 'extension', target: desk }]
    const [given, deleted] = await Promise.all([
      customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses }),
      customer.admin.delete(`/v1.0/extensions/${desk}`),
    ])
    assert.ok(given.status === 200 || given.status === 400, given.text)
    assert.equal(deleted.status, 200)
    assert.deepEqual((await read(customer, id)).addresses, [])
  }
})

test('a new direct hash replaces the old one, which is dead at once', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  const { direct_hash: old } = await read(customer, id)
  for (const path of ['direct-hash-regenerate']) {
    const { status, body } = await customer.admin.post(`/v1.0/agents/${id}/${path}`)
    assert.equal(status, 200)
    assert.notEqual(body.direct_hash, old)
    assert.equal(await accounts.directs.findByHash(old), undefined)
    assert.equal((await accounts.directs.findByHash(body.direct_hash))?.resource_id, id)
  }
  assertReason(await customer.admin.post('/v1.0/agents/x/direct-hash-regenerate'), 400, 'INVALID_REQUEST_PARAMETER')
})

test('an agent changes its own name and status by its id, and nothing else there without a role', async () => {
  const customer = await accounts.customer()
  const [me, colleague] = [await customer.agent(0), await customer.agent(0)]
  assert.equal((await me.client.put(`/v1.0/agents/${me.id.toUpperCase()}`, { name: 'Me' })).body.name, 'Me')
  assert.equal((await me.client.put(`/v1.0/agents/${me.id}/status`, { status: 'available' })).body.status, 'available')
  const own = ['', '/status']
  for (const change of CHANGES) {
    const [method, path] = change
    if (method !== 'PUT' || !own.includes(path))
      assertReason(await ask(me.client, change, me.id), 403, 'PERMISSION_DENIED')
    for (const id of [colleague.id, MISSING]) assertReason(await ask(me.client, change, id), 403, 'PERMISSION_DENIED')
  }
})

test("another customer's agent looks exactly like one that does not exist, to every change", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { id } = await bob.agent(0)
  const before = await read(bob, id)
  for (const change of CHANGES) {
    const foreign = await ask(alice.admin, change, id)
    assertReason(foreign, 404, 'AGENT_NOT_FOUND', 'agent-manager')
    sameButRequestId(foreign, await ask(alice.admin, change, MISSING))
  }
  assert.deepEqual(await read(bob, id), before)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
