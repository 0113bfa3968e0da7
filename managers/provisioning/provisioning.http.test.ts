import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { systemIds } from '#platform/ids'
import { buildResponse, parseMessage, SipRequest, serialise } from '#telecom/sip'
import { type Answer, apiClient, assertReason, eventually, Platform } from '#testkit'

const platform = await Platform.start({ ALLOW_PRIVATE_TARGETS: '127.0.0.0/8' })
after(() => platform.stop())
const { admin, customer } = platform.credentials
const login = await apiClient(platform.http).post('/auth/login', admin)
const root = apiClient(platform.http, { token: login.body.token })
const mine = apiClient(platform.http, { accesskey: customer.accesskey })
const EVERYBODY = '00000000-0000-0000-0000-000000000001'
const MISSING = systemIds.uuid()
const DOMAIN = 'provisioning-admin'

const wanted = (more: object = {}) => ({
  ...{
    type: 'sip',
    hostname: '127.0.0.1:9',
    tech_prefix: '',
    tech_postfix: '',
    tech_headers: {},
    name: 'a carrier',
    detail: '',
  },
  ...more,
})
const make = async (more: object = {}) => (await root.post('/v1.0/providers', wanted(more))).body
const route = (provider_id: string, more: object = {}) => ({
  ...{ customer_id: EVERYBODY, name: 'everything', detail: '', provider_id, priority: 0, target: 'all' },
  ...more,
})

/** A carrier that answers each request, and keeps it. */
async function carrier(answer: (request: SipRequest) => { status: number; headers?: Record<string, string> }) {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  after(() => socket.close())
  const requests: SipRequest[] = []
  socket.on('message', (data, from) => {
    const request = parseMessage(data)
    if (!(request instanceof SipRequest)) return
    requests.push(request)
    const { status, headers = {} } = answer(request)
    const response = buildResponse(request, status, { toTag: 'carrier', headers })
    socket.send(serialise(response), from.port, from.address)
  })
  return { hostname: `127.0.0.1:${socket.address().port}`, requests }
}

test('a provider is made, read, replaced and deleted; its password is kept and never shown', async () => {
  const made = await root.post(
    '/v1.0/providers',
    wanted({
      hostname: 'SIP.Carrier.Example:5080',
      codecs: ' pcmu, alaw ',
      username: 'us',
      password: 'kept secret',
      country: 'DE',
    }),
  )
  assert.equal(made.status, 200, made.text)
  const { id, tm_create: _, ...rest } = made.body
  assert.deepEqual(rest, {
    ...{
      type: 'sip',
      hostname: 'sip.carrier.example:5080',
      transport: 'udp',
      tech_prefix: '',
      tech_postfix: '',
      tech_headers: {},
    },
    ...{
      metadata: null,
      name: 'a carrier',
      detail: '',
      codecs: 'PCMU,PCMA',
      username: 'us',
      realm: '',
      has_password: true,
    },
    ...{
      registration: false,
      registration_state: 'off',
      registration_detail: '',
      addresses: [],
      failover_causes: null,
    },
    ...{ number_format: 'e164', country: 'de', user_phone: false, assert_identity: false },
    ...{ health_status: 'unknown', health_checked_at: null, tm_update: null, tm_delete: null },
  })
  assert.doesNotMatch(made.text, /kept secret/)
  const replaced = await root.put(
    `/v1.0/providers/${id}`,
    wanted({ username: 'us', tech_headers: { 'X-Account': '7' } }),
  )
  assert.deepEqual(
    [replaced.body.codecs, replaced.body.country, replaced.body.has_password, replaced.body.tech_headers],
    ['', '', true, { 'X-Account': '7' }],
  )
  assert.equal((await root.put(`/v1.0/providers/${id}`, wanted({ password: '' }))).body.has_password, false)
  const listed = (await root.get('/v1.0/providers')).body.result.map((each: { id: string }) => each.id)
  assert.ok(listed.includes(id))
  assert.notEqual((await root.delete(`/v1.0/providers/${id}`)).body.tm_delete, null)
  for (const gone of [
    await root.get(`/v1.0/providers/${id}`),
    await root.put(`/v1.0/providers/${id}`, wanted()),
    await root.delete(`/v1.0/providers/${id}`),
    await root.post(`/v1.0/providers/${id}/probe`),
    await root.get(`/v1.0/providers/${MISSING}`),
  ])
    assertReason(gone, 404, 'PROVIDER_NOT_FOUND', DOMAIN)
})

