import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { timestamp } from '#platform/time'
import { assertReason, type Json, sameButRequestId, TEST_BASE, TestAccounts } from '#testkit'
import { digestSecrets, registrarRealm } from './credentials.ts'
import { ExtensionStore } from './store.ts'

const accounts = await TestAccounts.start()
const store = new ExtensionStore(accounts.db)
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'

const wanted = (extension: string, change: object = {}) => ({
  extension,
  password: 'correct horse',
  name: 'desk',
  detail: 'by the window',
  ...change,
})

test('a new extension shows its password once, and a phone can be challenged for it', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { status, body } = await admin.post('/v1.0/extensions', wanted('1000'))
  assert.equal(status, 200)
  assert.deepEqual(body, {
    id: body.id,
    customer_id,
    name: 'desk',
    detail: 'by the window',
    extension: '1000',
    domain_name: customer_id,
    username: '1000',
    password: 'correct horse',
    direct_hash: body.direct_hash,
    contacts: [],
    tm_create: body.tm_create,
    tm_update: null,
    tm_delete: null,
  })
  assert.match(body.direct_hash, /^direct\.[0-9a-f]{12}$/)
  const shown = { ...body, password: '' }
  assert.deepEqual((await admin.get(`/v1.0/extensions/${body.id}`)).body, shown)
  assert.deepEqual((await admin.get('/v1.0/extensions')).body, { result: [shown], next_page_token: '' })
  assert.deepEqual(await store.findCredentials(customer_id, '1000'), {
    extension_id: body.id,
    customer_id,
    extension: '1000',
    ...digestSecrets('1000', registrarRealm(customer_id, TEST_BASE), 'correct horse'),
  })
  const direct = await accounts.directs.findByHash(body.direct_hash)
  assert.deepEqual([direct?.resource_type, direct?.resource_id], ['extension', body.id])
  const rows = await accounts.db.query('select * from extensions where id = $1', [body.id])
  assert.equal(JSON.stringify(rows).includes('correct horse'), false)
})

test('creation and its hash are announced inside the platform, without the password', async () => {
  const { id, admin } = await accounts.customer()
  await admin.post('/v1.0/extensions', wanted('1000'))
  const announced = (await accounts.announced(id)).slice(-2)
  assert.deepEqual(
    announced.map(({ type, public: isPublic }) => [type, isPublic]),
    [
      ['direct_created', false],
      ['extension_created', false],
    ],
  )
  assert.equal(JSON.stringify(announced).includes('correct horse'), false)
})

test('a new password takes the place of the old one; the extension stays', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const created = (await admin.post('/v1.0/extensions', wanted('1000'))).body
  const change = { name: 'new', detail: '', password: 'battery staple' }
  const { status, body } = await admin.put(`/v1.0/extensions/${created.id}`, { ...change, extension: '2000' })
  assert.equal(status, 200)
  assert.deepEqual(body, { ...created, ...change, tm_update: body.tm_update })
  const known = await store.findCredentials(customer_id, '1000')
  const secrets = digestSecrets('1000', registrarRealm(customer_id, TEST_BASE), 'battery staple')
  assert.equal(known?.ha1_md5, secrets.ha1_md5)
  assert.equal(known?.ha1_sha256, secrets.ha1_sha256)
  assert.equal((await admin.get(`/v1.0/extensions/${created.id}`)).body.password, '')
  assert.equal((await accounts.announced(customer_id)).at(-1)?.type, 'extension_updated')
})

