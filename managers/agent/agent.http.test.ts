import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { assertReason, sameButRequestId, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const { CustomerAdmin, CustomerManager, CustomerAgent } = Permission
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'

let made = 0
const wanted = (change: object = {}) => ({
  username: `person${++made}@example.com`,
  password: TEST_PASSWORD,
  name: 'Ann',
  detail: '',
  ring_method: 'ringall',
  permission: CustomerAgent,
  tag_ids: [],
  addresses: [{ type: 'tel', target: `+1555000${1000 + made}` }],
  ...change,
})

test('a new agent is offline, has a direct hash, and its password is nowhere to be read', async () => {
  const { id, admin } = await accounts.customer()
  const tag = (await admin.post('/v1.0/tags', { name: 'sales', detail: '' })).body.id
  const body = wanted({ ring_method: 'linear', tag_ids: [tag.toUpperCase(), tag] })
  const { status, body: agent, text } = await admin.post('/v1.0/agents', body)
  assert.equal(status, 201)
  assert.equal(agent.customer_id, id)
  assert.equal(agent.username, body.username)
  assert.equal(agent.status, 'offline')
  assert.equal(agent.ring_method, 'linear')
  assert.deepEqual(agent.tag_ids, [tag])
  assert.deepEqual(agent.addresses, body.addresses)
  assert.match(agent.direct_hash, /^direct\.[0-9a-f]{12}$/)
  assert.equal('tm_update' in agent || 'tm_delete' in agent, false)
  assert.equal(/password|argon/.test(text), false)
  assert.deepEqual((await admin.get(`/v1.0/agents/${agent.id}`)).body, agent)
  const direct = await accounts.directs.findByHash(agent.direct_hash)
  assert.deepEqual([direct?.resource_type, direct?.resource_id, direct?.customer_id], ['agent', agent.id, id])
  const announced = (await accounts.announced(id)).at(-1)
  assert.deepEqual([announced?.type, announced?.public, announced?.data], ['agent_created', true, agent])
})

test('all eight fields are needed, and each missing one is named', async () => {
  const { admin } = await accounts.customer()
  const answer = await admin.post('/v1.0/agents', {})
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  const fields = answer.body.error.details.map(({ field }: { field: string }) => field)
  assert.deepEqual(fields.sort(), Object.keys(wanted()).sort())
})

test('what is wrong with an agent has its reason', async () => {
  const { admin } = await accounts.customer()
  const refused = async (change: object, reason: string, domain?: string) =>
    assertReason(await admin.post('/v1.0/agents', wanted(change)), 400, reason, domain)
  await refused({ username: 'ann' }, 'INVALID_USERNAME_FORMAT', 'agent-manager')
  await refused({ ring_method: 'random' }, 'INVALID_RING_METHOD', 'agent-manager')
  await refused({ name: 'é'.repeat(128) }, 'INVALID_ARGUMENT')
  await refused({ password: 'short' }, 'INVALID_ARGUMENT')
  await refused({ permission: 65_536 }, 'INVALID_ARGUMENT')
  await refused({ permission: -1 }, 'INVALID_ARGUMENT')
  await refused({ addresses: [] }, 'INVALID_ARGUMENT')
  await refused({ tag_ids: ['x'] }, 'INVALID_ID')
  await refused({ permission: '16' }, 'INVALID_JSON_BODY')
})

test('every fault of the addresses is named at its place', async () => {
  const { admin } = await accounts.customer()
  const addresses = [
    { type: 'tel', target: '123' },
    { type: 'sip', target: 'nobody' },
    { type: 'email', target: 'a@b.co' },
    { type: 'extension', target: '9999' },
    { type: 'tel', target: '+1 (555) 000-1234' },
    { type: 'tel', target: '+15550001234' },
  ]
  const answer = await admin.post('/v1.0/agents', wanted({ addresses }))
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  const fields = answer.body.error.details.map(({ field }: { field: string }) => field)
  assert.deepEqual(fields, [
    'addresses[0].target',
    'addresses[1].target',
    'addresses[2].type',
    'addresses[3].target',
    'addresses[5]',
  ])
})

test('an extension may be named by number or id and is kept by id; a foreign one is none', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const extension = (number: string) => ({ extension: number, password: 'secret-1', name: '', detail: '' })
  const mine = (await alice.admin.post('/v1.0/extensions', extension('1000'))).body.id
  const theirs = (await bob.admin.post('/v1.0/extensions', extension('2000'))).body.id
  const create = (target: string) =>
    alice.admin.post('/v1.0/agents', wanted({ addresses: [{ type: 'extension', target, name: 'desk' }] }))
  const byNumber = await create('1000')
  assert.deepEqual(byNumber.body.addresses, [{ type: 'extension', target: mine, name: 'desk' }])
  assertReason(await create(mine), 409, 'ADDRESS_ALREADY_ASSIGNED', 'agent-manager')
  for (const target of [theirs, '2000', '']) assertReason(await create(target), 400, 'INVALID_ARGUMENT')
})

