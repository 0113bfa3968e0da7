import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()

const update = {
  name: 'Acme',
  detail: 'makes everything',
  email: 'acme@example.com',
  phone_number: '+15551234567',
  address: '1 Road',
  webhook_method: 'POST',
  webhook_uri: 'https://example.com/hook',
}

test('a new customer has its billing account, and a secret of 32 characters for its webhooks', async () => {
  const { id, admin } = await accounts.customer({ name: 'New' })
  const { status, body } = await admin.get('/v1.0/customer')
  assert.equal(status, 200)
  assert.equal(body.id, id)
  assert.equal(body.status, 'active')
  assert.equal(body.name, 'New')
  assert.equal('detail' in body, false)
  assert.equal('webhook_uri' in body, false)
  assert.match(body.webhook_secret, /^[A-Za-z0-9]{32}$/)
  assert.match(body.billing_account_id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(body.metadata, { rtp_debug: false })
  assert.equal(body.tm_update, null)
  assert.equal('terms_agreed_ip' in body, false)
  assert.deepEqual(await accounts.billing.mayStart(id, 'call'), { ok: true })
  assert.deepEqual(
    (await accounts.announced(id)).map(({ type }) => type),
    ['account_created', 'billing_created', 'customer_created', 'accesskey_created'],
  )
})

test('a customer replaces its fields, keeps its secret, and this is announced without the secret', async () => {
  const { id, admin } = await accounts.customer()
  const before = (await admin.get('/v1.0/customer')).body
  const { status, body } = await admin.put('/v1.0/customer', update)
  assert.equal(status, 200)
  assert.deepEqual({ ...before, ...update, tm_update: body.tm_update }, body)
  assert.notEqual(body.tm_update, null)
  assert.deepEqual((await admin.get('/v1.0/customer')).body, body)
  const announced = (await accounts.announced(id)).at(-1)
  assert.equal(announced?.type, 'customer_updated')
  assert.equal(announced?.public, false)
  assert.equal(announced?.data.name, 'Acme')
  assert.equal(JSON.stringify(announced).includes(body.webhook_secret), false)
})

test('all seven fields are needed, and each missing one is named', async () => {
  const { admin } = await accounts.customer()
  const answer = await admin.put('/v1.0/customer', {})
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  const fields = answer.body.error.details.map(({ field }: { field: string }) => field)
  assert.deepEqual(fields.sort(), Object.keys(update).sort())
  assertReason(await admin.put('/v1.0/customer', { ...update, name: 7 }), 400, 'INVALID_JSON_BODY')
})

test('a bad e-mail, webhook method or webhook URI each has its own reason, and changes nothing', async () => {
  const { admin } = await accounts.customer()
  const before = await admin.get('/v1.0/customer')
  const put = (change: object) => admin.put('/v1.0/customer', { ...update, email: 'bad@example.com', ...change })
  assertReason(await put({ email: 'nobody' }), 400, 'INVALID_ARGUMENT')
  assertReason(await put({ webhook_method: 'PATCH' }), 400, 'INVALID_WEBHOOK_METHOD')
  assertReason(await put({ webhook_uri: 'example.com/hook' }), 400, 'INVALID_WEBHOOK_URI')
  for (const host of ['127.0.0.1', '2130706433', '[::1]', '10.0.0.1', '169.254.169.254', 'localhost', 'db.internal']) {
    const refused = await put({ webhook_uri: `http://${host}/hook` })
    assertReason(refused, 400, 'INVALID_WEBHOOK_URI')
    assert.equal(refused.body.error.details[0].pointer, '/webhook_uri')
  }
  assert.equal((await admin.get('/v1.0/customer')).text, before.text)
})

test('the e-mail of another customer, or of its agent, is taken; one’s own agent’s is not', async () => {
  const [one, other] = [await accounts.customer({ email: 'one@example.com' }), await accounts.customer()]
  const agent = await other.agent(Permission.CustomerAgent)
  const username = (await agent.client.get('/v1.0/me')).body.username
  const put = (who: typeof one, email: string) => who.admin.put('/v1.0/customer', { ...update, email })
  assertReason(await put(other, 'ONE@example.com'), 409, 'CUSTOMER_ALREADY_EXISTS', 'customer-manager')
  assertReason(await put(one, username), 409, 'CUSTOMER_ALREADY_EXISTS', 'customer-manager')
  assert.equal((await put(other, username)).status, 200)
  assert.equal((await put(one, 'one@example.com')).status, 200)
})

test('a failing addition to a new customer leaves nothing of it behind', async () => {
  const boom = new Error('boom')
  const wanted = { name: 'half', email: 'half@example.com' }
  await assert.rejects(
    accounts.customers.create(wanted, () => Promise.reject(boom)),
    boom,
  )
  assert.equal((await accounts.customers.create(wanted)).email, 'half@example.com')
})

test('managers may read the customer but not change it, agents may do neither', async () => {
  const { agent } = await accounts.customer()
  const [manager, plain] = [await agent(Permission.CustomerManager), await agent(Permission.CustomerAgent)]
  assert.equal((await manager.client.get('/v1.0/customer')).status, 200)
  assertReason(await manager.client.put('/v1.0/customer', update), 403, 'PERMISSION_DENIED')
  assertReason(await plain.client.get('/v1.0/customer'), 403, 'PERMISSION_DENIED')
  assertReason(await plain.client.put('/v1.0/customer', update), 403, 'PERMISSION_DENIED')
  assertReason(await accounts.client().get('/v1.0/customer'), 401, 'AUTHENTICATION_REQUIRED')
})

test('a customer that was deleted a moment ago is not found, and soon nobody acts for it', async () => {
  const { id, admin } = await accounts.customer()
  assert.equal((await admin.get('/v1.0/customer')).status, 200)
  await accounts.sql(`update customers set status = 'deleted', tm_delete = now() where id = $1`, [id])
  const answer = await admin.get('/v1.0/customer')
  assertReason(answer, 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  assertReason(await admin.put('/v1.0/customer', update), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  accounts.clock.advance(5_001)
  assertReason(await admin.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
