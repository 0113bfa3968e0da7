import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Answer, apiClient, assertReason } from '#testkit'
import { handle } from './endpoint.ts'
import { startServer, TEA, teaRoutes, typedTea } from './test-server.ts'

const tea = { name: 'Assam', kind: 'black' }
const json = { 'content-type': 'application/json' }

function faults(answer: Answer) {
  return answer.body.error.details
}

test('an id in a path that is no UUID, or the nil UUID, is INVALID_ID', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const id of [
    'x',
    '1',
    `${TEA}0`,
    '00000000-0000-0000-0000-000000000000',
    'x'.repeat(5000),
    '%00',
    '%F0%9F%8D%B5',
  ]) {
    const answer = await api.get(`/v1.0/teas/${id}`)
    assertReason(answer, 400, 'INVALID_ID')
    assert.deepEqual(faults(answer), [{ field: 'id', pointer: '/id', issue: 'must be a UUID other than the nil UUID' }])
  }
})

test('an id in capital letters is the same id', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).get(`/v1.0/teas/${TEA.toUpperCase()}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.id, TEA)
})

test('a typed path parameter that cannot be read is INVALID_REQUEST_PARAMETER', async () => {
  await using at = await startServer([handle(typedTea, ({ params }) => ({ nr: params.nr }))])
  const api = apiClient(at.url)
  assertReason(await api.get('/v1.0/typed/x/1'), 400, 'INVALID_REQUEST_PARAMETER')
  assertReason(await api.get(`/v1.0/typed/${TEA}/one`), 400, 'INVALID_REQUEST_PARAMETER')
  assert.deepEqual((await api.get(`/v1.0/typed/${TEA}/17`)).body, { nr: 17 })
})

test('query parameters are read as their types; unknown ones are ignored', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get(`/v1.0/tea_pots?shelf=7&size=12&garden_id=${TEA}&colour=blue&unknown=1`)
  assert.deepEqual(answer.body, { query: { shelf: '7', size: 12, garden_id: TEA, colour: 'blue' } })
})

test('a query parameter that cannot be read is INVALID_REQUEST_PARAMETER and named', async () => {
  await using at = await startServer()
  for (const [query, field] of [
    ['size=many', 'size'],
    ['size=1.5', 'size'],
    ['size=', 'size'],
    ['size=1&size=2', 'size'],
    ['garden_id=x', 'garden_id'],
    ['shelf=%00', 'shelf'],
  ] as const) {
    const answer = await apiClient(at.url).get(`/v1.0/tea_pots?shelf=1&${query}`)
    assertReason(answer, 400, 'INVALID_REQUEST_PARAMETER')
    assert.equal(faults(answer)[0].field, field)
    assert.match(answer.body.error.message, new RegExp(field))
  }
})

test('a query parameter with a readable but forbidden value is INVALID_ARGUMENT', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get('/v1.0/tea_pots?shelf=1&size=0&colour=green')
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  assert.deepEqual(faults(answer), [
    { field: 'size', pointer: '/size', issue: 'must be at least 1' },
    { field: 'colour', pointer: '/colour', issue: 'must be one of blue, white' },
  ])
})

test('a required query parameter that is absent is MISSING_REQUEST_PARAMETER', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url).get('/v1.0/tea_pots')
  assertReason(answer, 400, 'MISSING_REQUEST_PARAMETER')
  assert.deepEqual(faults(answer), [{ field: 'shelf', pointer: '/shelf', issue: 'is required' }])
})

test('a valid body reaches the handler with its defaults and without members that nobody declared', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).post('/v1.0/teas', {
    ...tea,
    customer_id: 'somebody else',
    origin: { garden_id: TEA, owner: 'me' },
    steps: [{ seconds: 1.5, extra: true }],
  })
  assert.equal(answer.status, 201)
  assert.deepEqual(answer.body.got, { ...tea, strength: 3, origin: { garden_id: TEA }, steps: [{ seconds: 1.5 }] })
})

test('a body that is empty, not JSON, not UTF-8 or of another type is INVALID_JSON_BODY', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  const bodies: [string | Uint8Array<ArrayBuffer>, Record<string, string>][] = [
    ['', json],
    ['{', json],
    ["{'name':1}", json],
    ['null', json],
    ['[]', json],
    ['"text"', json],
    ['{"name":NaN}', json],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), json],
    [JSON.stringify(tea), { 'content-type': 'text/plain' }],
    [JSON.stringify(tea), { 'content-type': 'application/x-www-form-urlencoded' }],
    [JSON.stringify(tea), { 'content-type': 'multipart/form-data; boundary=x' }],
    [JSON.stringify(tea), { 'content-type': 'nonsense' }],
    ['{"__proto__":{"admin":true},"name":"x","kind":"black"}', json],
    ['{"\\u005f_proto__":{"admin":true},"name":"x","kind":"black"}', json],
    ['{"constructor":{"prototype":{"admin":true}},"name":"x","kind":"black"}', json],
  ]
  for (const [body, headers] of bodies)
    assertReason(await api.send('POST', '/v1.0/teas', { body, headers }), 400, 'INVALID_JSON_BODY')
  assertReason(await api.send('POST', '/v1.0/teas'), 400, 'INVALID_JSON_BODY')
})

test('JSON may come with a charset, a +json type, or without a type at all', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  const body = new TextEncoder().encode(JSON.stringify(tea))
  for (const headers of [
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'APPLICATION/JSON' },
    { 'content-type': 'application/merge-patch+json' },
    {},
  ])
    assert.equal((await api.send('POST', '/v1.0/teas', { body, headers })).status, 201)
})

test('a member of the wrong JSON type is INVALID_JSON_BODY: nothing is coerced', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const [member, issue, field = Object.keys(member)[0]] of [
    [{ name: 7 }, 'must be a string'],
    [{ name: null }, 'must be a string'],
    [{ kind: 7 }, 'must be a string'],
    [{ strength: '3' }, 'must be a whole number'],
    [{ strength: 1.5 }, 'must be a whole number'],
    [{ hot: 'true' }, 'must be true or false'],
    [{ hot: 1 }, 'must be true or false'],
    [{ steps: {} }, 'must be an array'],
    [{ origin: [] }, 'must be an object'],
    [{ steps: [{ seconds: 1 }, { seconds: 1, note: 7 }] }, 'must be a string or null', 'steps[1].note'],
  ] as [object, string, string?][]) {
    const answer = await api.post('/v1.0/teas', { ...tea, ...member })
    assertReason(answer, 400, 'INVALID_JSON_BODY')
    assert.equal(faults(answer)[0].field, field)
    assert.equal(faults(answer)[0].issue, issue)
  }
})

test('a body with forbidden values is INVALID_ARGUMENT, with every fault and where it is', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).post('/v1.0/teas', {
    kind: 'blue',
    strength: 10,
    steps: [{ seconds: 1 }, { note: 'x' }],
    origin: { garden_id: 'here' },
  })
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  const byField = Object.fromEntries(faults(answer).map((fault: { field: string }) => [fault.field, fault]))
  assert.deepEqual(byField, {
    name: { field: 'name', pointer: '/name', issue: 'is required' },
    kind: { field: 'kind', pointer: '/kind', issue: 'must be one of green, black' },
    strength: { field: 'strength', pointer: '/strength', issue: 'must be at most 9' },
    'steps[1].seconds': { field: 'steps[1].seconds', pointer: '/steps/1/seconds', issue: 'is required' },
    'origin.garden_id': { field: 'origin.garden_id', pointer: '/origin/garden_id', issue: 'must be a UUID' },
  })
})

test('where only ids are wrong in a body, the reason is INVALID_ID', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).post('/v1.0/teas', {
    ...tea,
    origin: { garden_id: 'x' },
  })
  assertReason(answer, 400, 'INVALID_ID')
  assert.equal(faults(answer)[0].pointer, '/origin/garden_id')
})

test('a whole number beyond what a double holds exactly is INVALID_ARGUMENT', async () => {
  await using at = await startServer()
  const body = '{"name":"x","kind":"black","strength":1e300}'
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).send('POST', '/v1.0/teas', { body, headers: json })
  assertReason(answer, 400, 'INVALID_ARGUMENT')
})

test('text that a database cannot hold is INVALID_ARGUMENT, never INTERNAL', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const name of ['\\u0000', 'a\\ud800b', '\\udc00']) {
    const body = `{"name":"${name}","kind":"black"}`
    const answer = await api.send('POST', '/v1.0/teas', { body, headers: json })
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.equal(faults(answer)[0].field, 'name')
  }
})

test('a body above 1 MiB is INVALID_ARGUMENT, whether its length is announced or not', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  const body = JSON.stringify({ ...tea, note: 'x'.repeat(1_048_576) })
  assertReason(await api.send('POST', '/v1.0/teas', { body, headers: json }), 400, 'INVALID_ARGUMENT')
  const fits = JSON.stringify({ ...tea, note: 'x'.repeat(1_048_000) })
  assert.equal((await api.send('POST', '/v1.0/teas', { body: fits, headers: json })).status, 201)
})

test('JSON nested too deeply is INVALID_ARGUMENT', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const depth of [100, 200_000]) {
    const body = `{"name":"x","kind":"black","note":${'['.repeat(depth)}${']'.repeat(depth)}}`
    assertReason(await api.send('POST', '/v1.0/teas', { body, headers: json }), 400, 'INVALID_ARGUMENT')
  }
})

test('an answer about many faults stays small', async () => {
  await using at = await startServer()
  const answer = await apiClient(at.url, { accesskey: 'vb_admin' }).post('/v1.0/teas', {
    ...tea,
    steps: Array(10_000).fill(1),
  })
  assertReason(answer, 400, 'INVALID_JSON_BODY')
  assert.equal(faults(answer).length, 100)
  assert.match(answer.body.error.message, /and 9997 more/)
})

test('an endpoint without a body takes any body, and none', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  for (const init of [{ headers: json }, { headers: json, body: '{' }, {}]) {
    const answer = await api.send('DELETE', '/v1.0/nothing', init)
    assertReason(answer, 404, 'ROUTE_NOT_FOUND')
  }
})

test('whatever JSON is sent as a body, the answer is 201 or a 400 whose details point into it', async () => {
  await using at = await startServer(teaRoutes)
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  const member = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('Assam', 'black', 3, TEA, true))
  const nearly = fc.record(
    {
      name: member,
      kind: member,
      strength: member,
      origin: member,
      steps: fc.oneof(member, fc.array(member)),
      hot: member,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearly, fc.jsonValue()), async (body) => {
      const answer = await api.post('/v1.0/teas', body)
      if (answer.status === 201) return
      assert.equal(answer.status, 400, answer.text)
      assert.match(answer.body.error.reason, /^INVALID_(JSON_BODY|ARGUMENT|ID)$/)
      for (const fault of faults(answer)) assert.equal(typeof fault.issue, 'string')
    }),
    { numRuns: 300 },
  )
})

test('whatever bytes are sent as a body, the answer is a 400 with the envelope', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const answer = await api.send('POST', '/v1.0/teas', { body: Uint8Array.from(bytes), headers: json })
      assertReason(answer, 400, 'INVALID_JSON_BODY')
    }),
    { numRuns: 100 },
  )
})
