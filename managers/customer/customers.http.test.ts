import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'
const SYSTEM = '00000000-0000-0000-0000-000000000002'
let made = 0

function wanted(change: object = {}) {
  return {
    name: 'Acme',
    detail: 'makes everything',
    email: `acme${++made}@example.com`,
    phone_number: '+15551234567',
    address: '1 Road',
    webhook_method: 'POST',
    webhook_uri: 'https://example.com/hook',
    ...change,
  }
}

test('a super admin creates a customer that is active at once, with a billing account and a first admin', async () => {
  const fields = wanted()
  const { status, body } = await root.post('/v1.0/customers', fields)
  assert.equal(status, 200)
  assert.equal(body.status, 'active')
  assert.equal(body.email_verified, true)
  assert.equal(body.terms_agreed_version, '')
  assert.equal(body.terms_agreed_ip, '')
  assert.equal('webhook_secret' in body, false)
  for (const [name, value] of Object.entries(fields)) assert.equal(body[name], value, name)
  assert.deepEqual((await root.get(`/v1.0/customers/${body.id}`)).body, body)
  assert.deepEqual(
    (await accounts.announced(body.id)).map(({ type }) => type).filter((type) => type !== 'direct_created'),
    ['account_created', 'billing_created', 'customer_created', 'agent_created'],
  )
  const agent = (await accounts.announced(body.id)).find(({ type }) => type === 'agent_created')?.data
  assert.equal(agent?.username, fields.email)
  assert.equal(agent?.name, 'default admin')
  assert.equal(agent?.permission, Permission.CustomerAdmin)
})

test('the first admin of a customer that the operator makes is told by mail how to get in', async () => {
  const { email, id } = (await root.post('/v1.0/customers', wanted())).body
  await accounts.mails.flush()
  const mail = (await root.get('/v1.0/mails')).body.result.find(({ to }: { to: string }) => to === email)
  assert.equal(mail.kind, 'welcome')
  assert.equal(mail.customer_id, id)
  const { text } = (await root.get(`/v1.0/mails/${mail.id}`)).body
  const [, token] = /\/auth\/password-reset\?token=([0-9a-f]{64})$/m.exec(text) ?? []
  const password = 'chosen by the first admin'
  assert.equal((await accounts.client().post('/auth/password-reset', { token, password })).status, 200)
  const { token: login } = (await accounts.client().post('/auth/login', { username: email, password })).body
  assert.equal((await accounts.client({ token: login }).get('/v1.0/customer')).body.id, id)
})

test('a customer that could not be made is not written to', async () => {
  const { email } = (await root.post('/v1.0/customers', wanted())).body
  const mails = async () => (await accounts.db.query('select id from mails')).length
  const before = await mails()
  assert.equal((await root.post('/v1.0/customers', wanted({ email }))).status, 409)
  assert.equal(await mails(), before)
})

test('the guest customer is neither frozen nor deleted, and has no other privilege', async () => {
  const GUEST = 'a856c986-4b06-4496-9641-4d0ecbc67df5'
  await accounts.customer({ id: GUEST, email: 'guest@example.com' })
  assertReason(await root.post(`/v1.0/customers/${GUEST}/freeze`), 409, 'STATE_INVALID')
  assertReason(await root.delete(`/v1.0/customers/${GUEST}`), 409, 'STATE_INVALID')
  assert.equal((await root.get(`/v1.0/customers/${GUEST}`)).body.status, 'active')
  assert.equal(await accounts.customers.isIdentityVerified(GUEST), false)
})

test('an e-mail that is bad or taken, and a bad webhook, are refused and leave nothing behind', async () => {
  const one = await accounts.customer()
  const agent = await one.agent(Permission.CustomerAgent)
  const { username } = (await agent.client.get('/v1.0/me')).body
  const { email } = (await root.post('/v1.0/customers', wanted())).body
  const post = (change: object) => root.post('/v1.0/customers', wanted(change))
  assertReason(await post({ email: 'nobody' }), 400, 'INVALID_ARGUMENT')
  assertReason(await post({ email }), 409, 'CUSTOMER_ALREADY_EXISTS', 'customer-manager')
  assertReason(await post({ email: username }), 409, 'CUSTOMER_ALREADY_EXISTS', 'customer-manager')
  assertReason(await post({ webhook_method: 'PATCH' }), 400, 'INVALID_WEBHOOK_METHOD')
  assertReason(await post({ webhook_uri: 'example.com' }), 400, 'INVALID_WEBHOOK_URI')
  assertReason(await root.post('/v1.0/customers', {}), 400, 'INVALID_ARGUMENT')
})

