import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, type Json, sameButRequestId, TEST_BASE, TestAccounts } from '#testkit'
import { digestSecrets } from './credentials.ts'
import { trunkRealm } from './trunk.ts'
import { TrunkStore } from './trunk-store.ts'

const accounts = await TestAccounts.start()
const store = new TrunkStore(accounts.db)
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const PASSWORD = 'correct horse'

let made = 0
const wanted = (change: object = {}) => ({
  name: 'office',
  detail: 'second floor',
  domain_name: `pbx-${++made}`,
  auth_types: ['basic'],
  username: 'office',
  password: PASSWORD,
  allowed_ips: [],
  ...change,
})
const professional = () => accounts.customer({ billing: { plan_type: 'professional' } })
const secretsOf = async (domain_name: string) => {
  const { ha1_md5, ha1_sha256 } = (await store.findByDomainName(domain_name)) ?? { ha1_md5: '', ha1_sha256: '' }
  return { ha1_md5, ha1_sha256 }
}
const secrets = (domain_name: string, password = PASSWORD, username = 'office') =>
  digestSecrets(username, trunkRealm(domain_name, TEST_BASE), password)

test('a new trunk shows its password once, keeps digest secrets alone, and is announced without the password', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const body = wanted({
    domain_name: 'Main.Office',
    auth_types: ['basic', 'ip'],
    allowed_ips: ['192.0.2.1', '2001:DB8::/32'],
  })
  const { status, body: trunk, text } = await admin.post('/v1.0/trunks', body)
  assert.equal(status, 200, text)
  assert.deepEqual(trunk, {
    ...body,
    ...{ id: trunk.id, customer_id, domain_name: 'main.office', allowed_ips: ['192.0.2.1', '2001:db8::/32'] },
    ...{ tm_create: trunk.tm_create, tm_update: null, tm_delete: null },
  })
  const shown = { ...trunk, password: '' }
  assert.deepEqual((await admin.get(`/v1.0/trunks/${trunk.id}`)).body, shown)
  assert.deepEqual((await admin.get('/v1.0/trunks')).body, { result: [shown], next_page_token: '' })
  assert.deepEqual(await secretsOf('main.office'), secrets('main.office'))
  const event = (await accounts.announced(customer_id)).at(-1)
  assert.deepEqual([event?.type, event?.public, event?.data], ['trunk_created', false, shown])
})

test('all but the domain name is replaced; an empty password keeps the one that there is while the username stays', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const body = wanted()
  const { id, domain_name } = (await admin.post('/v1.0/trunks', body)).body
  const put = (change: object) => admin.put(`/v1.0/trunks/${id}`, { ...body, ...change })
  const kept = await put({ password: '', name: 'new', domain_name: 'elsewhere' })
  assert.deepEqual(
    [kept.status, kept.body.name, kept.body.domain_name, kept.body.password],
    [200, 'new', domain_name, ''],
  )
  assert.deepEqual(await secretsOf(domain_name), secrets(domain_name))
  const changed = await put({ password: 'battery staple', username: 'lobby' })
  assert.equal(changed.body.password, 'battery staple')
  assert.deepEqual(await secretsOf(domain_name), secrets(domain_name, 'battery staple', 'lobby'))
  assertReason(await put({ password: '', username: 'other' }), 400, 'INVALID_ARGUMENT')
  const byAddress = { auth_types: ['ip'], username: '', password: '', allowed_ips: ['192.0.2.1'] }
  assert.equal((await put(byAddress)).status, 200)
  assert.deepEqual(await secretsOf(domain_name), { ha1_md5: '', ha1_sha256: '' })
  assertReason(await put({ username: '', password: '' }), 400, 'INVALID_ARGUMENT')
  const types = (await accounts.announced(customer_id)).map(({ type }) => type)
  assert.deepEqual(types.slice(-3), ['trunk_updated', 'trunk_updated', 'trunk_updated'])
})

