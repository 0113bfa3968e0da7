import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { migrations as customerMigrations } from '#managers/customer'
import { apiErrors, handle, openHttpServer, Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { OutboundClient } from '#platform/outbound'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { apiClient, assertReason, freshDatabase } from '#testkit'
import { provisioningErrors } from './errors.ts'
import { migrations } from './migrations/index.ts'
import { ProviderService } from './provider-service.ts'
import { setUpProvider } from './setup-contract.ts'
import { ProviderSetupService } from './setup-service.ts'
import { Telnyx } from './telnyx.ts'

const RIGHT_KEY = 'KEY-right'

/** Telnyx, as far as a setup sees it: it knows one key, and what `status` says is wrong with it itself. */
let status = 200
const asked: string[] = []
const carrier = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  const isKnown = request.headers.authorization === `Bearer ${RIGHT_KEY}`
  response.writeHead(isKnown ? status : 401, { 'content-type': 'application/json' })
  response.end(isKnown ? '{"data":{"id":"made"}}' : '{"errors":[{"title":"Authentication failed"}]}')
}).listen(0, '127.0.0.1')
await once(carrier, 'listening')

const { db } = await freshDatabase([...customerMigrations, ...migrations])
const outbound = new OutboundClient({ clock: systemClock, allowPrivate: ['127.0.0.0/8'] })
const basics = { clock: systemClock, ids: systemIds, log: silentLog }
const providers = new ProviderService({ ...basics, db, secrets: new SecretBox(new Uint8Array(32).fill(1), systemIds) })
const telnyx = new Telnyx({
  ...{ outbound, log: silentLog, fqdn: 'pstn.strowger.test', port: 5060 },
  url: `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`,
})
const setups = new ProviderSetupService({ adapters: { telnyx }, providers })
const server = await openHttpServer({
  ...basics,
  routes: [handle(setUpProvider, ({ body }) => setups.setUp(body))],
  authenticate: async ({ token = '' }) => ({
    ...{ kind: 'agent', customer_id: NIL_UUID, agent_id: NIL_UUID },
    permission: token === 'operator' ? Permission.ProjectSuperAdmin : Permission.CustomerAdmin,
  }),
  catalogues: [apiErrors, provisioningErrors],
  metrics: new Metrics(),
  version: 'test',
  strictReasons: true,
})
const url = await server.listen('127.0.0.1', 0)
after(async () => {
  await server.close()
  outbound.close()
  carrier.close()
})

/** Asks for it; the carrier is in order, where nothing else is said meanwhile. */
function setUp(api_key: string, { carrier: name = 'telnyx', token = 'operator' } = {}) {
  asked.length = 0
  status = 200
  return apiClient(url, { token }).post('/v1.0/providers/setup', {
    ...{ carrier: name, name: 'Telnyx', credentials: { api_key } },
  })
}
const providersNow = async () => (await providers.list({ size: 100 })).result

test('a key that the carrier does not accept: CARRIER_CREDENTIALS_REJECTED, and nothing is made on either side', async () => {
  const refused = await setUp('KEY-wrong')
  assertReason(refused, 400, 'CARRIER_CREDENTIALS_REJECTED', 'provisioning-admin')
  assert.deepEqual(refused.body.error.details, [{ carrier: 'telnyx' }])
  assert.doesNotMatch(refused.text, /KEY-wrong/)
  assert.deepEqual(asked, ['GET /v2/outbound_voice_profiles?page[size]=1'])
  assert.deepEqual(await providersNow(), [])
})

test('a carrier of another name, and somebody who is no operator, are refused before the carrier is asked', async () => {
  assertReason(await setUp(RIGHT_KEY, { carrier: 'elsewhere' }), 400, 'INVALID_ARGUMENT')
  assertReason(await setUp(RIGHT_KEY, { token: 'customer' }), 403, 'PERMISSION_DENIED')
  assert.deepEqual([asked, await providersNow()], [[], []])
})

test('a carrier that is out of order can be asked again later: SERVICE_UNAVAILABLE', async () => {
  const asking = setUp(RIGHT_KEY)
  status = 502
  assertReason(await asking, 503, 'SERVICE_UNAVAILABLE')
  assert.deepEqual(await providersNow(), [])
})

test('with the right key the answer is the provider, without the key', async () => {
  const made = await setUp(RIGHT_KEY)
  assert.equal(made.status, 200, made.text)
  assert.equal(made.body.hostname, 'sip.telnyx.com')
  assert.doesNotMatch(made.text, new RegExp(RIGHT_KEY))
  assert.deepEqual(
    (await providersNow()).map(({ id }) => id),
    [made.body.id],
  )
})