test('what could harm a call is refused when it is written, each fault by its field', async () => {
  const faults: [object, string][] = [
    [{ hostname: 'two words' }, 'hostname'],
    [{ hostname: 'host:99999' }, 'hostname'],
    [{ hostname: '' }, 'hostname'],
    [{ tech_prefix: '1@elsewhere' }, 'tech_prefix'],
    [{ tech_postfix: '>' }, 'tech_postfix'],
    [{ tech_headers: { 'X-A': 'b\r\nVia: evil' } }, 'tech_headers.X-A'],
    [{ tech_headers: { 'X A': 'b' } }, 'tech_headers.X A'],
    [{ tech_headers: { Privacy: 'none' } }, 'tech_headers.Privacy'],
    [{ addresses: ['10.0.0.0/4'] }, 'addresses[0]'],
    [{ addresses: ['carrier.example'] }, 'addresses[0]'],
    [{ registration: true }, 'username'],
    [{ number_format: 'national' }, 'country'],
    [{ number_format: 'national', country: 'uk' }, 'country'],
    [{ country: 'UK' }, 'country'],
  ]
  for (const [more, field] of faults) {
    const answer = await root.post('/v1.0/providers', wanted(more))
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.equal(answer.body.error.details[0].field, field, answer.text)
  }
  for (const codecs of ['PCMU,,PCMA', 'PCMU,pcmu', 'G729', 'PCMU(1)'])
    assertReason(await root.post('/v1.0/providers', wanted({ codecs })), 400, 'INVALID_CODECS', DOMAIN)
  assertReason(await root.post('/v1.0/providers', wanted({ tech_headers: { 'X-A': 1 } })), 400, 'INVALID_JSON_BODY')
})

test('a customer may see none of it, whether it exists or not', async () => {
  const { id } = await make()
  const answers: Answer[] = []
  for (const path of ['providers', 'routes', 'providercalls'])
    answers.push(
      await mine.get(`/v1.0/${path}`),
      await mine.get(`/v1.0/${path}/${id}`),
      await mine.get(`/v1.0/${path}/${MISSING}`),
      await mine.delete(`/v1.0/${path}/${id}`),
    )
  for (const answer of answers) assertReason(answer, 403, 'PERMISSION_DENIED')
})

test('a route is made for a customer or everybody, changed, listed by customer and deleted', async () => {
  const { id: provider_id } = await make()
  const own = await root.post(
    '/v1.0/routes',
    route(provider_id, { customer_id: customer.id, target: '+1415', cost: 4_000 }),
  )
  assert.equal(own.status, 200, own.text)
  const { id, tm_create: _, ...rest } = own.body
  assert.deepEqual(rest, {
    ...{
      customer_id: customer.id,
      name: 'everything',
      detail: '',
      provider_id,
      priority: 0,
      target: '+1415',
      cost: 4_000,
    },
    ...{ tm_update: null, tm_delete: null },
  })
  await root.post('/v1.0/routes', route(provider_id))
  const { result } = (await root.get(`/v1.0/routes?customer_id=${customer.id}`)).body
  assert.deepEqual(result, [own.body])
  assert.equal((await root.get('/v1.0/routes')).body.result.length >= 2, true)
  const { customer_id: _c, ...change } = route(provider_id, { target: '112', priority: 7 })
  const changed = await root.put(`/v1.0/routes/${id}`, change)
  assert.deepEqual([changed.body.target, changed.body.priority, changed.body.cost], ['112', 7, 0])
  for (const target of ['', '+', '+0', 'ALL', '1', '+12345678901234567'])
    assertReason(await root.put(`/v1.0/routes/${id}`, { ...change, target }), 400, 'INVALID_ARGUMENT')
  assertReason(await root.post('/v1.0/routes', route(MISSING)), 404, 'PROVIDER_NOT_FOUND', DOMAIN)
  assertReason(
    await root.post('/v1.0/routes', route(provider_id, { customer_id: MISSING })),
    404,
    'CUSTOMER_NOT_FOUND',
    'customer-manager',
  )
  await root.delete(`/v1.0/routes/${id}`)
  for (const gone of [await root.get(`/v1.0/routes/${id}`), await root.put(`/v1.0/routes/${id}`, change)])
    assertReason(gone, 404, 'ROUTE_NOT_FOUND', DOMAIN)
})

