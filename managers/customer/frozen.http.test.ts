import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const FROZEN_AT = '2026-11-01T10:00:00.000000Z'

/** Freezes as another process would do it: this one hears of it by looking. */
async function frozenElsewhere(id: string) {
  await accounts.sql(`update customers set status = 'frozen', tm_deletion_scheduled = $2 where id = $1`, [
    id,
    FROZEN_AT,
  ])
  accounts.clock.advance(5_001)
}

test('a frozen customer is told when it will be deleted and how it comes back, whoever asks for it', async () => {
  const { id, admin, agent } = await accounts.customer()
  const plain = await agent(Permission.CustomerAgent)
  assert.equal((await admin.get('/v1.0/customer')).status, 200)
  await frozenElsewhere(id)
  for (const answer of [
    await admin.get('/v1.0/customer'),
    await admin.get('/v1.0/agents/x'),
    await plain.client.get('/v1.0/me'),
    await plain.client.get('/v1.0/customer'), // the freeze comes before the role
  ]) {
    assertReason(answer, 403, 'ACCOUNT_FROZEN')
    assert.deepEqual(answer.body.error.details, [
      {
        deletion_scheduled_at: FROZEN_AT,
        deletion_effective_at: '2026-12-01T10:00:00.000000Z',
        recovery_endpoint: 'DELETE /auth/unregister',
      },
    ])
  }
})

test('agents of a frozen customer can log in, so that they can recover it', async () => {
  const { id, agent } = await accounts.customer()
  const { username } = (await (await agent(Permission.CustomerAdmin)).client.get('/v1.0/me')).body
  await frozenElsewhere(id)
  const login = await accounts.client().post('/auth/login', { username, password: TEST_PASSWORD })
  assert.equal(login.status, 200)
  assertReason(await accounts.client({ token: login.body.token }).get('/v1.0/me'), 403, 'ACCOUNT_FROZEN')
})

test('a super admin is never frozen out', async () => {
  const { id, agent } = await accounts.customer()
  const root = await agent(Permission.ProjectSuperAdmin)
  await frozenElsewhere(id)
  assert.equal((await root.client.get('/v1.0/me')).status, 200)
})
