import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FREEZE_MS, Permission } from '#platform/http'
import { assertReason, TEST_BASE, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const PHRASE = { confirmation_phrase: 'DELETE' }

async function typesOf(customer: string, from: number): Promise<string[]> {
  return (await accounts.announced(customer)).slice(from).map(({ type }) => type)
}

test('an admin has its customer frozen with its password, and brings it back; both take effect at once', async () => {
  const { id, admin, agent } = await accounts.customer()
  const boss = await agent(Permission.CustomerAdmin)
  assert.equal((await admin.get('/v1.0/tags')).status, 200)
  const before = (await accounts.announced(id)).length
  const frozen = await boss.client.post('/auth/unregister', { password: TEST_PASSWORD })
  assert.equal(frozen.status, 200)
  assert.equal(frozen.body.status, 'frozen')
  assert.notEqual(frozen.body.tm_deletion_scheduled, null)
  assert.equal('webhook_secret' in frozen.body, false)
  const refused = await admin.get('/v1.0/tags')
  assertReason(refused, 403, 'ACCOUNT_FROZEN')
  assert.equal(refused.body.error.details[0].deletion_scheduled_at, frozen.body.tm_deletion_scheduled)
  assertReason(await boss.client.get('/v1.0/me'), 403, 'ACCOUNT_FROZEN')
  assert.deepEqual(await accounts.billing.mayStart(id, 'call'), { ok: false, refusal: 'account_suspended' })

  const back = await boss.client.delete('/v1.0/auth/unregister')
  assert.equal(back.status, 200)
  assert.equal(back.body.status, 'active')
  assert.equal(back.body.tm_deletion_scheduled, null)
  assert.equal((await admin.get('/v1.0/tags')).status, 200)
  assert.deepEqual(await accounts.billing.mayStart(id, 'call'), { ok: true })
  assert.deepEqual(await typesOf(id, before), [
    'account_updated',
    'customer_frozen',
    'account_updated',
    'customer_recovered',
  ])
})

test('asking again while frozen gives the same answer and announces nothing more', async () => {
  const { id, admin } = await accounts.customer()
  const first = await admin.post('/auth/unregister', PHRASE)
  const before = (await accounts.announced(id)).length
  const again = await admin.post('/v1.0/auth/unregister', PHRASE)
  assert.equal(again.text, first.text)
  assert.deepEqual(await typesOf(id, before), [])
})

test('it must be confirmed in exactly one way, and each mistake names its field', async () => {
  const { admin, agent } = await accounts.customer()
  const boss = await agent(Permission.CustomerAdmin)
  for (const [client, body, field] of [
    [boss.client, {}, 'password'],
    [boss.client, { password: TEST_PASSWORD, ...PHRASE }, 'confirmation_phrase'],
    [boss.client, { confirmation_phrase: 'delete' }, 'confirmation_phrase'],
    [boss.client, { password: 'not it' }, 'password'],
    [admin, { password: TEST_PASSWORD }, 'password'], // a key has none
  ] as const) {
    const answer = await client.post('/auth/unregister', body)
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.equal(answer.body.error.details[0].field, field)
  }
  assert.equal((await admin.get('/v1.0/customer')).body.status, 'active')
})

test('only admins may, and what is not frozen cannot be recovered', async () => {
  const { admin, agent } = await accounts.customer()
  const manager = await agent(Permission.CustomerManager)
  assertReason(await manager.client.post('/auth/unregister', PHRASE), 403, 'PERMISSION_DENIED')
  assertReason(await manager.client.delete('/auth/unregister'), 403, 'PERMISSION_DENIED')
  assertReason(await accounts.client().post('/auth/unregister', PHRASE), 401, 'AUTHENTICATION_REQUIRED')
  assertReason(await admin.delete('/auth/unregister'), 409, 'STATE_INVALID')
})

test('a customer that has not been active yet, and one of the platform itself, cannot be frozen', async () => {
  const young = await accounts.customer({ status: 'initial' })
  assertReason(await young.admin.post('/auth/unregister', PHRASE), 409, 'STATE_INVALID')
  const root = await accounts.superAdmin()
  assertReason(await root.post('/auth/unregister', PHRASE), 409, 'STATE_INVALID')
  assertReason(await root.post('/auth/unregister', { ...PHRASE, immediate: true }), 409, 'STATE_INVALID')
  assert.equal((await root.get('/v1.0/me')).status, 200)
})

test('at once means at once: nobody acts for the customer any more, and nothing says who it was', async () => {
  const email = 'leaving@example.com'
  const { id, admin, agent } = await accounts.customer({ name: 'Leaving', detail: 'secret plans', email })
  const boss = await agent(Permission.CustomerAdmin)
  const { username } = (await boss.client.get('/v1.0/me')).body
  const tag = (await admin.post('/v1.0/tags', { name: 'blue', detail: '' })).body
  const extension = { extension: '1000', password: 'a long password', name: '', detail: '' }
  assert.ok((await admin.post('/v1.0/extensions', extension)).status < 300)
  const before = (await accounts.announced(id)).length

  const { status, body } = await boss.client.post('/auth/unregister', { ...PHRASE, immediate: true })
  assert.equal(status, 200)
  assert.equal(body.status, 'deleted')
  assert.equal(body.name, `deleted_user_${id.slice(0, 8)}`)
  assert.equal(body.email, `deleted_${id.slice(0, 8)}@removed.${TEST_BASE}`)
  assert.equal('detail' in body, false)
  assert.notEqual(body.tm_delete, null)

  assertReason(await admin.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
  assertReason(await boss.client.get('/v1.0/me'), 401, 'INVALID_CREDENTIALS')
  const login = { username, password: TEST_PASSWORD }
  assertReason(await accounts.client().post('/auth/login', login), 401, 'INVALID_CREDENTIALS')
  const announced = (await accounts.announced(id)).slice(before)
  for (const type of ['agent_deleted', 'accesskey_deleted', 'direct_deleted', 'extension_deleted', 'tag_deleted'])
    assert.ok(
      announced.some((event) => event.type === type),
      type,
    )
  assert.equal(announced.find(({ type }) => type === 'tag_deleted')?.resource_id, tag.id)
  assert.equal(announced.at(-1)?.type, 'customer_deleted')

  // its e-mail and its username are free again
  const next = await accounts.customer({ email })
  assert.equal((await next.admin.get('/v1.0/customer')).body.email, email)
})

test('thirty days after its freeze a customer is deleted with all it has; one that came back is not', async () => {
  const [gone, back] = await Promise.all([accounts.customer(), accounts.customer()])
  for (const { admin } of [gone, back]) assert.equal((await admin.post('/auth/unregister', PHRASE)).status, 200)
  assert.equal((await back.admin.delete('/auth/unregister')).status, 200)
  const expire = async () => {
    await accounts.lifecycle.deleteExpired()
    return (await accounts.customers.find(gone.id))?.status
  }
  accounts.clock.advance(FREEZE_MS - 1)
  assert.equal(await expire(), 'frozen')
  accounts.clock.advance(1)
  assert.equal(await expire(), 'deleted')
  assertReason(await gone.admin.get('/v1.0/customer'), 401, 'INVALID_CREDENTIALS')
  assert.equal((await accounts.announced(gone.id)).at(-1)?.type, 'customer_deleted')
  assert.equal((await back.admin.get('/v1.0/customer')).body.status, 'active')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
