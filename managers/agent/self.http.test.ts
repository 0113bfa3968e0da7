import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertReason, sameButRequestId, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const ME = '/v1.0/service_agents/me'
const NEXT = 'quite another password'

const login = (username: string, password: string) => accounts.client().post('/auth/login', { username, password })

/** Somebody who has logged in with the password a moment ago. */
async function person(permission = 0) {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(permission)
  const { username } = (await client.get('/v1.0/me')).body
  const { body } = await login(username, TEST_PASSWORD)
  return { customer, id, username, client: accounts.client({ token: body.token }) }
}

test('every agent reads and changes itself, whatever its permission', async () => {
  const { customer, id, client } = await person()
  const me = await client.get(ME)
  assert.equal(me.status, 200)
  assert.equal(me.body.id, id)
  assert.deepEqual((await client.get('/v1.0/service-agents/me')).body, me.body)
  const named = await client.put(ME, { name: 'Ann', detail: 'at home', ring_method: 'linear' })
  const { name, detail, ring_method } = named.body
  assert.deepEqual({ name, detail, ring_method }, { name: 'Ann', detail: 'at home', ring_method: 'linear' })
  assert.equal((await client.put(`${ME}/status`, { status: 'available' })).body.status, 'available')
  const addresses = [{ type: 'tel', target: '+15550001111' }]
  assert.deepEqual((await client.put(`${ME}/addresses`, { addresses })).body.addresses, addresses)
  assert.deepEqual((await client.get(ME)).body, (await customer.admin.get(`/v1.0/agents/${id}`)).body)
})

test('what is wrong with it has its reason', async () => {
  const { customer, client } = await person()
  const colleague = await customer.agent(0)
  const addresses = [{ type: 'tel', target: '+15550002222' }]
  await colleague.client.put(`${ME}/addresses`, { addresses })
  assertReason(await client.put(`${ME}/addresses`, { addresses }), 409, 'ADDRESS_ALREADY_ASSIGNED', 'agent-manager')
  assertReason(await client.put(`${ME}/status`, { status: 'ringing' }), 400, 'INVALID_ARGUMENT')
  const faults = await client.put(ME, {})
  assertReason(faults, 400, 'INVALID_ARGUMENT')
  assert.equal(faults.body.error.details.length, 3)
  const wrong = { name: '', detail: '', ring_method: 'random' }
  assertReason(await client.put(ME, wrong), 400, 'INVALID_RING_METHOD', 'agent-manager')
})

test('who has just logged in sets a new password with nothing else; every token ends', async () => {
  const { username, client } = await person()
  assertReason(await client.put(`${ME}/password`, { password: 'short' }), 400, 'INVALID_ARGUMENT')
  assert.equal((await client.put(`${ME}/password`, { password: NEXT })).status, 200)
  assertReason(await client.get(ME), 401, 'INVALID_CREDENTIALS')
  assertReason(await login(username, TEST_PASSWORD), 401, 'INVALID_CREDENTIALS')
  assert.equal((await login(username, NEXT)).status, 200)
})

test('an old login sets no password without the current one, whichever way it asks', async () => {
  const { id, username, client, customer } = await person(32)
  accounts.clock.advance(10 * 60_000 + 1_000)
  for (const path of [`${ME}/password`, `/v1.0/agents/${id}/password`]) {
    const bare = await client.put(path, { password: NEXT })
    assertReason(bare, 400, 'INVALID_ARGUMENT')
    assert.equal(bare.body.error.details[0].pointer, '/current_password')
    const wrong = await client.put(path, { password: NEXT, current_password: 'a guess' })
    assertReason(wrong, 400, 'INVALID_ARGUMENT')
    assert.equal(wrong.body.error.details[0].pointer, '/current_password')
  }
  assert.equal((await client.get(ME)).status, 200, 'a refused change ends nothing')
  const right = await client.put(`${ME}/password`, { password: NEXT, current_password: TEST_PASSWORD })
  assert.equal(right.status, 200)
  assert.equal((await login(username, NEXT)).status, 200)
  const other = await customer.agent(0)
  const { body } = await login(username, NEXT)
  accounts.clock.advance(3_600_000)
  const set = { password: 'for somebody else' }
  const asAdmin = accounts.client({ token: body.token })
  assert.equal((await asAdmin.put(`/v1.0/agents/${other.id}/password`, set)).status, 200)
})

test('guesses of the current password are wrong passwords like any other: they make the guesser wait', async () => {
  const { client, username } = await person()
  const guess = () => client.put(`${ME}/password`, { password: NEXT, current_password: 'a guess' })
  for (let tries = 0; tries < 5; tries++) assertReason(await guess(), 400, 'INVALID_ARGUMENT')
  const waits = await guess()
  assertReason(waits, 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal(waits.headers.get('retry-after'), '1')
  assertReason(await login(username, TEST_PASSWORD), 429, 'RATE_LIMIT_EXCEEDED')
  accounts.clock.advance(1_001)
  assert.equal((await login(username, TEST_PASSWORD)).status, 200)
})

test('colleagues are seen by every agent, and those of other customers by none', async () => {
  const { customer, client, id } = await person()
  const colleague = await customer.agent(16)
  const foreign = await (await accounts.customer()).agent(0)
  const { result, next_page_token } = (await client.get('/v1.0/service_agents/agents')).body
  assert.deepEqual(new Set(result.map((each: { id: string }) => each.id)), new Set([id, colleague.id]))
  assert.equal(next_page_token, '')
  const one = await client.get(`/v1.0/service_agents/agents/${colleague.id}`)
  assert.deepEqual(one.body, (await customer.admin.get(`/v1.0/agents/${colleague.id}`)).body)
  const theirs = await client.get(`/v1.0/service_agents/agents/${foreign.id}`)
  assertReason(theirs, 404, 'AGENT_NOT_FOUND', 'agent-manager')
  sameButRequestId(theirs, await client.get(`/v1.0/service_agents/agents/${MISSING}`))
  const paged = await client.get('/v1.0/service_agents/agents?page_size=1')
  assert.equal(paged.body.result.length, 1)
  assert.notEqual(paged.body.next_page_token, '')
})

test('only a person has a self: a key is told to log in', async () => {
  const { customer, id } = await person()
  for (const answer of [
    await customer.admin.get(ME),
    await customer.admin.put(ME, { name: '', detail: '', ring_method: 'ringall' }),
    await customer.admin.put(`${ME}/addresses`, { addresses: [] }),
    await customer.admin.put(`${ME}/status`, { status: 'away' }),
    await customer.admin.put(`${ME}/password`, { password: NEXT }),
    await customer.admin.get('/v1.0/service_agents/agents'),
    await customer.admin.get(`/v1.0/service_agents/agents/${id}`),
  ])
    assertReason(answer, 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await accounts.client().get(ME), 401, 'AUTHENTICATION_REQUIRED')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
