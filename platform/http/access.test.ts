import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { NIL_UUID } from '#platform/ids'
import { apiClient, assertReason } from '#testkit'
import { endpoint } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import type { Credentials } from './identity.ts'
import { adminOnly, mayPass, Permission } from './permission.ts'
import { authenticate, CUSTOMER, probe, startServer, TEA, teaRoutes } from './test-server.ts'
import { idParams } from './wire.ts'

const tea = { name: 'Assam', kind: 'black' }

test('without credentials: 401 AUTHENTICATION_REQUIRED; with bad ones: 401 INVALID_CREDENTIALS', async () => {
  await using at = await startServer()
  assertReason(await apiClient(at.url).get(`/v1.0/teas/${TEA}`), 401, 'AUTHENTICATION_REQUIRED')
  assertReason(await apiClient(at.url).get(`/v1.0/teas/${TEA}?accesskey=`), 401, 'AUTHENTICATION_REQUIRED')
  for (const authorization of ['Bearer nobody', 'Bearer vb_nobody', 'Basic dTpw', 'Bearer', 'vb_admin', 'Bearer a b']) {
    const answer = await apiClient(at.url).send('GET', `/v1.0/teas/${TEA}`, { headers: { authorization } })
    assertReason(answer, 401, 'INVALID_CREDENTIALS')
  }
  assertReason(
    await apiClient(at.url).get(`/v1.0/teas/${TEA}?accesskey=a&accesskey=vb_admin`),
    401,
    'INVALID_CREDENTIALS',
  )
})

test('an access key is taken from query, cookie and bearer header, a token from cookie, query and bearer header', async () => {
  const seen: Credentials[] = []
  await using at = await startServer(teaRoutes, {
    authenticate: (credentials) => {
      seen.push(credentials)
      return authenticate({ accesskey: 'vb_admin' })
    },
  })
  const ask = async (query: string, headers: Record<string, string>) => {
    const answer = await apiClient(at.url).send('GET', `/v1.0/teas/${TEA}${query}`, { headers })
    assert.equal(answer.status, 200)
    return seen.pop()
  }
  assert.deepEqual(await ask('?accesskey=vb_q', {}), { accesskey: 'vb_q' })
  assert.deepEqual(await ask('', { cookie: 'a=b; accesskey=vb_c; x' }), { accesskey: 'vb_c' })
  assert.deepEqual(await ask('', { authorization: 'Bearer vb_h' }), { accesskey: 'vb_h' })
  assert.deepEqual(await ask('?accesskey=vb_q', { cookie: 'accesskey=vb_c' }), { accesskey: 'vb_c' })
  assert.deepEqual(await ask('?token=q', {}), { token: 'q' })
  assert.deepEqual(await ask('', { cookie: 'token="c"' }), { token: 'c' })
  assert.deepEqual(await ask('', { authorization: 'bearer h' }), { token: 'h' })
  assert.deepEqual(await ask('?token=q', { cookie: 'token=c', authorization: 'Bearer h' }), { token: 'c' })
  assert.deepEqual(await ask('?token=q&accesskey=vb_q', {}), { token: 'q', accesskey: 'vb_q' })
  assert.deepEqual(await ask('?token=q', { authorization: 'Bearer vb_h' }), { token: 'q', accesskey: 'vb_h' })
})

test('a role that may not is 403 PERMISSION_DENIED before the body is even read', async () => {
  await using at = await startServer()
  for (const token of ['agent', 'manager']) {
    const answer = await apiClient(at.url, { token }).send('POST', '/v1.0/teas', { body: '{', headers: {} })
    assertReason(answer, 403, 'PERMISSION_DENIED')
  }
  assert.equal((await apiClient(at.url, { token: 'root' }).post('/v1.0/teas', tea)).status, 201)
  assert.equal((await apiClient(at.url, { accesskey: 'vb_admin' }).post('/v1.0/teas', tea)).body.customer, CUSTOMER)
})

test('a direct token is outside its families everywhere here: 403 DIRECT_ACCESS_NOT_SUPPORTED', async () => {
  await using at = await startServer()
  assertReason(
    await apiClient(at.url, { token: 'direct' }).get(`/v1.0/teas/${TEA}`),
    403,
    'DIRECT_ACCESS_NOT_SUPPORTED',
  )
})