test('the agent of an address is known by it, in whatever form it is written, and by that customer only', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const desk = { extension: '1000', password: 'secret-1', name: '', detail: '' }
  const extension = (await alice.admin.post('/v1.0/extensions', desk)).body.id
  const addresses = [
    { type: 'extension', target: '1000' },
    { type: 'tel', target: '+15557654321' },
  ]
  const { id } = (await alice.admin.post('/v1.0/agents', wanted({ addresses }))).body
  const owner = (type: 'extension' | 'tel', target: string) => accounts.agents.ownerOf(alice.id, { type, target })
  assert.equal(await owner('extension', '1000'), id)
  assert.equal(await owner('extension', extension), id)
  assert.equal(await owner('tel', '+1 (555) 765-4321'), id)
  assert.equal(await owner('tel', '+15557654322'), undefined)
  assert.equal(await owner('extension', '1001'), undefined)
  assert.equal(await accounts.agents.ownerOf(bob.id, { type: 'tel', target: '+15557654321' }), undefined)
})

test('a username is unique over all customers, an address only within its own', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const first = wanted()
  assert.equal((await alice.admin.post('/v1.0/agents', first)).status, 201)
  const again = await bob.admin.post('/v1.0/agents', wanted({ username: first.username.toUpperCase() }))
  assertReason(again, 409, 'AGENT_ALREADY_EXISTS', 'agent-manager')
  const { addresses } = first
  assertReason(
    await alice.admin.post('/v1.0/agents', wanted({ addresses })),
    409,
    'ADDRESS_ALREADY_ASSIGNED',
    'agent-manager',
  )
  assert.equal((await bob.admin.post('/v1.0/agents', wanted({ addresses }))).status, 201)
  const list = await alice.admin.get('/v1.0/agents')
  assert.equal(list.body.result.length, 1, 'a refused agent leaves nothing behind')
})

test('the plan ends the number of agents, also for those who come at once', async () => {
  const { admin } = await accounts.customer()
  const answers = await Promise.all(Array.from({ length: 7 }, () => admin.post('/v1.0/agents', wanted())))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 201, 201, 429, 429])
  const refused = answers.find(({ status }) => status === 429)
  assert.ok(refused)
  assertReason(refused, 429, 'RESOURCE_LIMIT_EXCEEDED', 'agent-manager')
  assert.deepEqual(refused.body.error.details, [{ limit: 5 }])
})

test('nobody gives more than they may: admins are made by admins, project people by the super admin', async () => {
  const { agent } = await accounts.customer()
  const manager = (await agent(CustomerManager)).client
  const admin = (await agent(CustomerAdmin)).client
  for (const permission of [CustomerAdmin, 240, 1, 65_535])
    assertReason(await manager.post('/v1.0/agents', wanted({ permission })), 403, 'PERMISSION_DENIED')
  for (const permission of [1, 8, 65_535])
    assertReason(await admin.post('/v1.0/agents', wanted({ permission })), 403, 'PERMISSION_DENIED')
  assert.equal((await manager.post('/v1.0/agents', wanted({ permission: CustomerManager }))).status, 201)
  assert.equal((await admin.post('/v1.0/agents', wanted({ permission: 240 }))).status, 201)
  const root = await accounts.superAdmin()
  assert.equal((await root.post('/v1.0/agents', wanted({ permission: 1 }))).status, 201)
})

