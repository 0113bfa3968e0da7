import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type Database, DatabaseUnavailable } from '#platform/db'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp, timestampToMs } from '#platform/time'
import { assertReason, sameButRequestId, TestAccounts } from '#testkit'
import { AccesskeyUse } from './accesskey-use.ts'

const accounts = await TestAccounts.start()
const YEAR_MS = 31_536_000_000

test('a key shows its token once, lives a year unless said, and only its hash is kept', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { status, body } = await admin.post('/v1.0/accesskeys', { name: 'ci', detail: 'for builds' })
  assert.equal(status, 200)
  assert.match(body.token, /^vb_[A-Za-z0-9]{32}$/)
  assert.equal(body.token_prefix, body.token.slice(0, 11))
  assert.equal(body.customer_id, customer_id)
  assert.equal((timestampToMs(body.tm_expire) ?? 0) - (timestampToMs(body.tm_create) ?? 0), YEAR_MS)
  const read = await admin.get(`/v1.0/accesskeys/${body.id}`)
  const { token, ...rest } = body
  assert.deepEqual(read.body, rest)
  const list = await admin.get('/v1.0/accesskeys')
  assert.equal(list.text.includes(token), false)
  const kept = createHash('sha256').update(token).digest()
  const rows = await accounts.db.query('select * from accesskeys where id = $1 and token_hash = $2', [body.id, kept])
  assert.equal(rows.length, 1)
  assert.equal(JSON.stringify(rows).includes(token), false)
  assert.equal((await accounts.client({ accesskey: token }).get('/v1.0/customer')).body.id, customer_id)
})

test('empty names are left out, and an expiry under a day or of the wrong kind is refused', async () => {
  const { admin } = await accounts.customer()
  const { body } = await admin.post('/v1.0/accesskeys', { expire: 86_400 })
  assert.equal('name' in body || 'detail' in body, false)
  assert.equal((timestampToMs(body.tm_expire) ?? 0) - (timestampToMs(body.tm_create) ?? 0), 86_400_000)
  for (const expire of [86_399, 0, -1, 3_153_600_001])
    assertReason(await admin.post('/v1.0/accesskeys', { expire }), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/accesskeys', { expire: 'long' }), 400, 'INVALID_JSON_BODY')
})

test('a key is renamed as a whole; how long it lives stays', async () => {
  const { admin } = await accounts.customer()
  const { body } = await admin.post('/v1.0/accesskeys', { name: 'old', detail: 'old' })
  const renamed = await admin.put(`/v1.0/accesskeys/${body.id}`, { name: 'new', expire: 86_400 })
  assert.equal(renamed.status, 200)
  assert.equal(renamed.body.name, 'new')
  assert.equal('detail' in renamed.body || 'token' in renamed.body, false)
  assert.equal(renamed.body.tm_expire, body.tm_expire)
  assert.notEqual(renamed.body.tm_update, null)
})

test('a deleted key stops at once, leaves the list, and deleting it again gives the same answer', async () => {
  const { id, admin } = await accounts.customer()
  const { body } = await admin.post('/v1.0/accesskeys', { name: 'gone' })
  const gone = accounts.client({ accesskey: body.token })
  assert.equal((await gone.get('/v1.0/accesskeys')).status, 200)
  const deleted = await admin.delete(`/v1.0/accesskeys/${body.id}`)
  assert.equal(deleted.status, 200)
  assert.notEqual(deleted.body.tm_delete, null)
  assertReason(await gone.get('/v1.0/accesskeys'), 401, 'INVALID_CREDENTIALS')
  assert.equal((await admin.delete(`/v1.0/accesskeys/${body.id}`)).text, deleted.text)
  assertReason(await admin.get(`/v1.0/accesskeys/${body.id}`), 404, 'ACCESSKEY_NOT_FOUND', 'customer-manager')
  const renamed = await admin.put(`/v1.0/accesskeys/${body.id}`, { name: 'x' })
  assertReason(renamed, 404, 'ACCESSKEY_NOT_FOUND', 'customer-manager')
  assert.equal((await admin.get('/v1.0/accesskeys')).text.includes(body.id), false)
  const announced = (await accounts.announced(id)).filter(({ resource_id }) => resource_id === body.id)
  assert.deepEqual(
    announced.map(({ type }) => type),
    ['accesskey_created', 'accesskey_deleted'],
  )
  assert.equal(JSON.stringify(announced).includes(body.token), false)
})

test('when a key was last used is kept to a minute, and a key that nobody uses says so', async () => {
  const { admin } = await accounts.customer()
  const { body } = await admin.post('/v1.0/accesskeys', { name: 'ci' })
  assert.equal(body.tm_last_used, null)
  const client = accounts.client({ accesskey: body.token })
  const lastUsed = async () => {
    accounts.clock.advance(1_000)
    await accounts.keyUse.stop()
    return (await admin.get(`/v1.0/accesskeys/${body.id}`)).body.tm_last_used
  }
  const use = () => client.get('/v1.0/customer')
  const at = () => timestamp(accounts.clock.wallMs())
  const first = at()
  await use()
  assert.equal(await lastUsed(), first)
  await use()
  assert.equal(await lastUsed(), first, 'less than a minute later nothing is written')
  accounts.clock.advance(60_000)
  const second = at()
  await use()
  assert.equal(await lastUsed(), second)
  assert.equal((await admin.get(`/v1.0/accesskeys/${body.id}`)).body.tm_update, null, 'to be used is no change')
  await admin.delete(`/v1.0/accesskeys/${body.id}`)
  accounts.clock.advance(60_000)
  assertReason(await use(), 401, 'INVALID_CREDENTIALS')
})

test('a use that could not be kept is kept with the next one, and the request knows nothing of it', async () => {
  const { admin } = await accounts.customer()
  const [key] = (await admin.get('/v1.0/accesskeys')).body.result
  const clock = new ManualClock(accounts.clock.wallMs())
  let away = true
  const db: Database = new Proxy(accounts.db, {
    get(target, name) {
      if (name === 'kysely' && away) throw new DatabaseUnavailable('unreachable')
      return name === 'kysely' ? target.kysely.bind(target) : Reflect.get(target, name)
    },
  })
  const uses = new AccesskeyUse({ db, clock, log: silentLog })
  uses.used(key.id)
  clock.advance(1_000)
  await uses.stop()
  away = false
  clock.advance(1_000)
  uses.used(key.id)
  const at = timestamp(clock.wallMs())
  await uses.stop()
  const [row] = await accounts.db.query<{ at: string }>('select tm_last_used as at from accesskeys where id = $1', [
    key.id,
  ])
  assert.equal(row?.at, at)
})

test('a key fails from the moment it expires, although it was used just before', async () => {
  const { admin } = await accounts.customer()
  const { body } = await admin.post('/v1.0/accesskeys', { expire: 86_400 })
  const client = accounts.client({ accesskey: body.token })
  accounts.clock.advance(86_399_999)
  assert.equal((await client.get('/v1.0/customer')).status, 200)
  accounts.clock.advance(1)
  assertReason(await client.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
})

test('a key works in the query, as a cookie and as a bearer; one that does not exist works nowhere', async () => {
  const { accesskey } = await accounts.customer()
  const nobody = accounts.client()
  const unknown = `vb_${'x'.repeat(32)}`
  for (const [key, status] of [
    [accesskey, 200],
    [unknown, 401],
    ['vb_short', 401],
  ] as const) {
    assert.equal((await nobody.get(`/v1.0/customer?accesskey=${key}`)).status, status)
    const cookie = await nobody.send('GET', '/v1.0/customer', { headers: { cookie: `accesskey=${key}` } })
    assert.equal(cookie.status, status)
    assert.equal((await accounts.client({ accesskey: key }).get('/v1.0/customer')).status, status)
  }
})

test("another customer's key looks exactly like one that does not exist, to every method", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { body } = await bob.admin.post('/v1.0/accesskeys', { name: 'bob' })
  const missing = '7b1f6f0e-1111-4222-8333-944455556666'
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const ask = (id: string) =>
      alice.admin.send(method, `/v1.0/accesskeys/${id}`, {
        headers: { 'content-type': 'application/json' },
        ...(method === 'PUT' && { body: '{"name":"mine"}' }),
      })
    const foreign = await ask(body.id)
    assertReason(foreign, 404, 'ACCESSKEY_NOT_FOUND', 'customer-manager')
    sameButRequestId(foreign, await ask(missing))
  }
  assert.equal((await bob.admin.get(`/v1.0/accesskeys/${body.id}`)).body.name, 'bob')
})

