import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, assertReason, TEST_PASSWORD, TestAccounts } from '#testkit'
import { LoginAttempts } from './login-attempts.ts'

const accounts = await TestAccounts.start()
const MINUTE = 60_000
let people = 0

/** A new person's username; everything that was counted before is forgotten. */
async function person(): Promise<string> {
  await accounts.sql('delete from login_attempts')
  const { client } = await (await accounts.customer()).agent(0)
  return (await client.get('/v1.0/me')).body.username
}

const login = (username: string, password: string) => accounts.client().post('/auth/login', { username, password })
const wrong = (username: string) => login(username, 'wrong')

/** Attempts from any address, as the login makes them. */
const attempts = new LoginAttempts(accounts)
const from = (ip: string, username: string, right = false) => attempts.check(username, ip, async () => right)
const facts = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { details: [{ limited_by: string; retry_after: number }] }) => error.details[0],
  )
const addresses = (count: number) => Array.from({ length: count }, (_, at) => `198.51.${at >> 8}.${at & 255}`)

function assertWaits(answer: Answer, seconds: number) {
  assertReason(answer, 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal(answer.headers.get('retry-after'), String(seconds))
  assert.deepEqual(answer.body.error.details, [{ limited_by: 'username', retry_after: seconds }])
}

test('whoever guesses waits, twice as long each time, and a wait costs the server no password', async () => {
  const username = await person()
  for (let tries = 0; tries < 5; tries++) assertReason(await wrong(username), 401, 'INVALID_CREDENTIALS')
  assertWaits(await wrong(username), 1)
  assertWaits(await login(username, TEST_PASSWORD), 1)
  accounts.clock.advance(1_000)
  assertReason(await wrong(username), 401, 'INVALID_CREDENTIALS')
  assertWaits(await wrong(username), 2)
  let asked = 0
  await assert.rejects(attempts.check(username, '127.0.0.1', async () => asked++ === 0))
  assert.equal(asked, 0)
  accounts.clock.advance(2_000)
  assert.equal((await login(username, TEST_PASSWORD)).status, 200)
  for (let tries = 0; tries < 5; tries++) assertReason(await wrong(username), 401, 'INVALID_CREDENTIALS') // a login has made good what was wrong before it
})

test('a username that nobody has is made to wait in the same way, so that nobody learns who is here', async () => {
  const [known, unknown] = [await person(), `nobody${++people}@example.com`]
  const answersFor = async (username: string) => {
    const answers: string[] = []
    for (let tries = 0; tries < 7; tries++) {
      const { status, text, body } = await wrong(username)
      answers.push(`${status} ${text.replace(body.error.request_id, '')}`)
    }
    return answers
  }
  assert.deepEqual(await answersFor(unknown), await answersFor(known))
})

test('case and blanks of a username make no new one', async () => {
  const username = await person()
  for (let tries = 0; tries < 5; tries++) await wrong(tries % 2 ? ` ${username.toUpperCase()}` : username)
  assertWaits(await wrong(username), 1)
})

test('a hundred guesses at the same moment are five', async () => {
  const username = await person()
  let guesses = 0
  const guess = () =>
    attempts.check(username, '192.0.2.1', async () => {
      guesses++
      return false
    })
  await Promise.allSettled(Array.from({ length: 100 }, guess))
  assert.equal(guesses, 5)
})

test('who has logged in from an address before is let in there, whatever strangers try elsewhere', async () => {
  const username = await person()
  await from('203.0.113.7', username, true)
  for (const ip of addresses(60)) await from(ip, username).catch(() => {})
  const blocked = await facts(from('192.0.2.99', username))
  assert.equal(blocked?.limited_by, 'username')
  assert.ok((blocked?.retry_after ?? 0) >= 1)
  assert.equal(await from('203.0.113.7', username, true), true)
  assert.equal(await facts(from('203.0.113.7', username)), undefined, 'and a slip of the finger is no matter there')
})

test('from a new address the user waits a minute at most, however long strangers try', async () => {
  const username = await person()
  for (const ip of addresses(200)) {
    await from(ip, username).catch(() => {})
    accounts.clock.advance(MINUTE)
  }
  const wait = await facts(from('192.0.2.99', username, true))
  assert.ok((wait?.retry_after ?? 0) <= 60)
  accounts.clock.advance(MINUTE)
  assert.equal(await from('192.0.2.99', username, true), true)
})

test('one address that tries many usernames waits, and others do not', async () => {
  await person()
  const tried = Array.from({ length: 30 }, (_, at) => `victim${at}@example.com`)
  for (const username of tried) assert.equal(await from('192.0.2.5', username), false)
  assert.deepEqual(await facts(from('192.0.2.5', 'next@example.com')), { limited_by: 'ip', retry_after: 1 })
  assert.equal(await from('192.0.2.6', 'next@example.com'), false)
})

test('an IPv6 address counts as the network that its owner has', async () => {
  await person()
  const ip = (at: number) => `2001:db8:1:2:${at.toString(16)}::1`
  for (let at = 0; at < 30; at++) await from(ip(at), `six${at}@example.com`)
  assert.equal((await facts(from(ip(99), 'six99@example.com')))?.limited_by, 'ip')
  assert.equal(await from('2001:db8:1:3::1', 'six99@example.com'), false)
})

test('a login that could not be looked at counts for nothing', async () => {
  const username = await person()
  const broken = () => attempts.check(username, '192.0.2.8', () => Promise.reject(new Error('the database is away')))
  for (let tries = 0; tries < 10; tries++) await assert.rejects(broken, /away/)
  assert.equal(await from('192.0.2.8', username), false)
})

test('waits outlive a restart, and what is forgotten leaves no row behind', async () => {
  const username = await person()
  for (let tries = 0; tries < 7; tries++) {
    await wrong(username)
    accounts.clock.advance(3_000)
  }
  const later = new LoginAttempts(accounts)
  const wait = await facts(later.check(username, '127.0.0.1', async () => true))
  assert.equal(wait?.limited_by, 'username')
  accounts.clock.advance(2 * 60 * MINUTE)
  await from('192.0.2.77', 'somebody.else@example.com')
  const rows = await accounts.db.query('select 1 from login_attempts')
  assert.equal(rows.length, 3, 'those of the last attempt')
})

test('no username is kept in clear, because people type passwords there', async () => {
  await person()
  await wrong('my secret password')
  const rows = await accounts.db.query('select * from login_attempts')
  assert.equal(JSON.stringify(rows).includes('secret'), false)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
