import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Permission } from '#platform/http'
import { SmtpTransport } from '#platform/mail'
import {
  type Answer,
  assertReason,
  MailServer,
  sameButRequestId,
  TEST_BASE,
  TEST_PASSWORD,
  TestAccounts,
} from '#testkit'
import { TestMailbox } from './test-mailbox.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const mailbox = new TestMailbox(accounts, root)
const nobody = accounts.client()
const HOUR = 60 * 60_000
const NEW = 'another horse, another battery'

async function person() {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(Permission.CustomerAgent)
  const { username } = (await client.get('/v1.0/me')).body
  return { customer, id, client, username: username as string }
}
const forgot = (username: string) => nobody.post('/auth/password-forgot', { username })
const reset = (token: string, password = NEW) => nobody.post('/auth/password-reset', { token, password })
const login = (username: string, password: string) => nobody.post('/auth/login', { username, password })

test('who forgot its password sets a new one by mail; the old one and every login end at once', async () => {
  const { client, username, customer } = await person()
  assert.deepEqual((await forgot(username)).body, {})
  const token = await mailbox.tokenFor('password-reset', username)
  assert.equal((await login(username, TEST_PASSWORD)).status, 200)
  const { status, body } = await reset(token)
  assert.equal(status, 200)
  assert.deepEqual(body, {})
  assertReason(await client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  assertReason(await login(username, TEST_PASSWORD), 401, 'INVALID_CREDENTIALS')
  assert.equal((await login(username, NEW)).status, 200)
  assert.equal((await accounts.announced(customer.id)).at(-1)?.type, 'agent_updated')
})

test('known and unknown usernames get the same answer after the same statements', async () => {
  const { username } = await person()
  const statements: string[][] = []
  const answers: Answer[] = []
  for (const asked of [username, 'stranger@example.com', username.toUpperCase()]) {
    const before = await accounts.db.query<{ id: string }>('select id from mails')
    answers.push(await forgot(asked))
    const after = await accounts.db.query<{ kind: string; customer_id: string; status: string }>(
      `select kind, customer_id, status from mails where not id = any($1)`,
      [before.map(({ id }) => id)],
    )
    statements.push(after.map(({ kind, customer_id, status }) => `${kind} ${customer_id} ${status}`))
  }
  for (const answer of answers) sameButRequestId(answer, answers[0] as Answer)
  assert.equal(answers[0]?.text, '{}')
  assert.deepEqual(statements[1], statements[0])
  assert.deepEqual(statements[2], statements[0])
  await accounts.mails.flush()
  const mails = await accounts.db.query<{ recipient: string }>('select recipient from mails')
  assert.ok(mails.some(({ recipient }) => recipient === username))
  assert.ok(!mails.some(({ recipient }) => recipient === 'stranger@example.com'), 'a mail to nobody is forgotten')
})

test('a mail goes to the address that the agent has, whatever was typed', async () => {
  const { username } = await person()
  await forgot(` ${username.toUpperCase()} `)
  const [mail] = await mailbox.mailsTo(username)
  assert.equal(mail?.kind, 'password_forgot')
})

test('a link works once, of two at the same moment one, and takes the others of the agent with it', async () => {
  const { username } = await person()
  await forgot(username)
  const first = await mailbox.tokenFor('password-reset', username)
  await forgot(username)
  const second = await mailbox.tokenFor('password-reset', username)
  assert.notEqual(first, second)
  const answers = await Promise.all([first, first, second].map((token) => reset(token)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400])
  for (const token of [first, second]) {
    const again = await reset(token)
    assertReason(again, 400, 'INVALID_ARGUMENT')
    assert.equal(again.body.error.details[0].field, 'token')
  }
})

test('a link works for an hour', async () => {
  const { username } = await person()
  await forgot(username)
  const token = await mailbox.tokenFor('password-reset', username)
  accounts.clock.advance(HOUR)
  assertReason(await reset(token), 400, 'INVALID_ARGUMENT')
  await accounts.mailboxes.forgetOldLinks()
  assert.deepEqual(await accounts.db.query('select hash from mailed_tokens'), [])
})

test('a password that was changed otherwise ends the links that were sent before', async () => {
  const { username, id, customer } = await person()
  await forgot(username)
  const token = await mailbox.tokenFor('password-reset', username)
  const changed = await customer.admin.put(`/v1.0/agents/${id}/password`, { password: 'set by the admin' })
  assert.equal(changed.status, 200)
  assertReason(await reset(token), 400, 'INVALID_ARGUMENT')
})

test('the link of an agent that was deleted, or whose customer was, is worth nothing', async () => {
  const one = await person()
  const other = await person()
  for (const { username } of [one, other]) await forgot(username)
  const tokens = []
  for (const { username } of [one, other]) tokens.push(await mailbox.tokenFor('password-reset', username))
  assert.equal((await one.customer.admin.delete(`/v1.0/agents/${one.id}`)).status, 200)
  assert.equal((await root.delete(`/v1.0/customers/${other.customer.id}`)).status, 200)
  for (const token of tokens) assertReason(await reset(token), 400, 'INVALID_ARGUMENT')
})

test('a short password, a malformed token and a missing one are refused by their fields', async () => {
  const { username } = await person()
  await forgot(username)
  const token = await mailbox.tokenFor('password-reset', username)
  const fieldOf = (answer: Answer) => {
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    return answer.body.error.details[0].pointer
  }
  assert.equal(fieldOf(await reset(token, 'short')), '/password')
  assert.equal(fieldOf(await reset(token, 'x'.repeat(1025))), '/password')
  for (const bad of ['', 'A'.repeat(64), 'a'.repeat(63)]) assert.equal(fieldOf(await reset(bad)), '/token')
  assert.equal(fieldOf(await reset('a'.repeat(64))), '/token')
  assert.equal(fieldOf(await nobody.post('/auth/password-reset', { token })), '/password')
  assert.equal(fieldOf(await nobody.post('/auth/password-forgot', {})), '/username')
  assertReason(await nobody.post('/auth/password-forgot', { username: 1 }), 400, 'INVALID_JSON_BODY')
  assert.equal((await reset(token)).status, 200, 'none of it has used the token up')
})

test('the guest agent keeps its password', async () => {
  const GUEST = 'd819c626-0284-4df8-99d6-d03e1c6fba88'
  const { id, username, customer } = await person()
  await accounts.sql('update agents set id = $2 where id = $1', [id, GUEST])
  await forgot(username)
  await accounts.mails.flush()
  assert.equal((await mailbox.mailsTo(username)).length, 0)
  await accounts.sql(`insert into mailed_tokens values (sha256($1), 'password_set', $2, $3, $4, now(), '2999-01-01')`, [
    Buffer.from('b'.repeat(64)),
    customer.id,
    GUEST,
    username,
  ])
  assertReason(await reset('b'.repeat(64)), 400, 'INVALID_ARGUMENT')
})

test('somebody who asks for others all the time floods nobody, and has to wait itself', async () => {
  accounts.clock.advance(HOUR)
  const { username } = await person()
  let answer = await forgot(username)
  for (let at = 1; at < 60; at++) {
    assert.equal(answer.text, '{}')
    answer = await forgot(username)
  }
  assert.equal(answer.text, '{}')
  assert.equal((await mailbox.mailsTo(username)).length, 5)
  assertReason(await forgot('stranger@example.com'), 429, 'RATE_LIMIT_EXCEEDED')
  assertReason(
    await nobody.post('/auth/email-verify-resend', { email: 'stranger@example.com' }),
    429,
    'RATE_LIMIT_EXCEEDED',
  )
  accounts.clock.advance(HOUR)
  assert.equal((await forgot(username)).status, 200)
  assert.equal((await mailbox.mailsTo(username)).length, 6)
})

test('a mail that was sent leaves no token behind in clear text, and the super admin does not see its text', async () => {
  const server = await MailServer.start()
  after(() => server.close())
  const transport = new SmtpTransport({ url: server.url, from: { name: '', address: `no-reply@${TEST_BASE}` } })
  const sending = await TestAccounts.start({ transport })
  const admin = await sending.superAdmin()
  const { client } = await (await sending.customer()).agent(0)
  const { username } = (await client.get('/v1.0/me')).body
  await sending.client().post('/auth/password-forgot', { username })
  await sending.mails.flush()
  const [, token] = /\/auth\/password-reset\?token=([0-9a-f]{64})$/m.exec(server.received[0]?.text ?? '') ?? []
  assert.ok(token, server.received[0]?.raw)
  for (const table of ['mails', 'mailed_tokens', 'event_inbox', 'login_attempts', 'idempotency_keys']) {
    const rows = await sending.db.query<{ row: string }>(`select t::text as row from ${table} t`)
    assert.ok(!rows.some(({ row }) => row.includes(token)), table)
  }
  const [mail] = (await admin.get('/v1.0/mails')).body.result
  assert.equal(mail.status, 'sent')
  assert.equal((await admin.get(`/v1.0/mails/${mail.id}`)).body.text, '')
  const set = { token, password: NEW }
  assert.equal((await sending.client().post('/auth/password-reset', set)).status, 200)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
