import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { apiClient, assertReason } from '#testkit'
import { probe, startServer, TEA } from './test-server.ts'

/** Sends bytes as they are and reads until the server closes, or until it has answered `answers` times. */
async function raw(url: string, bytes: string | Buffer, answers = Number.POSITIVE_INFINITY): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
    if (text.split('HTTP/1.1 ').length > answers && text.includes('"domain"')) socket.destroy()
  })
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

function bodyOf(text: string) {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
}

test('bytes that are no HTTP get the envelope and an end of the connection', async () => {
  await using at = await startServer()
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'HELLO /ping HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /ping HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n',
    'GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'POST /v1.0/teas HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello',
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]), // a TLS client at the plain port
  ]) {
    const text = await raw(at.url, bytes)
    assert.match(text, /^HTTP\/1\.1 400 /)
    const { error } = bodyOf(text)
    assert.equal(error.reason, 'INVALID_ARGUMENT')
    assert.match(text, new RegExp(`X-Request-Id: ${error.request_id}\r\n`))
  }
  assert.equal((await apiClient(at.url).get('/ping')).status, 200)
})

test('a body whose chunks are damaged is refused once, under the id of its request', async () => {
  await using at = await startServer()
  const text = await raw(
    at.url,
    'POST /v1.0/teas HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nAuthorization: Bearer vb_admin\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
  )
  assert.equal(text.split('HTTP/1.1 ').length, 2)
  assert.equal(bodyOf(text).error.request_id, 'mine')
})

test('a path with damaged percent-encoding is 400 with the envelope', async () => {
  await using at = await startServer()
  const text = await raw(at.url, 'GET /v1.0/teas/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(text, /^HTTP\/1\.1 400 /)
  assert.equal(bodyOf(text).error.reason, 'INVALID_ARGUMENT')
  assert.match(text, /access-control-allow-origin: \*/i)
})

test('unusual but valid requests are served: no Host, Expect, an absolute URL, TRACE', async () => {
  await using at = await startServer()
  const end = 'Connection: close\r\n\r\n'
  assert.match(await raw(at.url, `GET /ping HTTP/1.1\r\n${end}`), /^HTTP\/1\.1 200 /)
  assert.match(await raw(at.url, `GET /ping HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n${end}`), /^HTTP\/1\.1 200 /)
  const trace = await raw(at.url, `TRACE /ping HTTP/1.1\r\nHost: x\r\n${end}`)
  assert.equal(bodyOf(trace).error.reason, 'ROUTE_NOT_FOUND')
  const proxied = await raw(at.url, `GET http://x/ping HTTP/1.1\r\nHost: x\r\n${end}`)
  assert.match(proxied, /^HTTP\/1\.1 (200|404) /)
})

test('any page may read answers and errors: CORS on everything, preflight without login', async () => {
  await using at = await startServer()
  const api = apiClient(at.url)
  for (const answer of [await api.get('/ping'), await api.get('/nothing'), await api.get(`/v1.0/teas/${TEA}`)]) {
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    assert.equal(
      answer.headers.get('access-control-expose-headers'),
      'Content-Length, X-Request-Id, Retry-After, Link, Idempotent-Replayed',
    )
  }
  const preflight = await api.send('OPTIONS', '/v1.0/teas', { headers: { 'access-control-request-method': 'POST' } })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.text, '')
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization/)
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /DELETE/)
  assert.equal(preflight.headers.get('access-control-max-age'), '43200')
})

test('HEAD is GET without the body', async () => {
  await using at = await startServer()
  const api = apiClient(at.url, { accesskey: 'vb_admin' })
  const [get, head] = [await api.get(`/v1.0/teas/${TEA}`), await api.send('HEAD', `/v1.0/teas/${TEA}`)]
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
  assert.equal(head.headers.get('content-length'), get.headers.get('content-length'))
  assert.equal((await api.send('HEAD', '/v1.0/nothing')).status, 404)
  assert.equal((await apiClient(at.url).send('HEAD', `/v1.0/teas/${TEA}`)).status, 401)
})

test('hyphen spellings, declared aliases and a slash at the end lead to the same place', async () => {
  const route = probe(() => ({ name: 'pot' }), { path: '/tea_pots/pour_out', aliases: ['/teapots/pour-out'] })
  await using at = await startServer([route])
  for (const path of ['/tea_pots/pour_out', '/tea-pots/pour-out', '/teapots/pour-out', '/tea_pots/pour_out/'])
    assert.equal((await apiClient(at.url).get(`/v1.0${path}`)).status, 200, path)
})

test('auth paths are served with and without the prefix, root paths without only', async () => {
  const routes = [
    probe(() => ({ name: '' }), { path: '/auth/x', root: 'too' }),
    probe(() => ({ name: '' }), { path: '/y', root: 'only' }),
  ]
  await using at = await startServer(routes)
  const api = apiClient(at.url)
  assert.equal((await api.get('/auth/x')).status, 200)
  assert.equal((await api.get('/v1.0/auth/x')).status, 200)
  assert.equal((await api.get('/y')).status, 200)
  assertReason(await api.get('/v1.0/y'), 404, 'ROUTE_NOT_FOUND')
})
