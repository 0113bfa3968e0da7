import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type Answer, type ApiClient, apiClient, assertReason, type Json, Platform } from '#testkit'
import { loggedIn } from './two-customers.ts'

/** Reasons that say the platform failed: never the answer to a client's mistake. */
const OURS = ['INTERNAL', 'REQUEST_TIMEOUT', 'SERVICE_UNAVAILABLE']

let platform: Platform
let api: ApiClient
/** A super admin's login: for what no access key may ask. */
let root: ApiClient
/** `METHOD path` → `domain/REASON` that its operation declares in the served document. */
const declared = new Map<string, Set<string>>()
/** The operations whose body is JSON. */
const withBody: string[] = []

before(async () => {
  platform = await Platform.start()
  api = apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey })
  const { username, password } = platform.credentials.admin
  root = await loggedIn(platform, username, password)
  const { paths } = (await api.get('/openapi.json')).body
  for (const [path, item] of Object.entries<Json>(paths))
    for (const [method, { 'x-reasons': reasons, requestBody }] of Object.entries<Json>(item)) {
      if (requestBody?.required && requestBody.content['application/json'])
        withBody.push(`${method.toUpperCase()} ${path}`)
      declared.set(
        `${method.toUpperCase()} ${path}`,
        new Set(reasons.map((each: string) => (each.includes('/') ? each : `api-manager/${each}`))),
      )
    }
})
after(() => platform?.stop())

/** The answer is a refusal in the envelope, with a reason that the operation declares, and blames the client. */
function assertRefused(answer: Answer, operation: string) {
  const { error } = answer.body ?? {}
  assert.ok(error, `${operation}: ${answer.status} ${answer.text.slice(0, 300)}`)
  assertReason(answer, answer.status, error.reason, error.domain)
  assert.ok(!OURS.includes(error.reason), `${operation}: ${answer.text}`)
  const known = declared.get(operation)
  if (known) assert.ok(known.has(`${error.domain}/${error.reason}`), `${operation} does not declare ${error.reason}`)
}

const UNKNOWN = '5b1c9f0e-3d2a-4a77-8a60-0c6f5e1d2b3a'

/** Sends a body with the access key, or as the super admin where the key may not ask. */
async function send(
  operation: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = '', path = ''] = operation.split(' ')
  const init = { headers: { 'content-type': 'application/json', ...headers }, body }
  const answer = await api.send(method, path.replace('{id}', UNKNOWN), init)
  return answer.status === 403 ? root.send(method, path.replace('{id}', UNKNOWN), init) : answer
}

/** Whether an operation takes this path: `/x/revive` may be the `/x/{id}` of another method. */
function isServed(method: string, path: string): boolean {
  return [...declared.keys()].some((operation) => {
    const [verb, template = ''] = operation.split(' ')
    return verb === method && new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
  })
}

test('unknown routes and wrong methods are ROUTE_NOT_FOUND', async () => {
  for (const path of [
    '/',
    '/v1.0',
    '/v1.0/',
    '/v1.0/nothing',
    '/v1/flows',
    '/v1.0/flows/x/y',
    '//v1.0/flows',
    '/metrics/x',
    '/v1.0/health',
    '/.env',
  ])
    assertReason(await api.get(path), 404, 'ROUTE_NOT_FOUND')
  for (const operation of declared.keys()) {
    const [, path = ''] = operation.split(' ')
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])
      if (!isServed(method, path))
        assertReason(await api.send(method, path.replace('{id}', UNKNOWN)), 404, 'ROUTE_NOT_FOUND')
  }
})

test('every operation with a body refuses what is no JSON of its kind', async () => {
  const bad = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{"a":1,}',
    '\ufeff{}x',
    "{'a':1}",
    '{"a":NaN}',
    '{"__proto__":{}}',
    '{"constructor":{"prototype":{}}}',
  ]
  for (const operation of withBody) {
    for (const body of bad) {
      const answer = await send(operation, body)
      if (answer.status >= 400) assertRefused(answer, operation)
      assert.ok(answer.status >= 400, `${operation} took ${body}: ${answer.text.slice(0, 200)}`)
    }
    assertReason(await send(operation, Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)), 400, 'INVALID_JSON_BODY')
    assertReason(await send(operation, '{}', { 'content-type': 'text/plain' }), 400, 'INVALID_JSON_BODY')
  }
})

test('bodies above 1 MiB and JSON nested 10,000 deep are INVALID_ARGUMENT', async () => {
  for (const operation of withBody) {
    assertReason(await send(operation, JSON.stringify({ name: 'x'.repeat(1_048_576) })), 400, 'INVALID_ARGUMENT')
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
      assertReason(
        await send(operation, `{"name":${open.repeat(10_000)}1${close.repeat(10_000)}}`),
        400,
        'INVALID_ARGUMENT',
      )
  }
})