test('lists are filtered by tags, any of them, and by status', async () => {
  const { admin } = await accounts.customer()
  const newTag = async () => (await admin.post('/v1.0/tags', { name: 'x', detail: '' })).body.id
  const [tag, other] = [await newTag(), await newTag()]
  const tagged = (await admin.post('/v1.0/agents', wanted({ tag_ids: [tag] }))).body.id
  const both = (await admin.post('/v1.0/agents', wanted({ tag_ids: [tag, other] }))).body.id
  const none = (await admin.post('/v1.0/agents', wanted())).body.id
  await accounts.sql(`update agents set status = 'busy' where id = $1`, [both])
  const ids = async (query: string) => {
    const { status, body } = await admin.get(`/v1.0/agents?${query}`)
    assert.equal(status, 200)
    return body.result.map(({ id }: { id: string }) => id).sort()
  }
  assert.deepEqual(await ids(''), [tagged, both, none].sort())
  assert.deepEqual(await ids(`tag_ids=${tag}`), [tagged, both].sort())
  assert.deepEqual(await ids(`tag_ids=${MISSING},${other}`), [both])
  assert.deepEqual(await ids(`tag_ids=${tag}&status=busy`), [both])
  assert.deepEqual(await ids('status=available'), [])
  assertReason(await admin.get('/v1.0/agents?status=asleep'), 400, 'INVALID_ARGUMENT')
  const tooMany = Array.from({ length: 101 }, () => tag).join(',')
  for (const tags of ['', 'x', `${tag},`, tooMany])
    assertReason(await admin.get(`/v1.0/agents?tag_ids=${tags}`), 400, 'INVALID_TAG_IDS')
})

test('an agent reads itself and nobody else, by /me and by id; a key has no self', async () => {
  const { agent, admin } = await accounts.customer()
  const [one, other] = [await agent(0), await agent(0)]
  const me = await one.client.get('/v1.0/me')
  assert.equal(me.status, 200)
  assert.equal(me.body.id, one.id)
  assert.deepEqual((await one.client.get(`/v1.0/agents/${one.id}`)).body, me.body)
  assert.deepEqual((await one.client.get(`/v1.0/agents/${one.id.toUpperCase()}`)).body, me.body)
  for (const id of [other.id, MISSING])
    assertReason(await one.client.get(`/v1.0/agents/${id}`), 403, 'PERMISSION_DENIED')
  assertReason(await one.client.get('/v1.0/agents'), 403, 'PERMISSION_DENIED')
  assertReason(await one.client.post('/v1.0/agents', wanted()), 403, 'PERMISSION_DENIED')
  assertReason(await admin.get('/v1.0/me'), 403, 'AGENT_AUTH_REQUIRED')
  assertReason(await accounts.client().get('/v1.0/me'), 401, 'AUTHENTICATION_REQUIRED')
})

test("another customer's agent looks exactly like one that does not exist", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { id } = await bob.agent(0)
  const foreign = await alice.admin.get(`/v1.0/agents/${id}`)
  assertReason(foreign, 404, 'AGENT_NOT_FOUND', 'agent-manager')
  sameButRequestId(foreign, await alice.admin.get(`/v1.0/agents/${MISSING}`))
  for (const wrong of ['1', NIL_UUID]) assertReason(await alice.admin.get(`/v1.0/agents/${wrong}`), 400, 'INVALID_ID')
})

test('an agent that was deleted a moment ago is not found as /me either', async () => {
  const { agent } = await accounts.customer()
  const { id, client } = await agent(0)
  assert.equal((await client.get('/v1.0/me')).status, 200)
  await accounts.sql('update agents set tm_delete = now() where id = $1', [id])
  assertReason(await client.get('/v1.0/me'), 404, 'AGENT_NOT_FOUND', 'agent-manager')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