test('two creations with one e-mail at once make one customer', async () => {
  const fields = wanted()
  const answers = await Promise.all([1, 2].map(() => root.post('/v1.0/customers', fields)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
})

test('all customers are listed page by page, the deleted ones left out', async () => {
  const ids = []
  for (let at = 0; at < 3; at++) ids.push((await root.post('/v1.0/customers', wanted())).body.id)
  assert.equal((await root.delete(`/v1.0/customers/${ids[1]}`)).status, 200)
  const seen: string[] = []
  let token = ''
  do {
    const { body } = await root.get(`/v1.0/customers?page_size=2&page_token=${token}`)
    seen.push(...body.result.map(({ id }: { id: string }) => id))
    token = body.next_page_token
  } while (token !== '')
  assert.ok(seen.includes(ids[0]) && seen.includes(ids[2]) && seen.includes(SYSTEM))
  assert.ok(!seen.includes(ids[1]))
  assert.equal(new Set(seen).size, seen.length)
})

test('a super admin replaces the fields of a customer, and turns its diagnostics on', async () => {
  const { id } = await accounts.customer()
  const fields = wanted()
  const { body } = await root.put(`/v1.0/customers/${id.toUpperCase()}`, fields)
  for (const [name, value] of Object.entries(fields)) assert.equal(body[name], value, name)
  const { email } = (await root.post('/v1.0/customers', wanted())).body
  assertReason(
    await root.put(`/v1.0/customers/${id}`, wanted({ email })),
    409,
    'CUSTOMER_ALREADY_EXISTS',
    'customer-manager',
  )
  assertReason(await root.put(`/v1.0/customers/${id}`, wanted({ webhook_method: 'X' })), 400, 'INVALID_WEBHOOK_METHOD')
  assertReason(await root.put(`/v1.0/customers/${id}`, wanted({ webhook_uri: 'x' })), 400, 'INVALID_WEBHOOK_URI')
  const metadata = await root.put(`/v1.0/customers/${id}/metadata`, { rtp_debug: true })
  assert.deepEqual(metadata.body.metadata, { rtp_debug: true })
  assert.equal((await accounts.announced(id)).at(-1)?.type, 'customer_updated')
})

test('a customer turns its own diagnostics on, and names one of its own billing accounts to pay for it, the operator any', async () => {
  const [one, other] = [await accounts.customer(), await accounts.customer()]
  const metadata = await one.admin.put('/v1.0/customer/metadata', { rtp_debug: true })
  assert.deepEqual(metadata.body.metadata, { rtp_debug: true })
  assert.match(metadata.body.webhook_secret, /^[A-Za-z0-9]{32}$/)
  const theirs = (await other.admin.get('/v1.0/customer')).body.billing_account_id
  const { billing_account_id } = metadata.body
  for (const [client, path] of [
    [one.admin, '/v1.0/customer/billing_account_id'],
    [root, `/v1.0/customers/${one.id}/billing_account_id`],
  ] as const) {
    assert.equal((await client.put(path, { billing_account_id })).body.billing_account_id, billing_account_id)
    for (const id of client === root ? [UNKNOWN] : [theirs, UNKNOWN])
      assertReason(
        await client.put(path, { billing_account_id: id }),
        404,
        'BILLING_ACCOUNT_NOT_FOUND',
        'billing-manager',
      )
    assertReason(await client.put(path, { billing_account_id: 'x' }), 400, 'INVALID_ID')
  }
  const moved = await root.put(`/v1.0/customers/${one.id}/billing_account_id`, { billing_account_id: theirs })
  assert.equal(moved.body.billing_account_id, theirs)
})

test('a super admin says how far a customer has shown who it is; saying it again announces nothing', async () => {
  const { id } = await accounts.customer()
  const put = (status: string) => root.put(`/v1.0/customers/${id}/identity_verification_status`, { status })
  assert.equal(await accounts.customers.isIdentityVerified(id), false)
  assert.equal((await put('verified')).body.identity_verification_status, 'verified')
  assert.equal(await accounts.customers.isIdentityVerified(id), true)
  const announced = await accounts.announced(id)
  assert.equal(announced.at(-1)?.type, 'customer_identity_verification_updated')
  await put('verified')
  assert.equal((await accounts.announced(id)).length, announced.length)
  assertReason(await put('certain'), 400, 'INVALID_ARGUMENT')
})

test('a super admin freezes a customer, recovers it and deletes it; deleting it again gives the same answer', async () => {
  const { id, admin } = await accounts.customer()
  assert.equal((await admin.get('/v1.0/customer')).status, 200)
  assertReason(await root.post(`/v1.0/customers/${id}/recover`), 409, 'STATE_INVALID')
  assert.equal((await root.post(`/v1.0/customers/${id}/freeze`)).body.status, 'frozen')
  assertReason(await admin.get('/v1.0/customer'), 403, 'ACCOUNT_FROZEN')
  assert.equal((await root.post(`/v1.0/customers/${id}/recover`)).body.status, 'active')
  assert.equal((await admin.get('/v1.0/customer')).status, 200)
  const deleted = await root.delete(`/v1.0/customers/${id}`)
  assert.equal(deleted.body.status, 'deleted')
  assert.equal(deleted.body.name, `deleted_user_${id.slice(0, 8)}`)
  assertReason(await admin.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
  const announced = (await accounts.announced(id)).length
  assert.equal((await root.delete(`/v1.0/customers/${id}`)).text, deleted.text)
  assert.equal((await accounts.announced(id)).length, announced)
  assertReason(await root.post(`/v1.0/customers/${id}/freeze`), 409, 'STATE_INVALID')
  assertReason(await root.get(`/v1.0/customers/${id}`), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
})

test('the platform’s own customers are neither frozen nor deleted', async () => {
  assertReason(await root.post(`/v1.0/customers/${SYSTEM}/freeze`), 409, 'STATE_INVALID')
  assertReason(await root.delete(`/v1.0/customers/${SYSTEM}`), 409, 'STATE_INVALID')
})

test('everybody but a super admin is refused before anything is looked up, and an unknown customer is not found', async () => {
  const { id, admin } = await accounts.customer()
  const verified = { status: 'verified' }
  const account = { billing_account_id: UNKNOWN }
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PUT', '', wanted()],
    ['DELETE', '', undefined],
    ['POST', '/freeze', undefined],
    ['POST', '/recover', undefined],
    ['PUT', '/metadata', { rtp_debug: true }],
    ['PUT', '/billing_account_id', account],
    ['PUT', '/identity_verification_status', verified],
  ] as const) {
    const ask = (client: typeof admin, which: string) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      const headers = { 'content-type': 'application/json' }
      return client.send(method, `/v1.0/customers/${which}${path}`, { headers, ...sent })
    }
    for (const each of [id, UNKNOWN, 'x']) assertReason(await ask(admin, each), 403, 'PERMISSION_DENIED')
    assertReason(await ask(root, UNKNOWN), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
    assertReason(await ask(root, 'x'), 400, 'INVALID_ID')
  }
  assertReason(await admin.get('/v1.0/customers'), 403, 'PERMISSION_DENIED')
  assertReason(await admin.post('/v1.0/customers', wanted()), 403, 'PERMISSION_DENIED')
})

test('each agent may know the name of its customer and nothing more of it', async () => {
  const { id, admin, agent } = await accounts.customer({ name: 'Mine', detail: 'all of it' })
  const { status, body } = await (await agent(Permission.None)).client.get('/v1.0/service_agents/customer')
  assert.equal(status, 200)
  const { tm_create } = (await admin.get('/v1.0/customer')).body
  assert.deepEqual(body, {
    id,
    name: 'Mine',
    detail: 'all of it',
    billing_account_id: NIL_UUID,
    metadata: { rtp_debug: false },
    email_verified: false,
    status: '',
    identity_verification_status: '',
    tm_deletion_scheduled: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  })
  assertReason(await admin.get('/v1.0/service_agents/customer'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
