import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusError, DeadlineExceeded, NoResponder } from '#platform/bus'
import { DatabaseUnavailable } from '#platform/db'
import { apiClient, assertReason } from '#testkit'
import { apiErrors } from './errors.ts'
import { probe, startServer, TEA, teaErrors } from './test-server.ts'

test('a path that does not exist, and a method that a path does not have, are 404 ROUTE_NOT_FOUND', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/v1.0/nothing'],
    ['GET', '/v2.0/teas/x'],
    ['DELETE', `/v1.0/teas/${TEA}`],
    ['PATCH', `/v1.0/teas/${TEA}`],
    ['POST', '/ping'],
    ['TRACE', '/ping'],
  ] as const) {
    if (method === 'TRACE') continue // fetch refuses to send it; `malformed.test.ts` does
    assertReason(await api.send(method, path), 404, 'ROUTE_NOT_FOUND')
  }
})

test('a refusal has exactly the members of the envelope, and leaves details out when there are none', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).get(
    '/v1.0/teas/00000000-0000-4000-8000-000000000001',
  )
  assertReason(answer, 404, 'TEA_NOT_FOUND', 'tea-manager')
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.headers.get('link'), '</docs/errors/TEA_NOT_FOUND>; rel="help"')
  assert.deepEqual(Object.keys(answer.body.error), ['status', 'reason', 'message', 'request_id', 'domain'])
})

test('a handler that crashes answers INTERNAL, tells the client nothing, and is logged once under the request id', async () => {
  const secret = new Error('password of the database is hunter2')
  await using at = await startServer([
    probe(() => {
      throw secret
    }),
  ])
  const answer = await apiClient(at.url).get('/v1.0/probe')
  assertReason(answer, 500, 'INTERNAL')
  assert.doesNotMatch(answer.text, /hunter2|Error|stack|probe/)
  const logged = at.lines.filter((line) => line.level === 'error')
  assert.equal(logged.length, 1)
  assert.equal(logged[0]?.fields.err, secret)
  assert.equal(logged[0]?.fields.request_id, answer.body.error.request_id)
})

test('whatever a handler throws, even what is no error at all, is INTERNAL', async () => {
  for (const thrown of [
    'text',
    undefined,
    null,
    0,
    { statusCode: 418 },
    Object.assign(new Error('x'), { code: 'FST_FAKE' }),
  ]) {
    await using at = await startServer([probe(() => Promise.reject(thrown))])
    assertReason(await apiClient(at.url).get('/v1.0/probe'), 500, 'INTERNAL')
  }
})

test('an answer that breaks its own contract is INTERNAL, not half an answer', async () => {
  await using at = await startServer([probe(() => ({ nome: 'x' }))])
  assertReason(await apiClient(at.url).get('/v1.0/probe'), 500, 'INTERNAL')
})

test('without its database the platform answers SERVICE_UNAVAILABLE or REQUEST_TIMEOUT, with Retry-After', async () => {
  const cases = [
    [new DatabaseUnavailable('unreachable'), 'SERVICE_UNAVAILABLE'],
    [new DatabaseUnavailable('overloaded'), 'SERVICE_UNAVAILABLE'],
    [new DatabaseUnavailable('timeout'), 'REQUEST_TIMEOUT'],
    [new NoResponder('call.hangup'), 'SERVICE_UNAVAILABLE'],
    [new DeadlineExceeded('call.hangup'), 'REQUEST_TIMEOUT'],
    [new BusError('overloaded', 'call.hangup'), 'SERVICE_UNAVAILABLE'],
  ] as const
  for (const [thrown, reason] of cases) {
    await using at = await startServer([probe(() => Promise.reject(thrown))])
    const answer = await apiClient(at.url).get('/v1.0/probe')
    assertReason(answer, 503, reason)
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    assert.doesNotMatch(answer.text, /database did not|call\.hangup/)
  }
})

test('a command that its responder broke on is INTERNAL', async () => {
  await using at = await startServer([probe(() => Promise.reject(new BusError('failed', 'call.hangup')))])
  assertReason(await apiClient(at.url).get('/v1.0/probe'), 500, 'INTERNAL')
})

