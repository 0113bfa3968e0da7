import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, sameButRequestId, TestAccounts } from '#testkit'
import { formOf, post } from './test-upload.ts'

const accounts = await TestAccounts.start()
const root = await accounts.superAdmin()
const OWN = '/v1.0/storage_account'
const ALL = '/v1.0/storage_accounts'

test('a customer has an account from the first look at it, empty and with its quota', async () => {
  const { admin, id } = await accounts.customer()
  const { status, body } = await admin.get(OWN)
  assert.equal(status, 200)
  const { id: account, tm_create, ...rest } = body
  assert.match(tm_create, /Z$/)
  assert.deepEqual(rest, {
    customer_id: id,
    total_file_count: 0,
    total_file_size: 0,
    quota_size: 10_737_418_240,
    tm_update: null,
    tm_delete: null,
  })
  assert.equal((await admin.get(OWN)).body.id, account)
  assert.equal((await admin.get(`${ALL}/${account}`)).body.id, account)
  const events = (await accounts.announced(id)).filter(({ type }) => type.startsWith('storage_'))
  assert.deepEqual(
    events.map(({ type, public: isPublic }) => [type, isPublic]),
    [['storage_account_created', false]],
  )
})

test('two looks at once make one account', async () => {
  const { admin } = await accounts.customer()
  const answers = await Promise.all(Array.from({ length: 8 }, () => admin.get(OWN)))
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
})

test('whoever makes a customer makes its account in the same transaction, once', async () => {
  const customer = systemIds.uuid()
  const made = await accounts.db.transaction((trx) => accounts.storageAccounts.createIn(trx, customer))
  assert.equal(made?.customer_id, customer)
  assert.equal(await accounts.db.transaction((trx) => accounts.storageAccounts.createIn(trx, customer)), undefined)
})

test('the account counts what is kept and what is deleted, and says so in events', async () => {
  const { admin, id } = await accounts.customer()
  const first = (await post(admin, '/v1.0/storage_files', formOf('12345'))).body
  await post(admin, '/v1.0/storage_files', formOf('123'))
  const counted = (await admin.get(OWN)).body
  assert.deepEqual([counted.total_file_count, counted.total_file_size], [2, 8])
  await admin.delete(`/v1.0/storage_files/${first.id}`)
  const left = (await admin.get(OWN)).body
  assert.deepEqual([left.total_file_count, left.total_file_size], [1, 3])
  const updates = (await accounts.announced(id)).filter(({ type }) => type === 'storage_account_updated')
  assert.deepEqual(
    updates.map(({ data }) => data.total_file_size),
    [5, 8, 3],
  )
})

test('a customer is told once that it has little room left, and again only after there was more', async () => {
  const { admin, id } = await accounts.customer()
  const { body: first } = await post(admin, '/v1.0/storage_files', formOf('12345'))
  await accounts.sql('update storage_accounts set quota_size = 10 where customer_id = $1', [id])
  const warned = async () =>
    (await accounts.announced(id)).filter(({ type }) => type === 'storage_account_nearly_full').length
  await post(admin, '/v1.0/storage_files', formOf('123'))
  assert.equal(await warned(), 0, 'four fifths')
  await post(admin, '/v1.0/storage_files', formOf('1'))
  await post(admin, '/v1.0/storage_files', formOf('1'))
  assert.equal(await warned(), 1)
  await admin.delete(`/v1.0/storage_files/${first.id}`)
  await post(admin, '/v1.0/storage_files', formOf('12345'))
  assert.equal(await warned(), 2)
})

test('one reads the own account only; a super admin reads and lists them all', async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  accounts.clock.advance(1_000)
  const { id } = (await theirs.admin.get(OWN)).body
  const foreign = await mine.admin.get(`${ALL}/${id}`)
  assertReason(foreign, 404, 'ACCOUNT_NOT_FOUND', 'storage-manager')
  sameButRequestId(await mine.admin.get(`${ALL}/${systemIds.uuid()}`), foreign)
  assert.equal((await root.get(`${ALL}/${id}`)).body.customer_id, theirs.id)
  const first = (await root.get(`${ALL}?page_size=1`)).body
  assert.equal(first.result[0].id, id)
  const rest = (await root.get(`${ALL}?page_token=${first.next_page_token}`)).body
  assert.ok(rest.result.length > 0 && rest.result.every((each: { id: string }) => each.id !== id))
})

test('a deleted account takes its files with it; then there is none until one is made', async () => {
  const { admin, id } = await accounts.customer()
  const files = [
    await post(admin, '/v1.0/storage_files', formOf('1')),
    await post(admin, '/v1.0/storage_files', formOf('2')),
  ]
  const { id: account } = (await admin.get(OWN)).body
  const deleted = await root.delete(`${ALL}/${account}`)
  assert.equal(deleted.status, 200)
  assert.ok(deleted.body.tm_delete)
  for (const { body } of files)
    assertReason(await admin.get(`/v1.0/storage_files/${body.id}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assertReason(await admin.get(OWN), 404, 'ACCOUNT_NOT_FOUND', 'storage-manager')
  assertReason(await root.delete(`${ALL}/${account}`), 404, 'ACCOUNT_NOT_FOUND', 'storage-manager')
  const made = await root.post(ALL, { customer_id: id })
  assert.equal(made.status, 200)
  assert.equal((await admin.get(OWN)).body.id, made.body.id)
  const types = (await accounts.announced(id)).map(({ type }) => type)
  assert.equal(types.filter((type) => type === 'file_deleted').length, 2)
  assert.equal(types.filter((type) => type === 'storage_account_deleted').length, 1)
})

test('a second account for a customer is STATE_INVALID, one for nobody CUSTOMER_NOT_FOUND', async () => {
  const { admin, id } = await accounts.customer()
  await admin.get(OWN)
  assertReason(await root.post(ALL, { customer_id: id }), 409, 'STATE_INVALID')
  const unknown = await root.post(ALL, { customer_id: systemIds.uuid() })
  assertReason(unknown, 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  assertReason(await root.post(ALL, { customer_id: NIL_UUID }), 400, 'INVALID_ID')
  assertReason(await root.post(ALL, {}), 400, 'INVALID_ARGUMENT')
})

test('ids that are none are INVALID_ID', async () => {
  for (const id of ['x', NIL_UUID]) {
    assertReason(await root.get(`${ALL}/${id}`), 400, 'INVALID_ID')
    assertReason(await root.delete(`${ALL}/${id}`), 400, 'INVALID_ID')
  }
})

test('accounts of all are for super admins, the own one for admins and managers', async () => {
  const { admin, agent, id } = await accounts.customer()
  const manager = (await agent(Permission.CustomerManager)).client
  const plain = (await agent(Permission.CustomerAgent)).client
  assert.equal((await manager.get(OWN)).status, 200)
  for (const client of [admin, manager, plain]) {
    assertReason(await client.get(ALL), 403, 'PERMISSION_DENIED')
    assertReason(await client.post(ALL, { customer_id: id }), 403, 'PERMISSION_DENIED')
    assertReason(await client.delete(`${ALL}/${systemIds.uuid()}`), 403, 'PERMISSION_DENIED')
  }
  assertReason(await plain.get(OWN), 403, 'PERMISSION_DENIED')
  assertReason(await plain.get(`${ALL}/${systemIds.uuid()}`), 403, 'PERMISSION_DENIED')
})
