import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { Permission } from '#platform/http'
import { assertReason, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const nobody = accounts.client()

async function loggedOut(permission: number = Permission.CustomerAdmin) {
  const customer = await accounts.customer()
  const agent = await customer.agent(permission)
  const { username } = (await agent.client.get('/v1.0/me')).body
  return { ...agent, username, customer }
}

test('a login gives a token in the body and the same one as a cookie that scripts cannot read', async () => {
  const { username, id } = await loggedOut()
  for (const path of ['/auth/login', '/v1.0/auth/login']) {
    const answer = await nobody.post(path, { username, password: TEST_PASSWORD })
    assert.equal(answer.status, 200)
    assert.deepEqual(Object.keys(answer.body).sort(), ['token', 'username'])
    assert.equal(answer.body.username, username)
    const cookie = answer.headers.get('set-cookie') ?? ''
    assert.match(cookie, new RegExp(`^token=${answer.body.token};`))
    for (const part of [/HttpOnly/i, /Secure/i, /SameSite=Strict/i, /Path=\/(;|$)/i, /Max-Age=604800/i])
      assert.match(cookie, part)
    assert.equal((await accounts.client({ token: answer.body.token }).get('/v1.0/me')).body.id, id)
    const byCookie = await nobody.send('GET', '/v1.0/me', { headers: { cookie: `token=${answer.body.token}` } })
    assert.equal(byCookie.body.id, id)
    assert.equal((await nobody.get(`/v1.0/me?token=${answer.body.token}`)).body.id, id)
  }
})

test('a username is known in whatever case it is written', async () => {
  const { username } = await loggedOut()
  const answer = await nobody.post('/auth/login', { username: ` ${username.toUpperCase()}`, password: TEST_PASSWORD })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.username, username)
})

test('a wrong password, an unknown user and a deleted agent get the same answer', async () => {
  const { username } = await loggedOut()
  const deleted = await loggedOut()
  await accounts.sql('update agents set tm_delete = now() where id = $1', [deleted.id])
  const tries = [
    { username, password: 'wrong' },
    { username, password: '' },
    { username: 'nobody@example.com', password: TEST_PASSWORD },
    { username: '', password: '' },
    { username: deleted.username, password: TEST_PASSWORD },
  ]
  const texts = new Set<string>()
  for (const body of tries) {
    const answer = await nobody.post('/auth/login', body)
    assertReason(answer, 401, 'INVALID_CREDENTIALS')
    assert.equal(answer.headers.get('set-cookie'), null)
    texts.add(answer.text.replace(answer.body.error.request_id, ''))
  }
  assert.equal(texts.size, 1)
})

test('an unknown user costs as much work as a known one', async () => {
  const { username } = await loggedOut()
  const cpu = async (name: string) => {
    const before = process.cpuUsage()
    await nobody.post('/auth/login', { username: name, password: 'wrong' })
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const least = async (name: string) => Math.min(await cpu(name), await cpu(name), await cpu(name))
  const [known, unknown] = [await least(username), await least('nobody@example.com')]
  assert.ok(unknown > known / 2, `unknown ${unknown} µs, known ${known} µs`)
})

test('a login without its members, or of the wrong kind, is refused by its shape', async () => {
  assertReason(await nobody.post('/auth/login', {}), 400, 'INVALID_ARGUMENT')
  assertReason(await nobody.post('/auth/login', { username: 1, password: 'x' }), 400, 'INVALID_JSON_BODY')
})

test('the customer of an agent must live: a deleted or expired one lets nobody in', async () => {
  for (const status of ['deleted', 'expired']) {
    const { username, customer, token } = await loggedOut()
    await accounts.sql('update customers set status = $2 where id = $1', [customer.id, status])
    assertReason(await nobody.post('/auth/login', { username, password: TEST_PASSWORD }), 401, 'INVALID_CREDENTIALS')
    accounts.clock.advance(5_001)
    assertReason(await accounts.client({ token }).get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
    assertReason(await customer.admin.get('/v1.0/agents'), 401, 'INVALID_CREDENTIALS')
  }
})

test('a demotion takes effect within 5 s, and a raised token version ends older tokens', async () => {
  const { id, client } = await loggedOut()
  assert.equal((await client.get('/v1.0/accesskeys')).status, 200)
  await accounts.sql('update agents set permission = 16 where id = $1', [id])
  accounts.clock.advance(5_001)
  assertReason(await client.get('/v1.0/accesskeys'), 403, 'PERMISSION_DENIED')
  await accounts.sql('update agents set token_version = 2 where id = $1', [id])
  accounts.clock.advance(5_001)
  assertReason(await client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
})

test('a token ends after seven days', async () => {
  const { client } = await loggedOut()
  accounts.clock.advance(7 * 86_400_000 - 1)
  assert.equal((await client.get('/v1.0/me')).status, 200)
  accounts.clock.advance(1)
  assertReason(await client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
})

test('a token that we did not sign, or for an agent of another customer, is nobody’s', async () => {
  const [one, other] = [await loggedOut(), await loggedOut()]
  const forged = await new SignJWT({
    type: 'agent',
    agent: { id: one.id, customer_id: one.customer.id },
    token_version: 1,
  })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new Uint8Array(32).fill(9))
  const claims = { type: 'agent' as const, agent_id: one.id, customer_id: other.customer.id, token_version: 1 }
  for (const token of [forged, (await accounts.tokens.sign(claims)).token, 'x', 'a.b.c'])
    assertReason(await accounts.client({ token }).get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
})

test('a token wins over an access key, even when only the key is good', async () => {
  const { token, customer } = await loggedOut(Permission.CustomerAgent)
  const both = (jwt: string) => nobody.get(`/v1.0/accesskeys?token=${jwt}&accesskey=${customer.accesskey}`)
  assertReason(await both(token), 403, 'PERMISSION_DENIED')
  assertReason(await both('bad'), 401, 'INVALID_CREDENTIALS')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
