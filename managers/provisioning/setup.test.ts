import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { migrations as customerMigrations } from '#managers/customer'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { OutboundClient } from '#platform/outbound'
import { SecretBox } from '#platform/secrets'
import { systemClock } from '#platform/time'
import { freshDatabase } from '#testkit'
import { migrations } from './migrations/index.ts'
import { ProviderService } from './provider-service.ts'
import { ProviderSetupService } from './setup-service.ts'
import { Telnyx } from './telnyx.ts'

const KEY = 'KEY-right'
const { db } = await freshDatabase([...customerMigrations, ...migrations])
/** What was asked of the carrier, in order, with the key. */
const asked: string[] = []
/** What it answers to a request, where that is not success. */
const faults = new Map<string, { status: number; body: string }>()
const server = createServer((request, response) => {
  const what = `${request.method} ${request.url}`
  asked.push(what)
  const isKnown = request.headers.authorization === `Bearer ${KEY}`
  const fault = isKnown ? faults.get(what) : { status: 401, body: '{"errors":[{"title":"Authentication failed"}]}' }
  response.writeHead(fault?.status ?? 200, { 'content-type': 'application/json' })
  response.end(fault?.body ?? JSON.stringify({ data: { id: `id-${asked.length}` } }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
const outbound = new OutboundClient({ clock: systemClock, allowPrivate: ['127.0.0.0/8'] })
after(() => {
  outbound.close()
  server.close()
})
const basics = { db, clock: systemClock, ids: systemIds }
const secrets = new SecretBox(new Uint8Array(32).fill(1), systemIds)
const providers = new ProviderService({ ...basics, secrets })
const telnyx = new Telnyx({ outbound, log: silentLog, fqdn: 'pstn.strowger.test', port: 5060, url })
const setups = new ProviderSetupService({ adapters: { telnyx }, providers })
const setUp = (api_key = KEY) => {
  asked.length = 0
  return setups.setUp({ carrier: 'telnyx', name: 'Telnyx', credentials: { api_key } })
}
const MAKING = [
  'GET /v2/outbound_voice_profiles?page[size]=1',
  'POST /v2/outbound_voice_profiles',
  'POST /v2/fqdn_connections',
  'POST /v2/fqdns',
]

test('a carrier is set up with its key: profile, connection, our name, and the provider that leads there', async () => {
  const made = await setUp()
  assert.deepEqual(asked, MAKING)
  assert.deepEqual([made.hostname, made.name], ['sip.telnyx.com', 'Telnyx'])
  assert.deepEqual(made.metadata, {
    telnyx_profile_id: 'id-2',
    telnyx_connection_id: 'id-3',
    telnyx_fqdn_id: 'id-4',
    telnyx_fqdn: 'pstn.strowger.test',
  })
  const everything = await db.query('select p::text as row from providers p')
  assert.doesNotMatch(JSON.stringify(everything), new RegExp(KEY))
})

test('a key that the carrier does not accept is said as such, before anything is made', async () => {
  await assert.rejects(setUp('KEY-wrong'), { reason: 'CARRIER_CREDENTIALS_REJECTED' })
  assert.deepEqual(asked, MAKING.slice(0, 1))
})

test('what fails at a step is told, and what was made before is removed, the last one first', async () => {
  faults.set('POST /v2/fqdns', { status: 422, body: '{"errors":[{"detail":"The fqdn is in use."}]}' })
  const before = (await providers.list({ size: 100 })).result.length
  await assert.rejects(setUp(), (error: { reason: string; message: string }) => {
    assert.equal(error.reason, 'INVALID_ARGUMENT')
    return /The fqdn is in use/.test(error.message)
  })
  assert.deepEqual(asked.slice(4), ['DELETE /v2/fqdn_connections/id-3', 'DELETE /v2/outbound_voice_profiles/id-2'])
  assert.equal((await providers.list({ size: 100 })).result.length, before)
  faults.clear()
})

test('a carrier that answers in another shape than it should is refused as such, and everything is removed all the same', async () => {
  for (const body of [
    '{"errors":null}',
    '{"errors":{"detail":"x"}}',
    '{"errors":[{"detail":{"a":1}}]}',
    '[]',
    '"no"',
    '7',
  ]) {
    faults.set('POST /v2/fqdns', { status: 422, body })
    faults.set('DELETE /v2/fqdn_connections/id-3', { status: 422, body })
    await assert.rejects(setUp(), (error: { reason: string; message: string }) => {
      assert.equal(error.reason, 'INVALID_ARGUMENT')
      return /status 422/.test(error.message)
    })
    assert.equal(asked.at(-1), 'DELETE /v2/outbound_voice_profiles/id-2', body)
    faults.set('POST /v2/fqdns', { status: 200, body })
    await assert.rejects(setUp(), { reason: 'SERVICE_UNAVAILABLE' })
  }
  faults.clear()
})

test('a carrier that is out of order can be asked again later', async () => {
  faults.set('POST /v2/fqdn_connections', { status: 502, body: 'Bad gateway' })
  await assert.rejects(setUp(), { reason: 'SERVICE_UNAVAILABLE' })
  assert.deepEqual(asked.slice(3), ['DELETE /v2/outbound_voice_profiles/id-2'])
  faults.clear()
})