test('a 429 says when to come back', async () => {
  await using at = await startServer([
    probe(() => Promise.reject(apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: 7 }))),
  ])
  const answer = await apiClient(at.url).get('/v1.0/probe')
  assertReason(answer, 429, 'RATE_LIMIT_EXCEEDED')
  assert.deepEqual(answer.body.error.details, [{ limited_by: 'customer', retry_after: 7 }])
  assert.equal(answer.headers.get('retry-after'), '7')
})

test('a reason that the endpoint does not declare is INTERNAL in tests and on record', async () => {
  const route = probe(() => Promise.reject(teaErrors.TEA_SECRET()))
  await using at = await startServer([route])
  assertReason(await apiClient(at.url).get('/v1.0/probe'), 500, 'INTERNAL')
  assert.deepEqual(at.server.undeclared, ['GET /probe: tea-manager/TEA_SECRET'])
})

test('in production an undeclared reason is answered as it is, and logged', async () => {
  await using at = await startServer([probe(() => Promise.reject(teaErrors.TEA_SECRET()))], { strictReasons: false })
  assertReason(await apiClient(at.url).get('/v1.0/probe'), 409, 'TEA_SECRET', 'tea-manager')
  assert.ok(
    at.lines.some((line) => line.level === 'error' && line.fields.breach === 'GET /probe: tea-manager/TEA_SECRET'),
  )
})

test('each refusal is counted by domain, reason and blame', async () => {
  await using at = await startServer()
  await apiClient(at.url, { accesskey: 'vb_admin' }).get('/v1.0/teas/00000000-0000-4000-8000-000000000001')
  assert.match(
    await at.metrics.text(),
    /strowger_errors_total\{domain="tea-manager",reason="TEA_NOT_FOUND",blame="client",route="\/teas\/\{id\}"\} 1/,
  )
})

test('a client that prefers application/problem+json is told the same facts as RFC 9457 has them', async () => {
  await using at = await startServer()
  const url = `${at.url}/v1.0/teas/00000000-0000-4000-8000-000000000001`
  const ask = (accept: string) => fetch(url, { headers: { authorization: 'Bearer vb_admin', accept } })
  const answer = await ask('application/problem+json')
  assert.equal(answer.status, 404)
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(answer.headers.get('vary'), 'Accept')
  assert.deepEqual(await answer.json(), {
    type: '/docs/errors/TEA_NOT_FOUND',
    title: 'There is no such tea.',
    status: 404,
    detail: 'There is no such tea.',
    canonical_status: 'NOT_FOUND',
    reason: 'TEA_NOT_FOUND',
    domain: 'tea-manager',
    request_id: answer.headers.get('x-request-id'),
  })
  const typeFor = async (accept: string) => (await ask(accept)).headers.get('content-type')?.split(';')[0]
  assert.equal(await typeFor('application/json;q=0.5, application/problem+json'), 'application/problem+json')
  assert.equal(await typeFor('application/problem+json;q=0.5, application/json'), 'application/json')
  assert.equal(await typeFor('application/problem+json, application/json'), 'application/problem+json')
  assert.equal(await typeFor('application/json, application/problem+json'), 'application/json')
  assert.equal(await typeFor('application/problem+json;q=0, */*;q=0.2'), 'application/json')
  assert.equal(await typeFor('*/*'), 'application/json')
  assert.equal(await typeFor('text/html'), 'application/json')
  assert.equal(await typeFor(','.repeat(4000)), 'application/json')
})

test('details travel in a problem document too', async () => {
  await using at = await startServer()
  const answer = await fetch(`${at.url}/v1.0/teas`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer vb_admin',
      accept: 'application/problem+json',
      'content-type': 'application/json',
    },
    body: '{"kind":"red"}',
  })
  const { reason, details } = (await answer.json()) as { reason: string; details: { pointer: string }[] }
  assert.equal(reason, 'INVALID_ARGUMENT')
  assert.deepEqual(details.map((each) => each.pointer).sort(), ['/kind', '/name'])
})