test('an id that is none is refused before anything is looked up', async () => {
  const { admin } = await accounts.customer()
  for (const id of ['1', 'not-a-uuid', NIL_UUID])
    assertReason(await admin.get(`/v1.0/accesskeys/${id}`), 400, 'INVALID_ID')
})

test('keys of the same microsecond are each listed once over all pages', async () => {
  const { admin } = await accounts.customer()
  for (let made = 0; made < 4; made++) await admin.post('/v1.0/accesskeys', { name: `k${made}` })
  const seen: string[] = []
  let token = ''
  do {
    const { body } = await admin.get(`/v1.0/accesskeys?page_size=2&page_token=${token}`)
    seen.push(...body.result.map(({ id }: { id: string }) => id))
    token = body.next_page_token
  } while (token)
  assert.equal(seen.length, 5)
  assert.equal(new Set(seen).size, 5)
  assertReason(await admin.get('/v1.0/accesskeys?page_token=garbage'), 400, 'INVALID_ARGUMENT')
})

test('only admins touch keys: managers and agents are refused before anything is looked up', async () => {
  const { agent, admin } = await accounts.customer()
  const { id } = (await admin.get('/v1.0/accesskeys')).body.result[0]
  for (const permission of [Permission.CustomerManager, Permission.CustomerAgent, 0]) {
    const { client } = await agent(permission)
    const answers = [
      await client.get('/v1.0/accesskeys'),
      await client.post('/v1.0/accesskeys', {}),
      await client.get(`/v1.0/accesskeys/${id}`),
      await client.put(`/v1.0/accesskeys/${id}`, { name: 'x' }),
      await client.delete(`/v1.0/accesskeys/${id}`),
    ]
    for (const answer of answers) assertReason(answer, 403, 'PERMISSION_DENIED')
  }
  const asAdmin = await agent(Permission.CustomerAdmin)
  assert.equal((await asAdmin.client.get('/v1.0/accesskeys')).status, 200)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