test('what is wrong with an extension is said at its place', async () => {
  const { admin } = await accounts.customer()
  const refused = async (body: object, ...fields: string[]) => {
    const answer = await admin.post('/v1.0/extensions', body)
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.deepEqual(answer.body.error.details.map(({ field }: { field: string }) => field).sort(), fields)
  }
  await refused({}, 'detail', 'extension', 'name', 'password')
  await refused(wanted('a b'), 'extension')
  await refused(wanted(''), 'extension')
  await refused(wanted('x'.repeat(65)), 'extension')
  await refused(wanted('+100', { password: '+100' }), 'password')
  await refused(wanted('direct.0123456789ab', { password: 'direct.0123456789ab' }), 'extension', 'password')
  await refused(wanted('1000', { password: 'short' }), 'password')
  await refused(wanted('100000', { password: '100000' }), 'password')
  const { id } = (await admin.post('/v1.0/extensions', wanted('100000'))).body
  const put = await admin.put(`/v1.0/extensions/${id}`, { name: '', detail: '', password: '100000' })
  assertReason(put, 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/extensions', wanted('1001', { name: 1 })), 400, 'INVALID_JSON_BODY')
})

test('an extension is unique in its customer only, and free again once deleted', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { id } = (await alice.admin.post('/v1.0/extensions', wanted('1000'))).body
  const again = await alice.admin.post('/v1.0/extensions', wanted('1000'))
  assertReason(again, 409, 'EXTENSION_ALREADY_EXISTS', 'registrar-manager')
  assert.equal((await bob.admin.post('/v1.0/extensions', wanted('1000'))).status, 200)
  await alice.admin.delete(`/v1.0/extensions/${id}`)
  assert.equal((await alice.admin.post('/v1.0/extensions', wanted('1000'))).status, 200)
})

test('a deleted extension can neither register nor be reached, and its bindings go with it', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { id, direct_hash } = (await admin.post('/v1.0/extensions', wanted('1000'))).body
  await accounts.sql(
    `insert into registrations values (gen_random_uuid(), $1, $2, 'sip:1000@192.0.2.1', 'udp', '{}', '', 0, 1000, 'c', 1, '',
      now() + interval '1 hour', now(), now())`,
    [customer_id, id],
  )
  const deleted = await admin.delete(`/v1.0/extensions/${id}`)
  assert.equal(deleted.status, 200)
  assert.notEqual(deleted.body.tm_delete, null)
  assert.equal(deleted.body.password, '')
  assert.deepEqual(await accounts.db.query('select 1 from registrations where extension_id = $1', [id]), [])
  assert.equal(await store.findCredentials(customer_id, '1000'), undefined)
  assert.equal(await accounts.directs.findByHash(direct_hash), undefined)
  for (const answer of [await admin.get(`/v1.0/extensions/${id}`), await admin.delete(`/v1.0/extensions/${id}`)])
    assertReason(answer, 404, 'EXTENSION_NOT_FOUND', 'registrar-manager')
  assert.deepEqual(
    (await accounts.announced(customer_id)).slice(-2).map(({ type }) => type),
    ['direct_deleted', 'extension_deleted'],
  )
})

test('where phones are registered is shown while it holds, and what has run out is not', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { id } = (await admin.post('/v1.0/extensions', wanted('1000'))).body
  const other = (await admin.post('/v1.0/extensions', wanted('1001'))).body
  const now = timestamp(accounts.clock.wallMs())
  const [later, over] = [60_000, -1].map((ms) => timestamp(accounts.clock.wallMs() + ms))
  for (const [user, tm_expire] of [
    ['here', later],
    ['gone', over],
  ])
    await accounts.sql(
      `insert into registrations values (gen_random_uuid(), $1, $2, $3, 'udp', '{}', '', 0, 1000, 'c', 1, 'Desk phone 1.0',
        $4, $5, $5)`,
      [customer_id, id, `sip:${user}@192.0.2.1`, tm_expire, now],
    )
  const contact = {
    uri: 'sip:here@192.0.2.1',
    user_agent: 'Desk phone 1.0',
    tm_create: now,
    tm_update: now,
    tm_expire: later,
  }
  assert.deepEqual((await admin.get(`/v1.0/extensions/${id}`)).body.contacts, [contact])
  const { result } = (await admin.get('/v1.0/extensions')).body
  const contactsOf = (of: string) => result.find((each: Json) => each.id === of).contacts
  assert.deepEqual([contactsOf(other.id), contactsOf(id)], [[], [contact]])
  const { password } = wanted('1000')
  const change = { name: 'new', detail: '', password }
  assert.deepEqual((await admin.put(`/v1.0/extensions/${id}`, change)).body.contacts, [contact])
  const announced = (await accounts.announced(customer_id)).at(-1)
  assert.equal('contacts' in (announced?.data ?? {}), false)
})

