import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccesskeyService, CustomerService } from '#managers/customer'
import { type Database, DatabaseUnavailable } from '#platform/db'
import { apiErrors, Permission } from '#platform/http'
import { isUuid, NIL_UUID } from '#platform/ids'
import { ManualClock } from '#platform/time'
import { TestAccounts } from '#testkit'
import { Authenticator } from './authenticator.ts'

const accounts = await TestAccounts.start()

/** An authenticator over the real database, which a test can take away. */
function setUp() {
  const clock = new ManualClock(accounts.clock.wallMs())
  let away: 'no' | 'refuses' | 'silent' = 'no'
  const db: Database = new Proxy(accounts.db, {
    get(target, name) {
      if (name !== 'kysely' && name !== 'read') return Reflect.get(target, name)
      if (away === 'refuses') throw new DatabaseUnavailable('unreachable')
      if (away === 'silent') return name === 'read' ? () => new Promise(() => {}) : () => neverAnswers
      return target[name].bind(target)
    },
  })
  const basics = { db, clock, ids: { uuid: () => NIL_UUID, bytes: () => new Uint8Array(), integer: () => 0 } }
  const customers = new CustomerService({ ...basics, billing: accounts.billing })
  const accesskeys = new AccesskeyService(basics)
  const { tokens } = accounts
  const { authenticate } = new Authenticator({ db, customers, accesskeys, tokens, clock })
  return {
    clock,
    authenticate,
    takeAway: (how: 'no' | 'refuses' | 'silent') => {
      away = how
    },
  }
}

/** A query builder whose every step leads to itself and whose answer never comes. */
const neverAnswers: unknown = new Proxy(() => {}, {
  get: (_, name) => (name.toString().startsWith('execute') ? () => new Promise(() => {}) : neverAnswers),
  apply: () => neverAnswers,
})

test('who ends a call is believed for 60 s while the database refuses, and then no longer', async () => {
  const { accesskey, id } = await accounts.customer()
  const { authenticate, clock, takeAway } = setUp()
  const identity = await authenticate({ accesskey })
  const { accesskey_id = '', ...who } = identity
  assert.deepEqual(who, {
    kind: 'accesskey',
    customer_id: id,
    agent_id: NIL_UUID,
    permission: Permission.CustomerAdmin,
  })
  assert.ok(isUuid(accesskey_id))
  takeAway('refuses')
  clock.advance(60_000)
  assert.deepEqual(await authenticate({ accesskey }, { trustLastKnown: true }), identity)
  await assert.rejects(async () => authenticate({ accesskey }), DatabaseUnavailable)
  clock.advance(1)
  await assert.rejects(async () => authenticate({ accesskey }, { trustLastKnown: true }), DatabaseUnavailable)
})

test('a silent database is given 100 ms, then the agent who hangs up is believed', async () => {
  const { agent, id } = await accounts.customer()
  const { token, id: agent_id } = await agent(Permission.CustomerManager)
  const { authenticate, clock, takeAway } = setUp()
  await authenticate({ token })
  takeAway('silent')
  clock.advance(30_000)
  const answer = authenticate({ token }, { trustLastKnown: true })
  while (clock.pending === 0) await new Promise(setImmediate)
  clock.advance(99)
  const early = await Promise.race([answer, new Promise((resolve) => setImmediate(resolve, 'waits'))])
  assert.equal(early, 'waits')
  clock.advance(1)
  assert.deepEqual(await answer, {
    kind: 'agent',
    customer_id: id,
    agent_id,
    permission: Permission.CustomerManager,
    login_ms: accounts.clock.wallMs(),
  })
})

test('whoever was never seen is not believed, however the database is', async () => {
  const { accesskey } = await accounts.customer()
  const { authenticate, takeAway } = setUp()
  takeAway('refuses')
  await assert.rejects(async () => authenticate({ accesskey }, { trustLastKnown: true }), DatabaseUnavailable)
})

test('a key that was deleted elsewhere ends after 5 s, and is not believed as long as the database can say so', async () => {
  const { accesskey, admin } = await accounts.customer()
  const { authenticate, clock } = setUp()
  await authenticate({ accesskey })
  const { id } = (await admin.get('/v1.0/accesskeys')).body.result[0]
  await admin.delete(`/v1.0/accesskeys/${id}`)
  clock.advance(5_000)
  assert.equal((await authenticate({ accesskey })).kind, 'accesskey')
  clock.advance(1)
  await assert.rejects(
    async () => authenticate({ accesskey }, { trustLastKnown: true }),
    apiErrors.INVALID_CREDENTIALS.is,
  )
})

test('a request without credentials is told to bring some', async () => {
  await assert.rejects(async () => setUp().authenticate({}), apiErrors.AUTHENTICATION_REQUIRED.is)
})