test('what is wrong with a trunk is said at its place', async () => {
  const { admin } = await accounts.customer()
  const refused = async (change: object, ...fields: string[]) => {
    const answer = await admin.post('/v1.0/trunks', wanted(change))
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.deepEqual(answer.body.error.details.map(({ field }: Json) => field).sort(), fields)
  }
  for (const domain_name of ['', 'p', '1pbx', 'p bx', 'pbx..a', 'pbx-', 'pbx.-a', 'pbx_a', 'a'.repeat(32), 'ü-pbx'])
    await refused({ domain_name }, 'domain_name')
  await refused({ auth_types: [] }, 'auth_types')
  await refused({ auth_types: ['basic', 'basic'] }, 'auth_types')
  await refused({ username: '' }, 'username')
  await refused({ username: 'a:b' }, 'username')
  await refused({ password: '' }, 'password')
  await refused({ password: 'short' }, 'password')
  await refused({ username: 'long enough'.replace(' ', ''), password: 'longenough' }, 'password')
  await refused({ password: 'x'.repeat(129) }, 'password')
  await refused({ auth_types: ['ip'], username: '', password: '' }, 'allowed_ips')
  const wrong = ['192.0.2', '192.0.2.0/33', '0.0.0.0/0', 'pbx.example.com', 'fe80::1%eth0', '::/0', '192.0.2.0/24/1']
  await refused({ allowed_ips: wrong }, ...wrong.map((_, at) => `allowed_ips[${at}]`))
  assertReason(await admin.post('/v1.0/trunks', {}), 400, 'INVALID_ARGUMENT')
})

test('a domain name is taken on the whole platform, in whatever case, until its trunk is deleted', async () => {
  const [alice, bob] = [await professional(), await professional()]
  const body = wanted()
  const { id } = (await alice.admin.post('/v1.0/trunks', body)).body
  const again = { ...body, domain_name: body.domain_name.toUpperCase() }
  for (const { admin } of [alice, bob])
    assertReason(await admin.post('/v1.0/trunks', again), 409, 'TRUNK_ALREADY_EXISTS', 'provisioning-admin')
  const deleted = await alice.admin.delete(`/v1.0/trunks/${id}`)
  assert.deepEqual([deleted.status, deleted.body.password], [200, ''])
  assert.notEqual(deleted.body.tm_delete, null)
  assert.equal((await accounts.announced(alice.id)).at(-1)?.type, 'trunk_deleted')
  assert.equal((await bob.admin.post('/v1.0/trunks', again)).status, 200)
  const bodies = wanted()
  const answers = await Promise.all([alice, bob, alice].map(({ admin }) => admin.post('/v1.0/trunks', bodies)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
})

test('the plan ends the number of trunks, also of those that are created at once', async () => {
  const { admin } = await accounts.customer()
  const answers = await Promise.all([1, 2, 3].map(() => admin.post('/v1.0/trunks', wanted())))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429, 429])
  assertReason(await admin.post('/v1.0/trunks', wanted()), 429, 'RESOURCE_LIMIT_EXCEEDED', 'provisioning-admin')
})

test("another customer's trunk looks exactly like one that does not exist, to every method", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { id } = (await bob.admin.post('/v1.0/trunks', wanted())).body
  for (const ask of [
    (of: string) => alice.admin.get(`/v1.0/trunks/${of}`),
    (of: string) => alice.admin.put(`/v1.0/trunks/${of}`, wanted()),
    (of: string) => alice.admin.delete(`/v1.0/trunks/${of}`),
  ]) {
    const foreign = await ask(id)
    assertReason(foreign, 404, 'TRUNK_NOT_FOUND', 'provisioning-admin')
    sameButRequestId(foreign, await ask(MISSING))
    assertReason(await ask('x'), 400, 'INVALID_ID')
  }
  const { client } = await bob.agent(Permission.CustomerAgent)
  assertReason(await client.get('/v1.0/trunks'), 403, 'PERMISSION_DENIED')
  assert.equal((await (await bob.agent(Permission.CustomerManager)).client.get('/v1.0/trunks')).status, 200)
})

test('a deleted customer has no trunks, and their names are free', async () => {
  const { id, admin } = await accounts.customer()
  const body = wanted()
  await admin.post('/v1.0/trunks', body)
  const root = await accounts.superAdmin()
  assert.equal((await root.delete(`/v1.0/customers/${id}`)).status, 200)
  assert.equal(await store.findByDomainName(body.domain_name), undefined)
  assert.ok((await accounts.announced(id)).some(({ type }) => type === 'trunk_deleted'))
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