test('a provider that answers is healthy; a probe says step by step what is wrong', async () => {
  const good = await carrier(() => ({ status: 200 }))
  const { id } = await make({ hostname: good.hostname })
  const probe = await root.post(`/v1.0/providers/${id}/probe`)
  assert.equal(probe.status, 200, probe.text)
  assert.equal(probe.body.reason, 'ok')
  assert.deepEqual(
    probe.body.steps.map(({ step, result }: { step: string; result: string }) => `${step} ${result}`),
    ['resolve passed', 'transport passed', 'options passed', 'codecs skipped'],
  )
  await eventually(
    'its health is known',
    async () => (await root.get(`/v1.0/providers/${id}`)).body.health_status === 'healthy',
    15_000,
  )
  assert.equal(good.requests.at(-1)?.uri.text, `sip:healthcheck@${good.hostname};transport=udp`)

  const strict = await carrier(() => ({ status: 403 }))
  const refused = await make({ hostname: strict.hostname })
  assert.equal((await root.post(`/v1.0/providers/${refused.id}/probe`)).body.reason, 'credentials_needed')
  const lost = await make({ hostname: 'nowhere.invalid' })
  const { reason, fix, steps } = (await root.post(`/v1.0/providers/${lost.id}/probe`)).body
  assert.deepEqual([reason, steps.at(-1).result, fix.length > 0], ['host_not_found', 'failed', true])
})

test('a probe proves who we are, and says so where the carrier does not take it', async () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const challenge = 'Digest realm="carrier", nonce="n1", algorithm=MD5'
  const peer = await carrier((request) => {
    const shown = request.headers.get('authorization') ?? ''
    const right = md5(`${md5('acme:carrier:secret')}:n1:${md5(`OPTIONS:${request.uriText}`)}`)
    return shown.includes(`response="${right}"`)
      ? { status: 200 }
      : { status: 401, headers: { 'WWW-Authenticate': challenge } }
  })
  const at = { hostname: peer.hostname, username: 'acme', realm: 'carrier' }
  const found = async (more: object) => {
    const { id } = await make({ ...at, ...more })
    const { reason, steps } = (await root.post(`/v1.0/providers/${id}/probe`)).body
    return [reason, steps.at(-1).step, steps.at(-1).sip_status]
  }
  assert.deepEqual(await found({ password: 'secret' }), ['ok', 'codecs', 0])
  assert.deepEqual(await found({ password: 'wrong' }), ['credentials_refused', 'options', 401])
  assert.deepEqual(await found({ password: 'secret', realm: 'elsewhere' }), ['credentials_refused', 'options', 401])
  assert.deepEqual(await found({ username: '' }), ['credentials_needed', 'options', 401])
})

test('a trunk is asked at its addresses: a private one that may not be reached is not, and a network is no address', async () => {
  const trunk = async (allowed_ips: string[]) => {
    const login = { auth_types: ['ip'], username: '', password: '', allowed_ips }
    const { body, text } = await mine.post('/v1.0/trunks', {
      name: 'office',
      detail: '',
      domain_name: 'office',
      ...login,
    })
    assert.ok(body.id, text)
    const probe = (await mine.post(`/v1.0/trunks/${body.id}/probe`)).body
    await mine.delete(`/v1.0/trunks/${body.id}`)
    return { ...probe, id: body.id }
  }
  const silent = await trunk(['127.0.0.77'])
  assert.deepEqual([silent.trunk_id, silent.reason], [silent.id, 'no_answer'])
  assert.deepEqual(
    silent.steps.map(({ step, result }: { step: string; result: string }) => `${step} ${result}`),
    ['resolve passed', 'options failed'],
  )
  assert.deepEqual((await trunk(['10.1.2.3'])).reason, 'address_not_asked')
  const network = await trunk(['192.0.2.0/28'])
  assert.deepEqual([network.reason, network.steps], ['no_address', []])
  assertReason(await mine.post(`/v1.0/trunks/${MISSING}/probe`), 404, 'TRUNK_NOT_FOUND', DOMAIN)
})