test('another password leaves nothing of what phones have registered with the old one', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { id } = (await admin.post('/v1.0/extensions', wanted('1000'))).body
  const kept = (await admin.post('/v1.0/extensions', wanted('1001'))).body.id
  for (const each of [id, kept])
    await accounts.sql(
      `insert into registrations values (gen_random_uuid(), $1, $2, 'sip:phone@192.0.2.1', 'udp', '{}', '', 0, 1000, 'c', 1, '',
        $3, $3, $3)`,
      [customer_id, each, timestamp(accounts.clock.wallMs() + 60_000)],
    )
  const change = { name: '', detail: '', password: 'battery staple' }
  assert.deepEqual((await admin.put(`/v1.0/extensions/${id}`, change)).body.contacts, [])
  assert.deepEqual((await admin.get(`/v1.0/extensions/${id}`)).body.contacts, [])
  assert.equal((await admin.get(`/v1.0/extensions/${kept}`)).body.contacts.length, 1)
})

test('a direct hash says which resource of one’s own it reaches, and nothing to anybody else', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { id, direct_hash } = (await alice.admin.post('/v1.0/extensions', wanted('1000'))).body
  const { status, body } = await alice.admin.get(`/v1.0/directs/${direct_hash}`)
  assert.deepEqual([status, body.resource_type, body.resource_id, body.hash], [200, 'extension', id, direct_hash])
  const foreign = await bob.admin.get(`/v1.0/directs/${direct_hash}`)
  assertReason(foreign, 404, 'DIRECT_NOT_FOUND', 'direct-manager')
  for (const hash of ['direct.000000000000', 'nothing'])
    sameButRequestId(foreign, await bob.admin.get(`/v1.0/directs/${hash}`))
})

test('a regenerated direct hash works at once, and the old one no more', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const { id, direct_hash } = (await admin.post('/v1.0/extensions', wanted('1000'))).body
  const { status, body } = await admin.post(`/v1.0/extensions/${id}/direct-hash-regenerate`)
  assert.equal(status, 200)
  assert.notEqual(body.direct_hash, direct_hash)
  assert.equal(body.password, '')
  assert.equal(await accounts.directs.findByHash(direct_hash), undefined)
  assert.equal((await accounts.directs.findByHash(body.direct_hash))?.resource_id, id)
  assert.equal((await admin.get(`/v1.0/extensions/${id}`)).body.direct_hash, body.direct_hash)
  assert.deepEqual(
    (await accounts.announced(customer_id)).slice(-2).map(({ type }) => type),
    ['direct_regenerated', 'extension_updated'],
  )
  const underscored = await admin.post(`/v1.0/extensions/${MISSING}/direct-hash-regenerate`)
  assertReason(underscored, 404, 'EXTENSION_NOT_FOUND', 'registrar-manager')
  assertReason(await admin.post('/v1.0/extensions/x/direct-hash-regenerate'), 400, 'INVALID_REQUEST_PARAMETER')
})

test('the plan ends the number of extensions, also for those who come at once', async () => {
  const { admin } = await accounts.customer()
  const answers = await Promise.all(
    Array.from({ length: 7 }, (_, at) => admin.post('/v1.0/extensions', wanted(`1${at}`))),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 429, 429])
  assertReason(
    await admin.post('/v1.0/extensions', wanted('2000')),
    429,
    'RESOURCE_LIMIT_EXCEEDED',
    'registrar-manager',
  )
})

