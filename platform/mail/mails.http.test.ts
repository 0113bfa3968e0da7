import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, TestAccounts } from '#testkit'
import { forgetMails, MAILS_KEPT_MS, MailFolder } from './index.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const nobody = accounts.client()
const folder = join(accounts.dataDir, 'mails')

async function someMail(): Promise<string> {
  const { client } = await (await accounts.customer()).agent(Permission.CustomerAgent)
  const { username } = (await client.get('/v1.0/me')).body
  await nobody.post('/auth/password-forgot', { username })
  accounts.clock.advance(1)
  return username
}

test('without a mail server mails lie in the data folder, for their owner alone, and the super admin reads them', async () => {
  const username = await someMail()
  const [waiting] = (await root.get('/v1.0/mails')).body.result
  assert.equal(waiting.status, 'waiting')
  assert.equal(waiting.to, username)
  assert.equal(waiting.subject, '')
  assert.equal((await root.get(`/v1.0/mails/${waiting.id}`)).body.text, '')
  await accounts.mails.flush()
  const { status, body } = await root.get(`/v1.0/mails/${waiting.id}`)
  assert.equal(status, 200)
  assert.equal(body.status, 'kept')
  assert.equal(body.kind, 'password_forgot')
  assert.equal(body.attempts, 1)
  assert.equal(body.tm_due, null)
  assert.match(body.text, /\/auth\/password-reset\?token=[0-9a-f]{64}\n/)
  const name = readdirSync(folder).find((each) => each.includes(waiting.id)) ?? ''
  assert.equal(
    readFileSync(join(folder, name), 'utf8'),
    `To: ${username}\nSubject: Set a new password\nDate: ${body.tm_create}\n\n${body.text}`,
  )
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  const [listed] = (await root.get('/v1.0/mails')).body.result
  assert.equal('text' in listed, false, 'a list shows no links')
})

test('mails are listed page by page, the newest first, also by what became of them', async () => {
  const names = [await someMail(), await someMail()]
  await accounts.mails.flush()
  names.push(await someMail())
  const first = (await root.get('/v1.0/mails?page_size=2')).body
  assert.deepEqual(
    first.result.map(({ to }: { to: string }) => to),
    [names[2], names[1]],
  )
  const second = (await root.get(`/v1.0/mails?page_size=2&page_token=${first.next_page_token}`)).body
  assert.equal(second.result[0].to, names[0])
  const kept = (await root.get('/v1.0/mails?status=kept')).body.result
  assert.ok(kept.every(({ status }: { status: string }) => status === 'kept'))
  assert.equal((await root.get('/v1.0/mails?status=waiting')).body.result.length, 1)
  assertReason(await root.get('/v1.0/mails?status=lost'), 400, 'INVALID_ARGUMENT')
  assertReason(await root.get('/v1.0/mails?page_token=lost'), 400, 'INVALID_ARGUMENT')
})

test('only the super admin sees mails; an id that is none is not found', async () => {
  const customer = await accounts.customer()
  const [mail] = (await root.get('/v1.0/mails')).body.result
  for (const client of [customer.admin, (await customer.agent(Permission.CustomerAdmin)).client])
    for (const path of ['/v1.0/mails', `/v1.0/mails/${mail.id}`])
      assertReason(await client.get(path), 403, 'PERMISSION_DENIED')
  assertReason(await nobody.get('/v1.0/mails'), 401, 'AUTHENTICATION_REQUIRED')
  const unknown = await root.get('/v1.0/mails/5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a')
  assertReason(unknown, 404, 'RESOURCE_NOT_FOUND')
  assertReason(await root.get('/v1.0/mails/x'), 400, 'INVALID_ID')
})

test('a week later mails are forgotten with their files; what waits is not', async () => {
  await accounts.mails.flush()
  const waits = await someMail()
  accounts.clock.advance(MAILS_KEPT_MS + 1_000)
  const { db, clock } = accounts
  await forgetMails({ db, clock, folder: new MailFolder(folder) }, new AbortController().signal)
  assert.deepEqual(await db.query('select recipient from mails'), [{ recipient: waits }])
  assert.deepEqual(readdirSync(folder), [])
  await forgetMails({ db, clock, folder: new MailFolder(join(accounts.dataDir, 'none')) }, new AbortController().signal)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
