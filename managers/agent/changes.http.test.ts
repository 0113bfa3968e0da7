import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { type Answer, assertReason, sameButRequestId, TEST_PASSWORD, TestAccounts } from '#testkit'
import { GUEST_AGENT_ID } from './agent.ts'

const accounts = await TestAccounts.start()
const { CustomerAdmin, CustomerAgent, CustomerManager } = Permission
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const NEW_PASSWORD = 'another battery staple'
const tel = (last: number) => ({ type: 'tel' as const, target: `+1555000${1000 + last}` })

const login = (username: string, password: string) => accounts.client().post('/auth/login', { username, password })
const fieldsOf = (answer: Answer) => answer.body.error.details.map(({ field }: { field: string }) => field)
const lastEvent = async (customer: string) => {
  const event = (await accounts.announced(customer)).at(-1)
  return [event?.type, event?.public, event?.data]
}

test('name, detail and ring method are replaced as a whole, by a manager or by the agent itself', async () => {
  const { id: customer, agent } = await accounts.customer()
  const manager = await agent(CustomerManager)
  const one = await agent(0)
  const all = { name: 'Ann', detail: 'desk 4', ring_method: 'linear' }
  const before = (await one.client.get('/v1.0/me')).body
  accounts.clock.advance(1_000)
  const { status, body } = await manager.client.put(`/v1.0/agents/${one.id.toUpperCase()}`, all)
  assert.equal(status, 200)
  const { tm_update, ...rest } = body
  assert.deepEqual(rest, { ...before, ...all })
  assert.ok(tm_update > before.tm_create)
  assert.deepEqual(await lastEvent(customer), ['agent_updated', true, body])
  const own = await one.client.put(`/v1.0/agents/${one.id}`, { name: 'Bea', ring_method: '' })
  assert.deepEqual([own.body.name, own.body.detail, own.body.ring_method], ['Bea', '', 'ringall'])
  assertReason(await one.client.put(`/v1.0/agents/${manager.id}`, all), 403, 'PERMISSION_DENIED')
  const change = (wrong: object) => manager.client.put(`/v1.0/agents/${one.id}`, { ...all, ...wrong })
  assertReason(await change({ ring_method: 'random' }), 400, 'INVALID_RING_METHOD', 'agent-manager')
  assertReason(await change({ name: 'é'.repeat(128) }), 400, 'INVALID_ARGUMENT')
})

test('the status is set by a manager or the agent itself, and only to a status', async () => {
  const { id: customer, admin, agent } = await accounts.customer()
  const [one, other] = [await agent(0), await agent(0)]
  const { body } = await admin.put(`/v1.0/agents/${one.id}/status`, { status: 'available' })
  assert.equal(body.status, 'available')
  assert.deepEqual(await lastEvent(customer), ['agent_status_updated', true, body])
  assert.equal((await one.client.put(`/v1.0/agents/${one.id}/status`, { status: 'away' })).body.status, 'away')
  assertReason(await one.client.put(`/v1.0/agents/${other.id}/status`, { status: 'away' }), 403, 'PERMISSION_DENIED')
  const before = (await accounts.announced(customer)).length
  assert.equal((await admin.put(`/v1.0/agents/${one.id}/status`, { status: 'away' })).status, 200)
  assert.equal((await accounts.announced(customer)).length, before, 'only another status is announced')
  for (const status of ['asleep', 'ringing', '']) {
    const wrong = await admin.put(`/v1.0/agents/${one.id}/status`, { status })
    assertReason(wrong, 400, 'INVALID_ARGUMENT')
    assert.deepEqual(fieldsOf(wrong), ['status'])
  }
})

test('addresses are replaced: the old ones are free, one that another agent has is refused and nothing changes', async () => {
  const { admin, agent } = await accounts.customer()
  const [one, other] = [await agent(0), await agent(0)]
  const put = (id: string, addresses: object[]) => admin.put(`/v1.0/agents/${id}/addresses`, { addresses })
  assert.deepEqual((await put(one.id, [tel(1), tel(2)])).body.addresses, [tel(1), tel(2)])
  const taken = await put(other.id, [tel(3), tel(2)])
  assertReason(taken, 409, 'ADDRESS_ALREADY_ASSIGNED', 'agent-manager')
  assert.deepEqual(fieldsOf(taken), ['addresses[1]'])
  assert.deepEqual((await admin.get(`/v1.0/agents/${other.id}`)).body.addresses, [])
  assert.deepEqual((await put(one.id, [tel(3), tel(1)])).body.addresses, [tel(3), tel(1)])
  assert.deepEqual((await put(other.id, [tel(2)])).body.addresses, [tel(2)])
  assert.deepEqual((await put(one.id, [])).body.addresses, [])
  const wrong = await put(one.id, [tel(4), { type: 'tel', target: '1' }])
  assertReason(wrong, 400, 'INVALID_ARGUMENT')
  assert.deepEqual(fieldsOf(wrong), ['addresses[1].target'])
  assertReason(await admin.put(`/v1.0/agents/${one.id}/addresses`, {}), 400, 'INVALID_ARGUMENT')
})