test('members of every wrong type and value are refused by a reason of the caller, each member of each body', async () => {
  const { paths, components } = (await api.get('/openapi.json')).body
  const values = [
    'null',
    '1',
    '-1',
    '1.5',
    '1e400',
    '9007199254740993',
    'true',
    '""',
    '"x"',
    '[]',
    '[null]',
    '{}',
    '"\\u0000"',
    '"\\ud800"',
    `"${'y'.repeat(70_000)}"`,
    '[{}]',
    '[[[]]]',
  ]
  for (const operation of withBody) {
    const [method = '', path = ''] = operation.split(' ')
    const { schema } = paths[path][method.toLowerCase()].requestBody.content['application/json']
    const { properties } = schema.$ref ? components.schemas[schema.$ref.split('/').at(-1)] : schema
    const right: Record<string, string> = Object.fromEntries(
      Object.entries<Json>(properties).map(([name, each]) => [name, sample(name, each)]),
    )
    for (const name of Object.keys(properties))
      for (const value of values) {
        if (operation.endsWith('/v1.0/customer') && ['"x"', '""'].includes(value)) continue // it would change who we are
        const body = `{${Object.entries({ ...right, [name]: value })
          .map(([key, text]) => `${JSON.stringify(key)}:${text}`)
          .join()}}`
        const answer = await send(operation, body)
        if (answer.status >= 400) assertRefused(answer, operation)
      }
  }
})

test('of a member that is there twice the last one counts, and is checked', async () => {
  assertReason(await send('POST /v1.0/accesskeys', '{"name":"x","name":1}'), 400, 'INVALID_JSON_BODY')
  assert.equal((await send('POST /v1.0/accesskeys', '{"name":1,"name":"twice"}')).body.name, 'twice')
})

test('nonsense in page_token, page_size and every other query parameter is refused by a reason of the caller', async () => {
  const values = [
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59.999999Z',
    '-1',
    '1e999',
    '%00',
    '%ed%a0%80',
    "';drop table flows",
    'x'.repeat(12_000),
    '99999999999999999999',
    '%F0%9F%92%A9',
  ]
  const wrapped = values.slice(0, 4).map((moment) => Buffer.from(`${moment}|${UNKNOWN}`).toString('base64url'))
  const { paths } = (await api.get('/openapi.json')).body
  for (const [path, item] of Object.entries<Json>(paths))
    for (const { name } of (item.get?.parameters ?? []).filter((each: Json) => each.in === 'query'))
      for (const value of [...values, ...wrapped, `a&${name}=b`]) {
        const answer = await api.get(
          `${path}?${name}=${value.includes('%') || value.includes('&') ? value : encodeURIComponent(value)}`,
        )
        if (answer.status !== 200) assertRefused(answer, `GET ${path}`)
      }
})

