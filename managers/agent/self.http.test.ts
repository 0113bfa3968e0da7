import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertReason, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const ME = '/v1.0/service_agents/me'
const NEW_PASSWORD = 'another battery staple'

test('an agent without any permission sees its colleagues, and nobody else', async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  const [one, other, foreign] = [await mine.agent(0), await mine.agent(0), await theirs.agent(0)]
  const { result } = (await one.client.get('/v1.0/service_agents/agents')).body
  assert.deepEqual(result.map(({ id }: { id: string }) => id).sort(), [one.id, other.id].sort())
  assert.equal((await one.client.get(`/v1.0/service_agents/agents/${other.id}`)).body.id, other.id)
  const refused = await one.client.get(`/v1.0/service_agents/agents/${foreign.id}`)
  assertReason(refused, 404, 'AGENT_NOT_FOUND', 'agent-manager')
})

test('an agent looks after itself: name, status and addresses', async () => {
  const { agent } = await accounts.customer()
  const { id, client } = await agent(0)
  const all = { name: 'Ann', detail: 'here', ring_method: 'linear' }
  const changed = (await client.put(ME, all)).body
  assert.deepEqual([changed.id, changed.name, changed.detail, changed.ring_method], [id, 'Ann', 'here', 'linear'])
  assertReason(await client.put(ME, { name: 'Ann' }), 400, 'INVALID_ARGUMENT')
  assertReason(await client.put(ME, { ...all, ring_method: 'x' }), 400, 'INVALID_RING_METHOD', 'agent-manager')
  assert.equal((await client.put(`${ME}/status`, { status: 'available' })).body.status, 'available')
  const addresses = [{ type: 'tel', target: '+15550001001' }]
  assert.deepEqual((await client.put(`${ME}/addresses`, { addresses })).body.addresses, addresses)
  const taken = await (await agent(0)).client.put(`${ME}/addresses`, { addresses })
  assertReason(taken, 409, 'ADDRESS_ALREADY_ASSIGNED', 'agent-manager')
  assert.deepEqual((await client.get(ME)).body, (await client.get('/v1.0/me')).body)
})

test('an agent sets its password; the current one is checked when it is given, and every login ends', async () => {
  const { agent } = await accounts.customer()
  const { client } = await agent(0)
  const { username } = (await client.get(ME)).body
  const wrong = await client.put(`${ME}/password`, { password: NEW_PASSWORD, current_password: 'guess' })
  assertReason(wrong, 400, 'INVALID_ARGUMENT')
  assert.equal(wrong.body.error.details[0].pointer, '/current_password')
  assertReason(await client.put(`${ME}/password`, { password: 'short' }), 400, 'INVALID_ARGUMENT')
  const login = async (password: string) =>
    (await accounts.client().post('/auth/login', { username, password })).body.token
  const right = { password: NEW_PASSWORD, current_password: TEST_PASSWORD }
  assert.equal((await client.put(`${ME}/password`, right)).status, 200)
  assertReason(await client.get(ME), 401, 'INVALID_CREDENTIALS')
  const again = accounts.client({ token: await login(NEW_PASSWORD) })
  assert.equal((await again.put(`${ME}/password`, { password: TEST_PASSWORD })).status, 200)
  assert.equal(typeof (await login(TEST_PASSWORD)), 'string')
})

test('whoever logs out is logged out everywhere, and the cookie is taken back', async () => {
  const { agent } = await accounts.customer()
  const { client, token } = await agent(0)
  const { username } = (await client.get(ME)).body
  const elsewhere = (await accounts.client().post('/auth/login', { username, password: TEST_PASSWORD })).body.token
  const answer = await client.send('POST', '/auth/logout')
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('set-cookie') ?? '', /^token=; Max-Age=0; Path=\/;/)
  for (const dead of [token, elsewhere])
    assertReason(await accounts.client({ token: dead }).get(ME), 401, 'INVALID_CREDENTIALS')
  assertReason(await client.post('/v1.0/auth/logout'), 401, 'INVALID_CREDENTIALS')
})

test('an access key has no self', async () => {
  const { admin } = await accounts.customer()
  for (const answer of [await admin.get(ME), await admin.post('/auth/logout')])
    assertReason(answer, 403, 'AGENT_AUTH_REQUIRED')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