test('where it is wanted we register, prove who we are, and say how it stands', async () => {
  const challenge = 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'
  const peer = await carrier((request) => {
    if (request.method !== 'REGISTER') return { status: 200 }
    if (!request.headers.has('authorization')) return { status: 401, headers: { 'WWW-Authenticate': challenge } }
    return { status: 200, headers: { Contact: request.headers.get('contact') ?? '', Expires: '600' } }
  })
  const who = { username: 'acme', password: 'secret', realm: 'carrier' }
  const { id, registration_state } = await make({ hostname: peer.hostname, registration: true, ...who })
  assert.equal(registration_state, 'registering')
  const stateOf = async () => (await root.get(`/v1.0/providers/${id}`)).body.registration_state
  await eventually('it is registered', async () => (await stateOf()) === 'registered', 15_000)
  const proof = peer.requests.find((each) => each.method === 'REGISTER' && each.headers.has('authorization'))
  assert.match(proof?.headers.get('authorization') ?? '', /username="acme", realm="carrier"/)
  await root.put(`/v1.0/providers/${id}`, wanted({ hostname: peer.hostname }))
  assert.equal(await stateOf(), 'off')
  await eventually(
    'it is taken back',
    () => peer.requests.some(({ headers }) => headers.get('expires') === '0'),
    15_000,
  )
})

test('a test call goes through its provider alone, with any source, and is kept', async () => {
  const peer = await carrier((request) => ({ status: request.method === 'INVITE' ? 486 : 200 }))
  const { id: provider_id } = await make({ hostname: peer.hostname })
  const body = {
    provider_id,
    destinations: [{ type: 'tel', target: '+14155550123' }],
    source: { type: 'tel', target: '+14155550100' },
    actions: [{ type: 'answer' }],
  }
  const made = await root.post('/v1.0/providercalls', body)
  assert.equal(made.status, 200, made.text)
  assert.deepEqual(
    [made.body.provider_id, made.body.call_ids.length, made.body.groupcall_ids, made.body.anonymous],
    [provider_id, 1, [], 'auto'],
  )
  const invite = await eventually('the provider is called', () =>
    peer.requests.find(({ method }) => method === 'INVITE'),
  )
  assert.match(invite.headers.get('from') ?? '', /<sip:\+14155550100@/)
  const call = (await root.get(`/v1.0/calls/${made.body.call_ids[0]}`)).body
  assert.deepEqual(call.metadata, { rtp_debug: true, route_provider_ids: [provider_id], skip_source_validation: true })
  assert.deepEqual((await root.get(`/v1.0/providercalls?provider_id=${provider_id}`)).body.result, [made.body])
  assertReason(
    await root.post('/v1.0/providercalls', { ...body, provider_id: MISSING }),
    404,
    'PROVIDER_NOT_FOUND',
    DOMAIN,
  )
  assertReason(await root.post('/v1.0/providercalls', { ...body, destinations: [] }), 400, 'INVALID_ARGUMENT')
  assert.equal((await root.delete(`/v1.0/providercalls/${made.body.id}`)).status, 200)
  for (const gone of [
    await root.get(`/v1.0/providercalls/${made.body.id}`),
    await root.delete(`/v1.0/providercalls/${MISSING}`),
  ])
    assertReason(gone, 404, 'PROVIDERCALL_NOT_FOUND', DOMAIN)
  assertReason(await root.get('/v1.0/providercalls/x'), 400, 'INVALID_REQUEST_PARAMETER')
})

test('a provider that asks who we are is answered for its own realm alone', async () => {
  const challenge = (realm: string) => `Digest realm="${realm}", nonce="n1", algorithm=MD5, qop="auth"`
  let asked = 'carrier'
  const peer = await carrier((request) => {
    if (request.method !== 'INVITE' || request.headers.has('proxy-authorization'))
      return { status: request.method === 'INVITE' ? 486 : 200 }
    return { status: 407, headers: { 'Proxy-Authenticate': challenge(asked) } }
  })
  const who = { username: 'acme', password: 'secret', realm: 'carrier' }
  const { id: provider_id } = await make({ hostname: peer.hostname, ...who })
  const reasonOfCall = async () => {
    const { body } = await root.post('/v1.0/providercalls', {
      ...{ provider_id, destinations: [{ type: 'tel', target: '+14155550123' }], actions: [{ type: 'answer' }] },
    })
    return eventually('the call is over', async () => {
      const { status, hangup_reason } = (await root.get(`/v1.0/calls/${body.call_ids[0]}`)).body
      return status === 'hangup' ? hangup_reason : undefined
    })
  }
  assert.equal(await reasonOfCall(), 'busy')
  const isProof = ({ headers }: SipRequest) => headers.has('proxy-authorization')
  assert.match(
    peer.requests.find(isProof)?.headers.get('proxy-authorization') ?? '',
    /username="acme", realm="carrier"/,
  )
  const proofs = peer.requests.filter(isProof).length
  asked = 'elsewhere'
  assert.equal(await reasonOfCall(), 'noanswer')
  assert.equal(peer.requests.filter(isProof).length, proofs)
})
