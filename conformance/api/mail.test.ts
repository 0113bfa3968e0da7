import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apiClient, eventually, type Json, MailServer, Platform } from '#testkit'
import { loggedIn } from './two-customers.ts'

const PASSWORD = 'a password of my own'
const PUBLIC_URL = 'https://phones.example.com/api'

let server: MailServer
let platform: Platform

before(async () => {
  server = await MailServer.start()
  platform = await Platform.start({ SMTP_URL: server.url, PUBLIC_URL, MAIL_FROM: 'Acme <hello@example.com>' })
})
after(async () => {
  await platform?.stop()
  await server?.close()
})

const nobody = () => apiClient(platform.http)

/** The token of the link that arrives at the address. */
function linkTo(address: string, page: string): Promise<string> {
  const link = new RegExp(`^${PUBLIC_URL}/auth/${page}\\?token=([0-9a-f]{64})$`, 'm')
  return eventually(
    `a link to ${page} arrives at ${address}`,
    () => server.received.filter(({ to }) => to.includes(address)).flatMap(({ text }) => link.exec(text)?.[1] ?? [])[0],
    60_000,
  )
}

test('from the signup over two mails to the login, with what the platform is', async () => {
  const email = 'founder@example.com'
  const { body } = await nobody().post('/auth/signup', { email, accepted_tos: true, name: 'Acme' })
  const key = apiClient(platform.http, { accesskey: body.accesskey.token })
  assert.equal((await key.get('/v1.0/customer')).body.status, 'initial')
  const token = await linkTo(email, 'email-verify')
  assert.equal(server.received[0]?.headers.get('from'), 'Acme <hello@example.com>')
  assert.equal((await nobody().post('/auth/email-verify', { token })).body.customer.status, 'active')
  const set = { token: await linkTo(email, 'password-reset'), password: PASSWORD }
  assert.equal((await nobody().post('/auth/password-reset', set)).status, 200)
  assert.equal((await nobody().post('/auth/login', { username: email, password: PASSWORD })).status, 200)
})

test('a mail whose platform is killed while the mail server is away arrives when both are back, once', async () => {
  const email = 'patient@example.com'
  const { username, password } = platform.credentials.admin
  await server.close()
  const { status } = await nobody().post('/auth/signup', { email, accepted_tos: true })
  assert.equal(status, 200)
  await eventually('it was tried', async () => {
    const { result } = (await (await loggedIn(platform, username, password)).get('/v1.0/mails?status=waiting')).body
    return result.some(({ to, issue }: Json) => to === email && issue !== '')
  })
  await platform.child.stop('SIGKILL')
  await platform.run()
  await server.open()
  const token = await linkTo(email, 'email-verify')
  assert.equal(server.received.filter(({ to }) => to.includes(email)).length, 1)
  assert.equal((await nobody().post('/auth/email-verify', { token })).status, 200)
})

test('neither a token nor a mailbox stands in the log', async () => {
  const printed = platform.child.output()
  for (const { text, to } of server.received) {
    for (const [token] of text.matchAll(/[0-9a-f]{64}/g)) assert.ok(!printed.includes(token))
    for (const address of to) assert.ok(!printed.includes(address))
  }
})
