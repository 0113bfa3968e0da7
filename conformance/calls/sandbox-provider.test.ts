import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ApiClient, apiClient, eventually, type Json, Platform } from '#testkit'

/** A number of the sandbox carrier that asks who calls, and what it wants to hear. */
const ASKS = '+999070000401'
const RIGHT = { username: 'sandbox', password: 'sandbox', realm: 'sandbox' }
const WAIT = [{ type: 'sleep', option: { duration: 20_000 } }]

let platform: Platform
let root: ApiClient

before(async () => {
  platform = await Platform.start({ SANDBOX_CARRIER: 'on' })
  const { body } = await apiClient(platform.http).post('/auth/login', platform.credentials.admin)
  root = apiClient(platform.http, { token: body.token })
})
after(() => platform?.stop())

/** A provider that is the sandbox carrier, as an operator makes one. */
async function provider(more: object): Promise<string> {
  const { body, text } = await root.post('/v1.0/providers', {
    ...{ type: 'sip', hostname: platform.credentials.sandbox?.sip, name: 'with a password', detail: '' },
    ...{ tech_prefix: '', tech_postfix: '', tech_headers: {}, ...more },
  })
  assert.ok(body.id, text)
  assert.doesNotMatch(text, /"password"/, 'it is never answered')
  return body.id
}

const providerOf = async (id: string): Promise<Json> => (await root.get(`/v1.0/providers/${id}`)).body

const registrationBecomes = (id: string, state: string): Promise<Json> =>
  eventually(
    `the registration is ${state}`,
    async () => {
      const shown = await providerOf(id)
      return shown.registration_state === state ? shown : undefined
    },
    20_000,
  )

/** A call to the number that asks, through this provider alone. */
async function call(provider_id: string): Promise<string> {
  const { body, text } = await root.post('/v1.0/providercalls', {
    ...{ provider_id, actions: WAIT, destinations: [{ type: 'tel', target: ASKS }] },
  })
  assert.equal(body.call_ids?.length, 1, text)
  return body.call_ids[0]
}

const callBecomes = (id: string, status: string): Promise<Json> =>
  eventually(
    `the call is ${status}`,
    async () => {
      const { body } = await root.get(`/v1.0/calls/${id}`)
      return body.status === status ? body : undefined
    },
    15_000,
  )

/** What the carrier itself says. */
async function atCarrier(path: string): Promise<Json[]> {
  const response = await fetch(`${platform.credentials.sandbox?.api}${path}`)
  return ((await response.json()) as Json).result
}

test('a provider with a password registers, is called through, and is taken back when it is deleted', async () => {
  const id = await provider({ ...RIGHT, registration: true })
  const { registration_detail, has_password } = await registrationBecomes(id, 'registered')
  assert.deepEqual([registration_detail, has_password], ['', true])
  const [registered, ...others] = await atCarrier('/registrations')
  assert.deepEqual(others, [])
  assert.match(registered.contact, new RegExp(`@127\\.0\\.0\\.\\d+:${platform.sip.split(':')[1]}`))
  assert.equal((await root.post(`/v1.0/providers/${id}/probe`)).body.reason, 'ok')

  const made = await call(id)
  await callBecomes(made, 'progressing')
  const asked = (await atCarrier('/calls')).find(({ to }) => to === ASKS)
  assert.equal(asked.statuses.at(-1), 200)
  await root.post(`/v1.0/calls/${made}/hangup`)
  assert.equal((await callBecomes(made, 'hangup')).hangup_reason, 'normal')
  const { entries } = (await root.get(`/v1.0/calls/${made}/explain`)).body
  const invites = entries.filter(({ sip }: Json) => sip?.direction === 'out' && sip.method === 'INVITE')
  assert.deepEqual(
    invites.map(({ sip }: Json) => [sip.cseq, sip.status]),
    [
      [1, 0],
      [2, 0],
    ],
  )

  await root.delete(`/v1.0/providers/${id}`)
  await eventually('the carrier has forgotten us', async () => (await atCarrier('/registrations')).length === 0, 20_000)
})

test('a wrong password is said: where it registers, and in the account of the call that it fails', async () => {
  const id = await provider({ ...RIGHT, password: 'a wrong one', registration: true })
  assert.equal((await registrationBecomes(id, 'failed')).registration_detail, '401 Unauthorized')
  assert.deepEqual(await atCarrier('/registrations'), [])
  const made = await call(id)
  const { hangup_by, hangup_reason } = await callBecomes(made, 'hangup')
  assert.deepEqual([hangup_by, hangup_reason], ['remote', 'noanswer'])
  const { verdict } = (await root.get(`/v1.0/calls/${made}/explain`)).body
  assert.deepEqual([verdict.reason, verdict.blame], ['credentials_refused', 'carrier'])

  const right = { name: 'mended', ...RIGHT, registration: true }
  const { status, text } = await root.put(`/v1.0/providers/${id}`, { ...(await providerOf(id)), ...right })
  assert.equal(status, 200, text)
  await registrationBecomes(id, 'registered')
  const again = await call(id)
  await callBecomes(again, 'progressing')
  await root.post(`/v1.0/calls/${again}/hangup`)
  await callBecomes(again, 'hangup')
  await root.delete(`/v1.0/providers/${id}`)
})
