import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import { type ApiClient, assertReason, type Json, TestAccounts } from '#testkit'
import { callErrors } from './errors.ts'
import { sql as backfill } from './migrations/0013-every-customer-has-an-outbound-config.ts'
import { migrations } from './migrations/index.ts'
import { outboundConfigRoutes } from './outbound-config-routes.ts'
import { OutboundConfigService } from './outbound-config-service.ts'

let configs: OutboundConfigService
const accounts = await TestAccounts.start({
  others: migrations,
  more: ({ db, numbers, customers }) => {
    configs = new OutboundConfigService({ db, clock: systemClock, ids: systemIds, numbers, customers })
    return { routes: outboundConfigRoutes(configs), catalogues: [callErrors] }
  },
})
const root = await accounts.superAdmin()
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const OWN = '/v1.0/outbound_config'
const ALL = '/v1.0/outbound_configs'

/** A customer, and the configuration that it has from its beginning. */
async function customerWithConfig() {
  const customer = await accounts.customer()
  await accounts.db.transaction((trx) => configs.createIn(trx, customer.id))
  return { ...customer, config: (await customer.admin.get(OWN)).body as Json }
}

const put = async (client: ApiClient, body: object) => {
  const answer = await client.put(OWN, body)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as Json
}

test('a customer begins with a configuration that allows no country', async () => {
  const { id, config } = await customerWithConfig()
  assert.deepEqual(config, {
    ...{ id: config.id, customer_id: id, name: '', detail: '', destination_whitelist: [], codecs: '' },
    default_outgoing_source_number_id: NIL_UUID,
    ...{ tm_create: config.tm_create, tm_update: null, tm_delete: null },
  })
})

test('countries are kept in the form in which calls look for them; what is left out or null stays', async () => {
  const { id, admin } = await customerWithConfig()
  const first = await put(admin, {
    name: 'out',
    destination_whitelist: ['US', ' de ', 'Sandbox'],
    codecs: 'PCMA, PCMU',
  })
  assert.deepEqual([first.destination_whitelist, first.codecs], [['us', 'de', 'sandbox'], 'PCMA,PCMU'])
  const same = await put(admin, { detail: 'text', destination_whitelist: null, codecs: null })
  assert.deepEqual({ ...same, tm_update: '' }, { ...first, detail: 'text', tm_update: '' })
  const none = await put(admin, { destination_whitelist: [], codecs: '' })
  assert.deepEqual([none.name, none.destination_whitelist, none.codecs], ['out', [], ''])
  const events = (await accounts.announced(id)).filter(({ type }) => type === 'outbound_config_updated')
  assert.deepEqual(
    events.map((event) => event.public),
    [false, false, false],
  )
})

test('an unknown or repeated country, a wrong list of codecs and a strange number are said at their place', async () => {
  const { admin, config } = await customerWithConfig()
  const refused = async (body: object, ...fields: string[]) => {
    const answer = await admin.put(OWN, body)
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.deepEqual(
      answer.body.error.details.map(({ field }: Json) => field),
      fields,
    )
  }
  await refused(
    { destination_whitelist: ['us', 'xx', '', 'US'] },
    ...[1, 2, 3].map((at) => `destination_whitelist[${at}]`),
  )
  await refused({ default_outgoing_source_number_id: MISSING }, 'default_outgoing_source_number_id')
  for (const codecs of ['PCMU,,PCMA', 'PCMU PCMA', '-G722', 'PCMU,pcmu', 'x'.repeat(256), 'PCMU\r\nX: y'])
    assertReason(await admin.put(OWN, { codecs }), 400, 'INVALID_CODECS', 'provisioning-admin')
  assert.equal((await admin.put(OWN, { destination_whitelist: 'us' })).status, 400)
  assert.equal((await admin.put(OWN, { default_outgoing_source_number_id: 'x' })).status, 400)
  assert.deepEqual((await admin.get(OWN)).body, config)
})

