import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apiClient, assertReason, eventually, type Json, Platform } from '#testkit'
import { AGENT_PASSWORD, databaseOf, newAgent } from './two-customers.ts'

/** What an operator sees: the log, `/metrics` and `/health`; and what nobody must see in them. */

const NEW_PASSWORD = 'a brand new password 8712'
const WRONG_PASSWORD = 'not the password 5519'
const HASH = 'direct.0a1b2c3d4e5f'
const AI = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'

let platform: Platform
/** Everything that proves who somebody is, by what it is. */
const secrets: Record<string, string> = { NEW_PASSWORD, WRONG_PASSWORD, AGENT_PASSWORD, HASH }

before(async () => {
  platform = await Platform.start({ LOG_LEVEL: 'debug' })
  const { admin, agent, customer } = platform.credentials
  Object.assign(secrets, { admin: admin.password, agent: agent.password, key: customer.accesskey })
})
after(() => platform?.stop())

test('whoever proves who they are, in whatever way, leaves no proof of it in the log', async () => {
  const { http, credentials } = platform
  const nobody = apiClient(http)
  const key = credentials.customer.accesskey
  const keyed = apiClient(http, { accesskey: key })
  // keys in header, query and cookie, good and bad
  assert.equal((await keyed.get('/v1.0/tags')).status, 200)
  assert.equal((await nobody.get(`/v1.0/tags?accesskey=${key}`)).status, 200)
  assert.equal((await nobody.send('GET', '/v1.0/tags', { headers: { cookie: `accesskey=${key}` } })).status, 200)
  secrets.badKey = `${key.slice(0, -4)}zzzz`
  assert.equal((await nobody.get(`/v1.0/tags?accesskey=${secrets.badKey}`)).status, 401)
  const made = (await keyed.post('/v1.0/accesskeys', { name: 'second' })).body
  secrets.secondKey = made.token
  // logins, right and wrong
  assert.equal((await keyed.post('/v1.0/agents', newAgent('quiet@example.com', 64))).status, 201)
  const login = async (password: string) =>
    (await nobody.post('/auth/login', { username: 'quiet@example.com', password })).body
  await login(WRONG_PASSWORD)
  secrets.token = (await login(AGENT_PASSWORD)).token
  const quiet = apiClient(http, { token: secrets.token ?? '' })
  assert.equal((await nobody.get(`/v1.0/me?token=${secrets.token}`)).status, 200)
  // passwords that change, and are refused
  const change = { password: NEW_PASSWORD, current_password: AGENT_PASSWORD }
  assert.equal((await quiet.put('/v1.0/service_agents/me/password', change)).status, 200)
  assert.equal((await quiet.put('/v1.0/service_agents/me/password', { password: 1 })).status >= 400, true)
  secrets.tokenAfter = (await login(NEW_PASSWORD)).token
  // extensions have passwords, too
  const extension = { extension: '7788', password: 'secret of a phone 4431', name: '', detail: '' }
  secrets.phone = extension.password
  assert.equal((await keyed.post('/v1.0/extensions', extension)).status, 200)
  assert.equal((await keyed.post('/v1.0/extensions', { ...extension, name: 5 })).status, 400)
  // delegates and visitors
  const root = apiClient(http, { token: (await nobody.post('/auth/login', credentials.admin)).body.token })
  const reason = 'Looking for secrets in the log'
  secrets.delegate = (await root.post('/auth/delegate', { customer_id: credentials.customer.id, reason })).body.token
  const db = await databaseOf(platform)
  await db.query(`insert into directs values ($1, $2, 'ai', $1, $3, now(), null)`, [AI, credentials.customer.id, HASH])
  await db.close()
  secrets.visitor = (await nobody.post('/auth/boot', { direct_hash: HASH })).body.token
  secrets.webhook = (await keyed.get('/v1.0/customer')).body.webhook_secret

  await eventually('the last request is in the log', () => requestLines().some(({ path }) => path === '/v1.0/customer'))
  const log = logged().join('\n')
  for (const [what, secret] of Object.entries(secrets)) {
    assert.ok(secret && secret.length >= 8, what)
    // a hash of an access key is none; its first letters, which the API shows, are
    assert.ok(!log.includes(secret), `${what} is in the log`)
    assert.ok(!log.includes(encodeURIComponent(secret)), `${what} is in the log`)
  }
})

test('each request is a line of its own with its request id, route, code, reason and customer', async () => {
  const { http, credentials } = platform
  const asked = { headers: { 'x-request-id': 'look-for-me' } }
  const client = apiClient(http, { accesskey: credentials.customer.accesskey })
  const answer = await client.send('GET', `/v1.0/tags/${AI}?note=hidden-in-the-query`, asked)
  assertReason(answer, 404, 'TAG_NOT_FOUND', 'tag-manager')
  const line = await eventually('its line', () => requestLines().find(({ request_id }) => request_id === 'look-for-me'))
  const { method, path, code, reason, customer_id, seconds } = line
  assert.deepEqual(
    { method, path, code, reason, customer_id },
    {
      method: 'GET',
      path: `/v1.0/tags/${AI}`,
      code: 404,
      reason: 'TAG_NOT_FOUND',
      customer_id: credentials.customer.id,
    },
  )
  assert.ok(seconds > 0)
})

test('the figures say what is asked, what is refused where and why, who has to act, and what is late', async () => {
  const text = await (await fetch(`${platform.http}/metrics`)).text()
  for (const pattern of [
    /^strowger_http_requests_total\{method="GET",route="\/tags\/\{id\}",code="404"\} [1-9]/m,
    /^strowger_errors_total\{domain="tag-manager",reason="TAG_NOT_FOUND",blame="client",route="\/tags\/\{id\}"\} [1-9]/m,
    /^strowger_errors_total\{domain="api-manager",reason="INVALID_CREDENTIALS",blame="client",route="\/auth\/login"\} [1-9]/m,
    /^strowger_http_request_seconds_count\{route="\/tags"\} [1-9]/m,
    /^strowger_events_waiting \d+$/m,
    /^strowger_events_lag_seconds \d/m,
    /^strowger_event_loop_lag_seconds\{role="api",quantile="0.99"\} \d/m,
    /^strowger_event_loop_lag_seconds\{role="call",quantile="1"\} \d/m,
    /^strowger_webhook_/m,
    /^strowger_calls_live 0$/m,
  ])
    assert.match(text, pattern)
  assert.ok(!Object.values(secrets).some((secret) => text.includes(secret)))
})

test('health names everything that the platform depends on', async () => {
  const { status, body } = await apiClient(platform.http).get('/health')
  assert.equal(status, 200)
  const parts = { database: 'ready', ledger: 'ready', billing: 'ready', sip: 'ready' }
  assert.deepEqual(body, { status: 'ready', parts })
})

/** The lines of requests in the log so far. */
function requestLines(): Json[] {
  return logged()
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request')
}

/** What is on the screen of a first run is for the one who started it; the log is what follows as JSON. */
function logged(): string[] {
  return platform.child
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
}
