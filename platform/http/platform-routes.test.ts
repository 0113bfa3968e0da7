import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiClient, assertReason } from '#testkit'
import { isLocal } from './client-address.ts'
import { apiErrors } from './errors.ts'
import { probe, startServer, teaRoutes } from './test-server.ts'

test('GET /ping answers without login', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get('/ping')
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, { message: 'pong' })
})

test('GET /v1.0/errors lists every reason without login, with what a program needs to act on it', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get('/v1.0/errors')
  assert.equal(answer.status, 200)
  const tea = answer.body.result.find((row: { reason: string }) => row.reason === 'TEA_NOT_FOUND')
  assert.deepEqual(tea, {
    reason: 'TEA_NOT_FOUND',
    domain: 'tea-manager',
    status: 'NOT_FOUND',
    http: 404,
    blame: 'client',
    retry: 'never',
    cause: 'There is no such tea.',
    fix: 'List the teas.',
    details_schema: null,
    since: '0.1.0',
    deprecated: null,
    pending: false,
  })
  assert.equal(answer.body.result.length, Object.keys(apiErrors).length + 2)
})

test('GET /v1.0/errors/{reason} gives its rows; an unknown reason is RESOURCE_NOT_FOUND', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get('/v1.0/errors/INVALID_ARGUMENT')
  assert.equal(answer.body.result.length, 1)
  assert.deepEqual(answer.body.result[0].details_schema.required, ['field', 'pointer', 'issue'])
  for (const reason of ['NOTHING', 'tea_not_found', '__proto__'])
    assertReason(await apiClient(at.url).get(`/v1.0/errors/${reason}`), 404, 'RESOURCE_NOT_FOUND')
})

test('GET /health is 200 while every part is ready, and 503 naming those that are not', async () => {
  let database = true
  await using at = await startServer(teaRoutes, {
    parts: {
      database: () => database,
      sip: async () => {
        if (!database) throw new Error('broken')
        return true
      },
    },
  })
  const api = apiClient(at.url)
  assert.deepEqual((await api.get('/health')).body, { status: 'ready', parts: { database: 'ready', sip: 'ready' } })
  database = false
  const answer = await api.get('/health')
  assertReason(answer, 503, 'SERVICE_UNAVAILABLE')
  assert.deepEqual(answer.body.error.details, [{ missing: ['database', 'sip'] }])
})

test('GET /metrics shows the figures to this machine, and to nobody who comes through a proxy', async () => {
  await using at = await startServer([probe(() => ({ name: '' }))])
  const api = apiClient(at.url)
  await api.get('/v1.0/probe')
  const figures = await api.get('/metrics')
  assert.equal(figures.status, 200)
  assert.match(figures.headers.get('content-type') ?? '', /^text\/plain/)
  assert.match(figures.text, /strowger_http_requests_total\{method="GET",route="\/probe",code="200"\} 1/)
  assertReason(
    await api.send('GET', '/metrics', { headers: { 'x-forwarded-for': '10.1.1.1' } }),
    404,
    'ROUTE_NOT_FOUND',
  )
})

test('only the loopback is this machine', () => {
  assert.equal(isLocal('127.0.0.1', {}), true)
  assert.equal(isLocal('::1', {}), true)
  assert.equal(isLocal('::ffff:127.0.0.1', {}), true)
  assert.equal(isLocal('192.168.1.1', {}), false)
  assert.equal(isLocal('', {}), false)
})

test('a trusted proxy says who the client is; anybody else only claims it', async () => {
  const who = probe(({ ip }) => ({ name: ip }))
  const ask = async (networks: string[], said: string) => {
    await using at = await startServer([who], { trustedProxy: { header: 'cf-connecting-ip', networks } })
    const headers = { 'cf-connecting-ip': said, 'x-forwarded-for': '9.9.9.9' }
    return (await apiClient(at.url).send('GET', '/v1.0/probe', { headers })).body.name
  }
  assert.equal(await ask(['127.0.0.0/8'], '203.0.113.7'), '203.0.113.7')
  assert.equal(await ask(['127.0.0.1'], '2001:db8::1'), '2001:db8::1')
  assert.equal(await ask(['10.0.0.0/8', '::1'], '203.0.113.7'), '127.0.0.1')
  assert.equal(await ask(['127.0.0.0/8'], 'localhost'), '127.0.0.1')
})