test('the number that is shown must be an active telephone number of the customer, and is taken off again', async () => {
  const [mine, theirs] = [await customerWithConfig(), await customerWithConfig()]
  const empty = { call_flow_id: '', message_flow_id: '', name: '', detail: '' }
  const numberOf = async (customer_id: string, number: string, type: string) => {
    const answer = await root.post('/v1.0/numbers', { ...empty, number, type, customer_id })
    assert.equal(answer.status, 200, answer.text)
    return answer.body.id as string
  }
  const normal = await numberOf(mine.id, '+12025550123', 'normal')
  const virtual = await numberOf(mine.id, '+899001000001', 'virtual')
  const foreign = await numberOf(theirs.id, '+12025550124', 'normal')
  const choose = (default_outgoing_source_number_id: string) =>
    mine.admin.put(OWN, { default_outgoing_source_number_id })
  assert.equal((await choose(normal)).body.default_outgoing_source_number_id, normal)
  for (const wrong of [virtual, foreign]) assertReason(await choose(wrong), 400, 'INVALID_ARGUMENT')
  assert.equal((await put(mine.admin, {})).default_outgoing_source_number_id, normal)
  assert.equal((await choose(NIL_UUID)).body.default_outgoing_source_number_id, NIL_UUID)
  await mine.admin.delete(`/v1.0/numbers/${normal}`)
  assertReason(await choose(normal), 400, 'INVALID_ARGUMENT')
})

test('a super admin sees those of all, changes, deletes and makes them anew for the customer that is named', async () => {
  const { id: customer_id, admin, config } = await customerWithConfig()
  const path = `${ALL}/${config.id}`
  assert.deepEqual((await root.get(path)).body, config)
  assert.ok((await root.get(ALL)).body.result.length > 1)
  assert.deepEqual((await root.get(`${ALL}?customer_id=${customer_id}`)).body.result, [config])
  const taken = await root.post(ALL, { customer_id })
  assertReason(taken, 409, 'STATE_INVALID')
  assert.deepEqual((await root.put(path, { destination_whitelist: ['KR'] })).body.destination_whitelist, ['kr'])
  assert.notEqual((await root.delete(path)).body.tm_delete, null)
  for (const answer of [await root.get(path), await root.put(path, {}), await root.delete(path), await admin.get(OWN)])
    assertReason(answer, 404, 'OUTBOUND_CONFIG_NOT_FOUND', 'call-manager')
  assertReason(await admin.put(OWN, {}), 404, 'OUTBOUND_CONFIG_NOT_FOUND', 'call-manager')
  const made = await root.post(ALL, { customer_id, destination_whitelist: ['us'] })
  assert.equal(made.status, 200, made.text)
  assert.deepEqual((await admin.get(OWN)).body, made.body)
  assertReason(await root.post(ALL, { customer_id: MISSING }), 404, 'CUSTOMER_NOT_FOUND', 'customer-manager')
  assertReason(await root.get(`${ALL}/x`), 400, 'INVALID_REQUEST_PARAMETER')
})

test('only admins read and change their own, only super admins those of others', async () => {
  const { agent, config, admin } = await customerWithConfig()
  const { client: manager } = await agent(Permission.CustomerManager)
  for (const answer of [await manager.get(OWN), await manager.put(OWN, {})])
    assertReason(answer, 403, 'PERMISSION_DENIED')
  for (const path of [ALL, `${ALL}/${config.id}`]) assertReason(await admin.get(path), 403, 'PERMISSION_DENIED')
  assertReason(await admin.post(ALL, {}), 403, 'PERMISSION_DENIED')
})

test('a customer from before gets the one of a new customer, once', async () => {
  const { id, admin } = await accounts.customer()
  assertReason(await admin.get(OWN), 404, 'OUTBOUND_CONFIG_NOT_FOUND', 'call-manager')
  await accounts.sql(backfill)
  const { body } = await admin.get(OWN)
  assert.deepEqual([body.customer_id, body.destination_whitelist], [id, []])
  await accounts.sql(backfill)
  assert.deepEqual((await admin.get(OWN)).body, body)
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