test('two agents who take over addresses from each other at once both get an answer', async () => {
  const { id, admin, agent } = await accounts.customer()
  const [one, other] = [await agent(0), await agent(0)]
  const put = (agent_id: string, addresses: object[]) => admin.put(`/v1.0/agents/${agent_id}/addresses`, { addresses })
  await put(one.id, [tel(1)])
  await put(other.id, [tel(2)])
  const answers = await Promise.all([put(one.id, [tel(2)]), put(other.id, [tel(1)])])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [409, 409],
  )
  assert.equal(await accounts.agents.ownerOf(id, tel(1)), one.id)
})

test('tags are replaced; one that is unknown, deleted or of another customer is named at its place', async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  const tag = async ({ admin }: typeof mine) => (await admin.post('/v1.0/tags', { name: 'x', detail: '' })).body.id
  const [known, gone, foreign] = [await tag(mine), await tag(mine), await tag(theirs)]
  await mine.admin.delete(`/v1.0/tags/${gone}`)
  const { id } = await mine.agent(0)
  const put = (tag_ids: string[]) => mine.admin.put(`/v1.0/agents/${id}/tag_ids`, { tag_ids })
  assert.deepEqual((await put([known.toUpperCase(), known])).body.tag_ids, [known])
  const wrong = await put([known, gone, foreign, MISSING])
  assertReason(wrong, 400, 'INVALID_ARGUMENT')
  assert.deepEqual(fieldsOf(wrong), ['tag_ids[1]', 'tag_ids[2]', 'tag_ids[3]'])
  assertReason(await put(['x']), 400, 'INVALID_ID')
  assert.deepEqual((await put([])).body.tag_ids, [])
  const created = await mine.admin.post('/v1.0/agents', {
    ...{ username: 'tagged@example.com', password: TEST_PASSWORD, name: '', detail: '', ring_method: 'ringall' },
    ...{ permission: 0, addresses: [tel(9)], tag_ids: [MISSING] },
  })
  assertReason(created, 400, 'INVALID_ARGUMENT')
})

test('permission is given and taken only by who may, and nobody raises itself', async () => {
  const { agent } = await accounts.customer()
  const [admin, second, manager, one] = [
    await agent(CustomerAdmin),
    await agent(CustomerAdmin),
    await agent(CustomerManager),
    await agent(0),
  ]
  const put = (by: typeof admin, id: string, permission: number) =>
    by.client.put(`/v1.0/agents/${id}/permission`, { permission })
  assert.equal((await put(manager, one.id, CustomerManager)).body.permission, CustomerManager)
  for (const [by, id, permission] of [
    [manager, one.id, CustomerAdmin],
    [manager, second.id, 0],
    [manager, manager.id, CustomerManager | CustomerAgent],
    [admin, one.id, 1],
    [admin, admin.id, CustomerAdmin | CustomerManager],
  ] as const)
    assertReason(await put(by, id, permission), 403, 'PERMISSION_DENIED')
  assertReason(await put(admin, one.id, 65_536), 400, 'INVALID_ARGUMENT')
  assert.equal((await put(admin, one.id, CustomerAdmin)).body.permission, CustomerAdmin)
})

test('a demoted agent may no more from the next request on, also where the demotion was not seen happening', async () => {
  const { admin, agent } = await accounts.customer()
  const [one] = [await agent(CustomerManager), await agent(CustomerAdmin)]
  assert.equal((await one.client.get('/v1.0/agents')).status, 200)
  assert.equal((await admin.put(`/v1.0/agents/${one.id}/permission`, { permission: 0 })).status, 200)
  assertReason(await one.client.get('/v1.0/agents'), 403, 'PERMISSION_DENIED')
  await accounts.sql('update agents set permission = 64 where id = $1', [one.id])
  accounts.clock.advance(5_001)
  assert.equal((await one.client.get('/v1.0/agents')).status, 200)
})

test('the last admin can be neither demoted nor deleted, also by two who do it to each other at once', async () => {
  const { admin, agent } = await accounts.customer()
  const [one, two] = [await agent(CustomerAdmin), await agent(CustomerAdmin)]
  const demote = (id: string) => admin.put(`/v1.0/agents/${id}/permission`, { permission: CustomerManager })
  const answers = await Promise.all([demote(one.id), admin.delete(`/v1.0/agents/${two.id}`)])
  const refused = answers.filter(({ status }) => status !== 200)
  assert.equal(refused.length, 1)
  assertReason(refused[0] as Answer, 409, 'STATE_INVALID')
  const last = answers[0]?.status === 200 ? two.id : one.id
  assertReason(await demote(last), 409, 'STATE_INVALID')
  assertReason(await admin.delete(`/v1.0/agents/${last}`), 409, 'STATE_INVALID')
})