test("another customer's extension looks exactly like one that does not exist, to every method", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { body } = await bob.admin.post('/v1.0/extensions', wanted('1000'))
  const change = { name: 'mine', detail: '', password: 'battery staple' }
  const asks = [
    (id: string) => alice.admin.get(`/v1.0/extensions/${id}`),
    (id: string) => alice.admin.put(`/v1.0/extensions/${id}`, change),
    (id: string) => alice.admin.delete(`/v1.0/extensions/${id}`),
    (id: string) => alice.admin.post(`/v1.0/extensions/${id}/direct-hash-regenerate`),
  ]
  for (const ask of asks) {
    const foreign = await ask(body.id)
    assertReason(foreign, 404, 'EXTENSION_NOT_FOUND', 'registrar-manager')
    sameButRequestId(foreign, await ask(MISSING))
  }
  for (const ask of asks.slice(0, 3)) assertReason(await ask(NIL_UUID), 400, 'INVALID_ID')
  assert.deepEqual((await bob.admin.get(`/v1.0/extensions/${body.id}`)).body, { ...body, password: '' })
  assert.equal((await accounts.directs.findByHash(body.direct_hash))?.resource_id, body.id)
})

test('admins and managers use extensions, agents are refused everywhere', async () => {
  const { agent } = await accounts.customer()
  const asks = async (permission: number) => {
    const { client } = await agent(permission)
    return [
      await client.get('/v1.0/extensions'),
      await client.post('/v1.0/extensions', wanted('1000')),
      await client.get(`/v1.0/extensions/${MISSING}`),
      await client.put(`/v1.0/extensions/${MISSING}`, { name: '', detail: '', password: 'battery staple' }),
      await client.delete(`/v1.0/extensions/${MISSING}`),
      await client.post(`/v1.0/extensions/${MISSING}/direct-hash-regenerate`),
    ]
  }
  for (const permission of [0, Permission.CustomerAgent])
    for (const answer of await asks(permission)) assertReason(answer, 403, 'PERMISSION_DENIED')
  const statuses = (await asks(Permission.CustomerManager)).map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 404, 404, 404, 404])
})

test('an agent sees the extensions that it is reached at, in the order of its addresses, and no other', async () => {
  const customer = await accounts.customer()
  const { id, client } = await customer.agent(0)
  const make = async (extension: string) =>
    (await customer.admin.post('/v1.0/extensions', { extension, password: 'secret-1', name: extension, detail: '' }))
      .body.id
  const [first, second, other] = [await make('3001'), await make('3002'), await make('3003')]
  const list = async () => (await client.get('/v1.0/service_agents/extensions')).body
  assert.deepEqual(await list(), { result: [], next_page_token: '' })
  const addresses = [
    { type: 'extension', target: second },
    { type: 'tel', target: '+15550001111' },
    { type: 'extension', target: first },
  ]
  await customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses })
  const { result, next_page_token } = await list()
  assert.deepEqual([result.map((each: { id: string }) => each.id), next_page_token], [[second, first], ''])
  const one = await client.get(`/v1.0/service_agents/extensions/${first.toUpperCase()}`)
  assert.deepEqual(one.body, (await customer.admin.get(`/v1.0/extensions/${first}`)).body)
  assert.deepEqual(one.body, result[1])
  const hidden = await client.get(`/v1.0/service_agents/extensions/${other}`)
  assertReason(hidden, 404, 'EXTENSION_NOT_FOUND', 'registrar-manager')
  sameButRequestId(hidden, await client.get(`/v1.0/service_agents/extensions/${MISSING}`))
  await customer.admin.delete(`/v1.0/extensions/${second}`)
  assert.deepEqual(
    (await list()).result.map((each: { id: string }) => each.id),
    [first],
  )
  for (const path of ['extensions', `extensions/${first}`])
    assertReason(await customer.admin.get(`/v1.0/service_agents/${path}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  await accounts.sql('update agents set tm_delete = now() where id = $1', [id])
  for (const path of ['extensions', `extensions/${first}`])
    assertReason(await client.get(`/v1.0/service_agents/${path}`), 404, 'AGENT_NOT_FOUND', 'agent-manager')
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
