import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { timestamp } from '#platform/time'
import { assertReason, sameButRequestId, TEST_BASE, TEST_PASSWORD, TestAccounts } from '#testkit'
import { TestMailbox } from './test-mailbox.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const mailbox = new TestMailbox(accounts, root)
const nobody = accounts.client()
const HOUR = 60 * 60_000
let made = 0

const address = () => `founder${++made}@example.com`
const signUp = (email: string, more: object = {}) => nobody.post('/auth/signup', { email, accepted_tos: true, ...more })
/** An hour later strangers may cause mails again. */
const anHourLater = () => accounts.clock.advance(HOUR)

test('whoever signs up is a customer with an access key that works at once', async () => {
  const email = address()
  const fields = { name: 'Acme', detail: 'all', phone_number: '+15551234567', address: '1 Road' }
  const webhook = { webhook_method: 'POST', webhook_uri: 'https://example.com/hook' }
  const { status, body, text } = await signUp(email, { ...fields, ...webhook })
  assert.equal(status, 200)
  const { customer, accesskey } = body
  for (const [name, value] of Object.entries({ ...fields, ...webhook, email })) assert.equal(customer[name], value)
  assert.equal(customer.status, 'initial')
  assert.equal(customer.email_verified, false)
  assert.equal(customer.identity_verification_status, 'none')
  assert.ok(!text.includes('webhook_secret'))
  assert.equal(accesskey.name, 'default')
  assert.equal(accesskey.detail, 'Auto-provisioned API key')
  assert.equal(accesskey.tm_expire, timestamp(accounts.clock.wallMs() + 365 * 86_400_000))
  const client = accounts.client({ accesskey: accesskey.token })
  assert.equal((await client.get('/v1.0/customer')).body.webhook_secret.length, 32)
  const seen = (await root.get(`/v1.0/customers/${customer.id}`)).body
  assert.equal(seen.terms_agreed_version, customer.tm_create)
  assert.equal(seen.terms_agreed_ip, '127.0.0.1')
  const created = (await accounts.announced(customer.id)).filter(({ type }) => type !== 'direct_created')
  assert.deepEqual(
    created.map(({ type }) => type),
    ['account_created', 'billing_created', 'customer_created', 'agent_created', 'accesskey_created'],
  )
  assert.equal(created[2]?.data.headless, true)
  assert.equal(created[3]?.data.username, email)
  assert.equal(created[3]?.data.permission, Permission.CustomerAdmin)
})

test('it is served below /v1.0 as well', async () => {
  const { status, body } = await nobody.post('/v1.0/auth/signup', { email: address(), accepted_tos: true })
  assert.equal(status, 200)
  assert.ok(body.accesskey.token)
})

test('a signup needs an e-mail and the consent to the terms, in JSON', async () => {
  for (const body of [{ accepted_tos: true }, { email: address() }, { email: address(), accepted_tos: false }])
    assertReason(await nobody.post('/auth/signup', body), 400, 'INVALID_ARGUMENT')
  assertReason(await nobody.post('/auth/signup', { email: address(), accepted_tos: 'true' }), 400, 'INVALID_JSON_BODY')
  const broken = { headers: { 'content-type': 'application/json' }, body: '{' }
  assertReason(await nobody.send('POST', '/auth/signup', broken), 400, 'INVALID_JSON_BODY')
  assertReason(await signUp(address(), { webhook_method: 'PATCH' }), 400, 'INVALID_WEBHOOK_METHOD')
  assertReason(await signUp(address(), { webhook_uri: 'example.com' }), 400, 'INVALID_WEBHOOK_URI')
})

test('an e-mail that is none, of a customer or of an agent gets an empty answer and makes nothing', async () => {
  anHourLater()
  const email = address()
  await signUp(email)
  const { client } = await (await accounts.customer()).agent(0)
  const { username } = (await client.get('/v1.0/me')).body
  const count = async () => (await accounts.db.query('select id from customers')).length
  const before = await count()
  const answers = []
  for (const taken of [email, email.toUpperCase(), username, 'nobody', 'a@b', 'x@example.com\r\nBcc: y@example.com'])
    answers.push(await signUp(taken))
  for (const answer of answers) {
    assert.equal(answer.text, '{}')
    sameButRequestId(answer, answers[0] as (typeof answers)[0])
  }
  assert.equal(await count(), before)
})