test('a new password ends the logins of the agent; a manager may not set the password of an admin', async () => {
  const { agent } = await accounts.customer()
  const [admin, manager, one] = [await agent(CustomerAdmin), await agent(CustomerManager), await agent(0)]
  const { username } = (await one.client.get('/v1.0/me')).body
  const put = (id: string, password: string) => manager.client.put(`/v1.0/agents/${id}/password`, { password })
  for (const password of ['short', 'x'.repeat(1025)]) assertReason(await put(one.id, password), 400, 'INVALID_ARGUMENT')
  assertReason(await put(admin.id, NEW_PASSWORD), 403, 'PERMISSION_DENIED')
  const { status, text } = await put(one.id, NEW_PASSWORD)
  assert.equal(status, 200)
  assert.equal(/password|argon/.test(text), false)
  assertReason(await one.client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  assertReason(await login(username, TEST_PASSWORD), 401, 'INVALID_CREDENTIALS')
  const token = (await login(username, NEW_PASSWORD)).body.token
  assert.equal((await accounts.client({ token }).get('/v1.0/me')).body.id, one.id)
})

test('a deleted agent is gone with its logins, direct hash and addresses', async () => {
  const { id: customer, admin, agent } = await accounts.customer()
  const [one, other, boss, manager] = [
    await agent(0),
    await agent(0),
    await agent(CustomerAdmin),
    await agent(CustomerManager),
  ]
  const { direct_hash } = (await one.client.get('/v1.0/me')).body
  await admin.put(`/v1.0/agents/${one.id}/addresses`, { addresses: [tel(1)] })
  assertReason(await manager.client.delete(`/v1.0/agents/${boss.id}`), 403, 'PERMISSION_DENIED')
  const { status, body } = await manager.client.delete(`/v1.0/agents/${one.id}`)
  assert.equal(status, 200)
  assert.ok(body.tm_delete)
  assert.deepEqual(await lastEvent(customer), ['agent_deleted', true, body])
  assertReason(await one.client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  assert.equal(await accounts.directs.findByHash(direct_hash), undefined)
  const taken = await admin.put(`/v1.0/agents/${other.id}/addresses`, { addresses: [tel(1)] })
  assert.equal(taken.status, 200)
  assertReason(await admin.delete(`/v1.0/agents/${one.id}`), 404, 'AGENT_NOT_FOUND', 'agent-manager')
})

test('a regenerated direct hash works at once, and the old one no more', async () => {
  const { id: customer, admin, agent } = await accounts.customer()
  const one = await agent(0)
  const { direct_hash } = (await one.client.get('/v1.0/me')).body
  const { status, body } = await admin.post(`/v1.0/agents/${one.id}/direct-hash-regenerate`)
  assert.equal(status, 200)
  assert.equal(await accounts.directs.findByHash(direct_hash), undefined)
  assert.equal((await accounts.directs.findByHash(body.direct_hash))?.resource_id, one.id)
  assert.deepEqual(await lastEvent(customer), ['agent_updated', true, body])
})

test('the guest agent stays as it is', async () => {
  const { admin, agent } = await accounts.customer()
  const { id } = await agent(0)
  await accounts.sql('update agents set id = $1 where id = $2', [GUEST_AGENT_ID, id])
  const guest = `/v1.0/agents/${GUEST_AGENT_ID}`
  for (const answer of [
    await admin.delete(guest),
    await admin.put(`${guest}/permission`, { permission: CustomerAgent }),
    await admin.put(`${guest}/password`, { password: NEW_PASSWORD }),
  ])
    assertReason(answer, 409, 'STATE_INVALID')
})

test("another customer's agent is changed like one that does not exist", async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  const { id } = await theirs.agent(0)
  const tries = (path: string) => [
    mine.admin.put(path, { name: 'taken' }),
    mine.admin.put(`${path}/status`, { status: 'away' }),
    mine.admin.put(`${path}/addresses`, { addresses: [] }),
    mine.admin.put(`${path}/tag_ids`, { tag_ids: [] }),
    mine.admin.put(`${path}/permission`, { permission: 0 }),
    mine.admin.put(`${path}/password`, { password: NEW_PASSWORD }),
    mine.admin.post(`${path}/direct-hash-regenerate`),
    mine.admin.delete(path),
  ]
  const before = (await theirs.admin.get(`/v1.0/agents/${id}`)).body
  const unknown = await Promise.all(tries(`/v1.0/agents/${MISSING}`))
  for (const [at, answer] of (await Promise.all(tries(`/v1.0/agents/${id}`))).entries()) {
    assertReason(answer, 404, 'AGENT_NOT_FOUND', 'agent-manager')
    sameButRequestId(answer, unknown[at] as Answer)
  }
  assert.deepEqual((await theirs.admin.get(`/v1.0/agents/${id}`)).body, before)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
