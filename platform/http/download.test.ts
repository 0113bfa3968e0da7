import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Type } from 'typebox'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { systemClock } from '#platform/time'
import { contentDisposition, type Download } from './download.ts'
import { apiErrors } from './errors.ts'
import { endpoint, fileSchema, handle, openHttpServer } from './index.ts'

const TEA = Buffer.from('a pot of tea, poured slowly')
let read: Download['read'] = async function* (from, to) {
  yield TEA.subarray(from, to)
}

const pour = endpoint({
  method: 'GET',
  path: '/pours/{kind}',
  summary: 'Pour tea',
  allow: 'public',
  params: Type.Object({ kind: Type.String() }),
  returns: fileSchema,
  files: ['text/plain'],
  errors: [],
})
const ask = endpoint({
  method: 'GET',
  path: '/teas/best',
  summary: 'Ask where the best tea is',
  allow: 'public',
  returns: Type.String(),
  redirects: true,
  success: 307,
  errors: [],
})
const server = await openHttpServer({
  routes: [
    handle(pour, ({ params }) => ({
      bytes: TEA.length,
      contentType: 'text/plain',
      fileName: `${params.kind}.txt`,
      version: '1',
      read: (from, to) => read(from, to),
    })),
    handle(ask, () => '/pours/green?cup=1'),
  ],
  authenticate: () => Promise.reject(apiErrors.INVALID_CREDENTIALS()),
  catalogues: [apiErrors],
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
  metrics: new Metrics(),
  version: 'test',
  strictReasons: true,
})
const url = await server.listen('127.0.0.1', 0)
after(() => server.close())

test('a redirect is an address, which its body says too', async () => {
  const answer = await fetch(`${url}/v1.0/teas/best`, { redirect: 'manual' })
  assert.equal(answer.status, 307)
  assert.equal(answer.headers.get('location'), '/pours/green?cup=1')
  assert.equal(await answer.json(), '/pours/green?cup=1')
})

test('a file has the headers of every answer and those of a file', async () => {
  const answer = await fetch(`${url}/v1.0/pours/green`)
  assert.equal(await answer.text(), TEA.toString())
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  assert.ok(answer.headers.get('x-request-id'))
  assert.equal(answer.headers.get('etag'), '"1"')
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
})

test('a file that cannot be read to its end is cut off: nobody takes a part of it for the whole', async () => {
  const whole = read
  read = async function* (from) {
    yield TEA.subarray(from, from + 5)
    throw new Error('the pot is empty')
  }
  await assert.rejects(fetch(`${url}/v1.0/pours/green`).then((answer) => answer.text()))
  read = whole
  assert.equal((await fetch(`${url}/v1.0/pours/green`)).status, 200)
})

test('more than 200 files at once are asked to come back', async () => {
  const whole = read
  let pourOn = () => {}
  const full = new Promise<void>((resolve) => {
    pourOn = resolve
  })
  read = async function* (from, to) {
    await full
    yield TEA.subarray(from, to)
  }
  const waiting = Array.from({ length: 200 }, () => fetch(`${url}/v1.0/pours/green`))
  const first = await Promise.race([
    Promise.all(waiting).then(() => 'all began'),
    (async () => {
      for (;;) {
        const answer = await fetch(`${url}/v1.0/pours/green`, { method: 'HEAD' })
        if (answer.status === 503) return answer.headers.get('retry-after')
      }
    })(),
  ])
  assert.equal(first, '1')
  pourOn()
  for (const answer of await Promise.all(waiting)) assert.equal(await answer.text(), TEA.toString())
  read = whole
})

test('the document says where a redirect leads and what a file is', () => {
  const paths = server.document.paths as Record<string, { get: { responses: Record<string, unknown> } }>
  const redirect = paths['/v1.0/teas/best']?.get.responses['307'] as { headers: object }
  assert.deepEqual(Object.keys(redirect.headers), ['Location'])
  const file = paths['/v1.0/pours/{kind}']?.get.responses['200'] as { content: Record<string, { schema: object }> }
  assert.deepEqual(file.content['text/plain']?.schema, { type: 'string', format: 'binary' })
})

for (const [name, header] of [
  ['call_1.zip', 'attachment; filename="call_1.zip"'],
  ['a"b\\c.zip', `attachment; filename="a_b_c.zip"; filename*=UTF-8''a%22b%5Cc.zip`],
  ["été's (1).zip", `attachment; filename="_t_'s (1).zip"; filename*=UTF-8''%C3%A9t%C3%A9%27s%20%281%29.zip`],
  ['a\r\nb.zip', `attachment; filename="a__b.zip"; filename*=UTF-8''a%0D%0Ab.zip`],
] as const)
  test(`a file name is written so that nothing can break out of the header: ${JSON.stringify(name)}`, () => {
    assert.equal(contentDisposition(name), header)
  })