test('two signups with one e-mail at once make one customer', async () => {
  anHourLater()
  const email = address()
  const answers = await Promise.all([1, 2].map(() => signUp(email)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.equal(answers.filter(({ body }) => body.accesskey).length, 1)
})

test('the mail of a signup confirms the address; the next one lets the first admin set a password', async () => {
  anHourLater()
  const email = address()
  const { customer } = (await signUp(email)).body
  const [mail] = await mailbox.mailsTo(email)
  assert.equal(mail?.kind, 'verify_email')
  assert.equal(mail?.subject, 'Confirm your e-mail address')
  const token = await mailbox.tokenFor('email-verify', email)
  const { status, body } = await nobody.post('/auth/email-verify', { token })
  assert.equal(status, 200)
  assert.equal(body.customer.id, customer.id)
  assert.equal(body.customer.status, 'active')
  assert.equal(body.customer.email_verified, true)
  assert.equal((await accounts.announced(customer.id)).at(-1)?.type, 'customer_updated')

  const login = { username: email, password: TEST_PASSWORD }
  assertReason(await nobody.post('/auth/login', login), 401, 'INVALID_CREDENTIALS')
  const set = { token: await mailbox.tokenFor('password-reset', email), password: TEST_PASSWORD }
  assert.deepEqual((await nobody.post('/auth/password-reset', set)).body, {})
  assert.equal((await nobody.post('/auth/login', login)).status, 200)
})

test('a token confirms once, of two at the same moment one, and nothing else can be done with it', async () => {
  anHourLater()
  const email = address()
  await signUp(email)
  const token = await mailbox.tokenFor('email-verify', email)
  const reset = { token, password: TEST_PASSWORD }
  assertReason(await nobody.post('/auth/password-reset', reset), 400, 'INVALID_ARGUMENT')
  const answers = await Promise.all([1, 2].map(() => nobody.post('/auth/email-verify', { token })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400])
  const again = await nobody.post('/auth/email-verify', { token })
  assertReason(again, 400, 'INVALID_ARGUMENT')
  assert.equal(again.body.error.details[0].field, 'token')
})

test('a token that is malformed, unknown or an hour old confirms nothing', async () => {
  anHourLater()
  for (const token of ['', 'x', 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), 'a'.repeat(64)])
    assertReason(await nobody.post('/auth/email-verify', { token }), 400, 'INVALID_ARGUMENT')
  assertReason(await nobody.post('/auth/email-verify', {}), 400, 'INVALID_ARGUMENT')
  assertReason(await nobody.post('/auth/email-verify', { token: 1 }), 400, 'INVALID_JSON_BODY')
  const email = address()
  await signUp(email)
  const token = await mailbox.tokenFor('email-verify', email)
  accounts.clock.advance(HOUR)
  assertReason(await nobody.post('/auth/email-verify', { token }), 400, 'INVALID_ARGUMENT')
})

test('a second link of a customer that is confirmed already changes nothing', async () => {
  anHourLater()
  const email = address()
  const { customer } = (await signUp(email)).body
  const first = await mailbox.tokenFor('email-verify', email)
  assert.deepEqual((await nobody.post('/auth/email-verify-resend', { email })).body, {})
  const second = await mailbox.tokenFor('email-verify', email)
  assert.notEqual(first, second)
  const confirmed = (await nobody.post('/auth/email-verify', { token: first })).body
  const events = (await accounts.announced(customer.id)).length
  const mails = (await mailbox.mailsTo(email)).length
  assert.deepEqual((await nobody.post('/auth/email-verify', { token: second })).body, confirmed)
  assert.equal((await accounts.announced(customer.id)).length, events)
  assert.equal((await mailbox.mailsTo(email)).length, mails)
})

test('a link confirms the address that it was sent to, not one that the customer has changed to since', async () => {
  anHourLater()
  const email = address()
  const { accesskey } = (await signUp(email)).body
  const token = await mailbox.tokenFor('email-verify', email)
  const client = accounts.client({ accesskey: accesskey.token })
  const fields = { name: '', detail: '', phone_number: '', address: '', webhook_method: '', webhook_uri: '' }
  assert.equal((await client.put('/v1.0/customer', { ...fields, email: address() })).status, 200)
  assertReason(await nobody.post('/auth/email-verify', { token }), 400, 'INVALID_ARGUMENT')
  assert.equal((await client.get('/v1.0/customer')).body.email_verified, false)
})

test('asking for the mail again answers everybody alike, and writes only to who waits for it', async () => {
  anHourLater()
  const waiting = address()
  await signUp(waiting)
  const known = await accounts.customer()
  const confirmed = (await known.admin.get('/v1.0/customer')).body.email
  const answers = []
  for (const email of [waiting, confirmed, address(), 'nobody'])
    answers.push(await nobody.post('/auth/email-verify-resend', { email }))
  for (const answer of answers) {
    assert.equal(answer.text, '{}')
    sameButRequestId(answer, answers[0] as (typeof answers)[0])
  }
  assert.equal((await mailbox.mailsTo(waiting)).length, 2)
  assert.equal((await mailbox.mailsTo(confirmed)).length, 0)
  assert.deepEqual(await accounts.db.query("select * from mails where status = 'waiting'"), [])
  assertReason(await nobody.post('/auth/email-verify-resend', {}), 400, 'INVALID_ARGUMENT')
})

test('a second signup never leads to the confirmation of an earlier one, which somebody else may have made', async () => {
  anHourLater()
  const email = address()
  await signUp(email)
  await signUp(email)
  const [waits] = (await mailbox.mailsTo(email)).filter(({ subject }) => subject.startsWith('A signup'))
  assert.ok(waits)
  assert.doesNotMatch(waits.text, /token=/)
})

test('who signs up with an address that has an account is told so where only its owner reads it', async () => {
  anHourLater()
  const email = address()
  await signUp(email)
  await signUp(email)
  assert.deepEqual((await mailbox.mailsTo(email)).map(({ subject }) => subject).toSorted(), [
    'A signup waits for your confirmation',
    'Confirm your e-mail address',
  ])
  await nobody.post('/auth/email-verify', { token: await mailbox.tokenFor('email-verify', email) })
  assert.equal((await mailbox.mailsTo(email))[0]?.subject, 'Set your password')
  await signUp(email)
  assert.equal((await mailbox.mailsTo(email))[0]?.subject, 'You have an account already')
})

test('who has not confirmed within an hour is gone with its key, and the address is free again', async () => {
  anHourLater()
  const [late, punctual] = [address(), address()]
  const { customer, accesskey } = (await signUp(late)).body
  const kept = (await signUp(punctual)).body.customer
  await nobody.post('/auth/email-verify', { token: await mailbox.tokenFor('email-verify', punctual) })
  const token = await mailbox.tokenFor('email-verify', late)
  accounts.clock.advance(HOUR - 1_000)
  await accounts.lifecycle.expireUnverified()
  const client = accounts.client({ accesskey: accesskey.token })
  assert.equal((await client.get('/v1.0/customer')).status, 200)
  accounts.clock.advance(1_000)
  while ((await accounts.lifecycle.expireUnverified()) > 0);
  assertReason(await client.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
  assertReason(await nobody.post('/auth/email-verify', { token }), 400, 'INVALID_ARGUMENT')
  const gone = await accounts.customers.find(customer.id)
  assert.equal(gone?.status, 'expired')
  assert.equal(gone?.email, `deleted_${customer.id.slice(0, 8)}@removed.${TEST_BASE}`)
  assert.equal((await accounts.announced(customer.id)).at(-1)?.type, 'customer_deleted')
  assert.equal((await accounts.customers.find(kept.id))?.status, 'active')
  assert.ok((await signUp(late)).body.accesskey)
})

test('an address that signs up all the time has to wait, and a mailbox is not flooded', async () => {
  anHourLater()
  const email = address()
  for (let at = 0; at < 8; at++) assert.equal((await signUp(email)).status, 200)
  assert.equal((await mailbox.mailsTo(email)).length, 5)
  let limited = await signUp(address())
  for (let at = 0; at < 60 && limited.status === 200; at++) limited = await signUp(address())
  assertReason(limited, 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal(limited.body.error.details[0].limited_by, 'ip')
  assert.equal(limited.headers.get('retry-after'), '3600')
  anHourLater()
  assert.ok((await signUp(address())).body.accesskey)
  await signUp(email)
  assert.equal((await mailbox.mailsTo(email)).length, 6)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