test('what is no HTTP, comes too large, or is cut off, harms nobody and gets the envelope where it gets an answer', async () => {
  const key = `Authorization: Bearer ${platform.credentials.customer.accesskey}\r\n`
  for (const bytes of [
    'nonsense\r\n\r\n',
    `GET /v1.0/flows?page_token=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET /v1.0/flows HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    `GET /v1.0/flows HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(4_000)}\r\n`,
    'POST /v1.0/flows HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1.0/flows HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    `POST /v1.0/flows HTTP/1.1\r\nHost: x\r\n${key}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`,
    `GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE AFTER IT\r\n\r\n`,
  ]) {
    const text = await raw(bytes)
    const refusal = text.slice(text.lastIndexOf('HTTP/1.1 '))
    assert.match(refusal, /^HTTP\/1\.1 400 /, bytes.slice(0, 60))
    const { error } = JSON.parse(refusal.slice(refusal.indexOf('\r\n\r\n') + 4))
    assert.equal(error.reason, 'INVALID_ARGUMENT')
    assert.match(refusal, new RegExp(`x-request-id: ${error.request_id}\r\n`, 'i'))
  }
  for (const bytes of [
    'GET /v1.0/fl',
    `POST /v1.0/flows HTTP/1.1\r\nHost: x\r\n${key}Content-Length: 100\r\n\r\n{"name":`,
  ])
    await raw(bytes, 'cut')
  assert.equal((await api.get('/v1.0/flows')).status, 200)
})

test('requests that are sent in one piece are answered one by one, in their order', async () => {
  const one = (id: string, more = '') => `GET /v1.0/nothing HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n${more}\r\n`
  const text = await raw(
    Array.from({ length: 50 }, (_, at) => one(`r${at}`)).join('') + one('last', 'Connection: close\r\n'),
  )
  assert.deepEqual(
    [...text.matchAll(/"request_id":"(\w+)"/g)].map(([, id]) => id),
    [...Array.from({ length: 50 }, (_, at) => `r${at}`), 'last'],
  )
})

test('X-Request-Id comes back where it has the allowed form, and never as it is where it has not', async () => {
  for (const id of ['a', 'A-b_9', 'x'.repeat(64)])
    assert.equal(
      (await api.send('GET', '/v1.0/nothing', { headers: { 'x-request-id': id } })).body.error.request_id,
      id,
    )
  for (const id of ['x'.repeat(65), 'a b', 'a"b', '<x>', 'ä']) {
    const { body, headers } = await api.send('GET', '/v1.0/nothing', { headers: { 'x-request-id': id } })
    assert.match(body.error.request_id, /^req_[A-Z2-7]{26}$/)
    assert.equal(headers.get('x-request-id'), body.error.request_id)
  }
})

test('HEAD, OPTIONS and Expect are served, and every answer may be read by any page', async () => {
  const head = await api.send('HEAD', '/v1.0/flows')
  assert.deepEqual([head.status, head.text], [200, ''])
  const preflight = await apiClient(platform.http).send('OPTIONS', '/v1.0/flows')
  assert.equal(preflight.status, 204)
  for (const answer of [
    head,
    preflight,
    await api.get('/v1.0/nothing'),
    await apiClient(platform.http).get('/v1.0/flows'),
  ])
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  assert.match(
    await raw('GET /ping HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 200 /,
  )
})

test('figures are for the operator alone: through a proxy the path does not exist', async () => {
  assert.equal((await api.get('/metrics')).status, 200)
  for (const name of ['x-forwarded-for', 'forwarded', 'via'])
    assertReason(await api.send('GET', '/metrics', { headers: { [name]: '203.0.113.9' } }), 404, 'ROUTE_NOT_FOUND')
})

/** A right value for a member, as JSON; from its schema, and by name where the schema says less than the platform asks. */
function sample(name: string, { type, enum: values, items }: Json): string {
  const byName: Record<string, unknown> = {
    username: 'someone@example.com',
    password: 'a long password',
    email: 'sample@strowger.localhost',
    ring_method: 'ringall',
    extension: '7777',
    number: '+899777777777',
    expire: 86_400,
  }
  if (name in byName) return JSON.stringify(byName[name])
  if (values) return JSON.stringify(values.at(-1))
  if (name === 'addresses') return JSON.stringify([{ type: 'sip', target: 'a@example.com' }])
  if (type === 'array' && items) return '[]'
  return { integer: '0', number: '0', boolean: 'false', object: '{}', array: '[]' }[type as string] ?? '""'
}

/** Sends bytes as they are and reads until the server closes; or, `cut`, hangs up at once. */
async function raw(bytes: string, cut?: 'cut'): Promise<string> {
  const socket = connect(Number(new URL(platform.http).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes, () => cut && socket.destroy())
  await once(socket, 'close')
  return text
}

test('each reason has a page, and the Link of a refusal leads to its own', async () => {
  const { result } = (await api.get('/v1.0/errors')).body
  const names = new Set<string>(result.map((row: Json) => row.reason))
  assert.ok(names.size > 50)
  for (const name of names) {
    const page = await fetch(`${platform.http}/docs/errors/${name}`)
    assert.equal(page.status, 200, name)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(await page.text(), new RegExp(`<h1>${name}</h1>`))
  }
  const refused = await api.get(`/v1.0/flows/${UNKNOWN}`)
  const [, link] = /^<(.+)>; rel="help"$/.exec(refused.headers.get('link') ?? '') ?? []
  assert.ok(link)
  assert.match(await (await fetch(new URL(link, platform.http))).text(), /<h1>FLOW_NOT_FOUND<\/h1>/)
  const index = await (await fetch(`${platform.http}/docs/errors`)).text()
  assert.match(index, /href="\/docs\/errors\/FLOW_NOT_FOUND"/)
  for (const wrong of ['NO_SUCH_REASON', 'README', '..%2F..%2FREADME', 'released.json'])
    assertReason(await api.get(`/docs/errors/${wrong}`), 404, 'RESOURCE_NOT_FOUND')
})

test('the API can be browsed at /docs: a page of files of this server alone', async () => {
  for (const path of ['/docs', '/redoc', '/swagger']) {
    const page = await fetch(platform.http + path)
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/)
    const parts = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? '')
    assert.ok(parts.length >= 4)
    for (const part of parts) {
      assert.match(part, /^\//)
      assert.equal((await fetch(platform.http + part)).status, 200, part)
    }
  }
  assertReason(await api.get('/docs/assets/package.json'), 400, 'INVALID_ARGUMENT')
})