test('a direct token may ask what is for the kind of resource that it may use, and nothing else', async () => {
  const name = () => ({ name: 'you' })
  await using at = await startServer([
    probe(name, { allow: adminOnly, direct: 'aicall' }),
    probe(name, { allow: adminOnly, direct: 'webchat_session', path: '/chat' }),
    probe(name, { allow: 'customer', direct: 'any', path: '/any' }),
    probe(name, { allow: 'agent', path: '/person' }),
  ])
  const visitor = apiClient(at.url, { token: 'visitor' })
  assert.equal((await visitor.get('/v1.0/probe')).status, 200)
  assert.equal((await visitor.get('/v1.0/any')).status, 200)
  for (const path of ['chat', 'person'])
    assertReason(await visitor.get(`/v1.0/${path}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await apiClient(at.url, { token: 'agent' }).get('/v1.0/probe'), 403, 'PERMISSION_DENIED')
})

test('a delegate token passes for an admin, except where it is not taken', async () => {
  const name = () => ({ name: 'you' })
  await using at = await startServer([
    probe(name, { allow: adminOnly }),
    probe(name, { allow: adminOnly, noDelegates: true, path: '/own' }),
    probe(name, { allow: 'agent', path: '/person' }),
  ])
  const delegate = apiClient(at.url, { token: 'delegate' })
  assert.equal((await delegate.get('/v1.0/probe')).status, 200)
  for (const path of ['own', 'person'])
    assertReason(await delegate.get(`/v1.0/${path}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})

test("an agents' endpoint takes logins only; it says which reason the others get", async () => {
  const plain = probe(() => ({ name: 'you' }), { allow: 'agent' })
  const me = probe(() => ({ name: 'you' }), { allow: 'agent', path: '/you', notAgent: apiErrors.AGENT_AUTH_REQUIRED })
  await using at = await startServer([plain, me])
  for (const credentials of [{ accesskey: 'vb_admin' }, { token: 'direct' }]) {
    assertReason(await apiClient(at.url, credentials).get('/v1.0/probe'), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
    assertReason(await apiClient(at.url, credentials).get('/v1.0/you'), 403, 'AGENT_AUTH_REQUIRED')
  }
  assert.equal((await apiClient(at.url, { token: 'agent' }).get('/v1.0/you')).status, 200)
})

test('a public endpoint asks nobody and sees nobody', async () => {
  let identity: unknown
  const route = probe((request) => {
    identity = request.identity
    return { name: request.customer }
  })
  await using at = await startServer([route], { authenticate: () => Promise.reject(new Error('asked')) })
  const answer = await apiClient(at.url, { token: 'anything' }).get('/v1.0/probe')
  assert.deepEqual(answer.body, { name: NIL_UUID })
  assert.deepEqual(identity, { kind: 'anonymous', customer_id: NIL_UUID, agent_id: NIL_UUID, permission: 0 })
})

test('an endpoint that ends a call lets the last known identity be believed; no other does', async () => {
  const seen: unknown[] = []
  const ends = probe(() => ({ name: '' }), { allow: 'customer', endsCall: true })
  const other = probe(() => ({ name: '' }), { allow: 'customer', path: '/other' })
  await using at = await startServer([ends, other], {
    authenticate: (credentials, options) => {
      seen.push(options)
      return authenticate(credentials)
    },
  })
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  await api.get('/v1.0/probe')
  await api.get('/v1.0/other')
  assert.deepEqual(seen, [{ trustLastKnown: true }, {}])
})

test('no credential ever reaches the log', async () => {
  await using at = await startServer()
  await apiClient(at.url).get(`/v1.0/teas/${TEA}?accesskey=vb_admin&token=root`)
  await apiClient(at.url).get('/v1.0/teas/x?accesskey=vb_verysecret')
  await apiClient(at.url).send('GET', '/v1.0/none?token=t0ps3cret', {
    headers: { cookie: 'token=c00kie', authorization: 'Bearer b3arer' },
  })
  await apiClient(at.url).get('/ping')
  assert.ok(at.lines.some((line) => line.fields.path === '/ping'))
  assert.doesNotMatch(JSON.stringify(at.lines), /vb_admin|verysecret|t0ps3cret|c00kie|b3arer/)
})

test('an answer shows what its schema declares and nothing else', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).get(`/v1.0/teas/${TEA}`)
  assert.deepEqual(answer.body, { id: TEA, name: 'Assam', strength: 3 })
})

test('a cookie that a handler sets cannot be read by scripts, leave https, or be sent by other sites', async () => {
  const route = probe(({ setCookie }) => {
    setCookie('token', 'a b', 60)
    return { name: 'x' }
  })
  await using at = await startServer([route])
  const answer = await apiClient(at.url).get('/v1.0/probe')
  assert.equal(answer.headers.get('set-cookie'), 'token=a%20b; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict')
})

test('one of the required bits is enough, and the super admin needs none', () => {
  const required = [Permission.CustomerAdmin, Permission.CustomerManager]
  assert.equal(mayPass(Permission.CustomerAgent | Permission.CustomerManager, required), true)
  assert.equal(mayPass(Permission.ProjectSuperAdmin, required), true)
  assert.equal(mayPass(Permission.CustomerAgent, required), false)
  assert.equal(mayPass(Permission.None, required), false)
})

test('an agent without a role asks about itself where the endpoint says so, and about nobody else', async () => {
  const route = probe(() => ({ name: 'you' }), {
    allow: adminOnly,
    selfToo: true,
    path: '/selves/{id}',
    params: idParams,
  })
  await using at = await startServer([route])
  const ask = (token: string, id: string) => apiClient(at.url, { token }).get(`/v1.0/selves/${id}`)
  assert.equal((await ask('agent', TEA)).status, 200)
  assert.equal((await ask('agent', TEA.toUpperCase())).status, 200)
  for (const id of [CUSTOMER, 'x', NIL_UUID]) assertReason(await ask('agent', id), 403, 'PERMISSION_DENIED')
  // the id that a token of another kind carries is not its own
  assertReason(await ask('direct', TEA), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assert.equal((await ask('vb_admin', CUSTOMER)).status, 200)
})

test('a route without a gate does not compile', () => {
  const open = { method: 'GET', path: '/open', summary: 'Open', returns: Type.Object({}), errors: [] } as const
  // @ts-expect-error: it does not say who may call
  endpoint(open)
  // @ts-expect-error: no such gate
  endpoint({ ...open, allow: 'everybody' })
  endpoint({ ...open, allow: 'public' })
})

test('a server with a route whose gate was lost does not start', async () => {
  for (const allow of [undefined, null, '', 'everybody', [], [0], ['32'], true, {}])
    await assert.rejects(
      startServer([probe(() => ({ name: '' }), { allow: allow as never })]),
      /GET \/probe has no gate/,
      String(allow),
    )
})
