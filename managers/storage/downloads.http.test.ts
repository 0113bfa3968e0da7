import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { apiErrors, openHttpServer } from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { ManualClock, systemClock } from '#platform/time'
import { decodeWav, writeWav } from '#telecom/media'
import { apiClient, assertReason, sameButRequestId } from '#testkit'
import { storageErrors } from './errors.ts'
import { FileDownloads } from './file-downloads.ts'
import { DiskStore } from './objects/disk.ts'
import { downloadRoutes } from './routes.ts'
import { UrlSigner } from './url-signer.ts'

const DAY_MS = 24 * 3_600_000
const folder = mkdtempSync(join(tmpdir(), 'strowger-files-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, samples: Int16Array) => {
  const path = join(folder, name)
  writeFileSync(path, writeWav(samples))
  return { name, path }
}
const stored = {
  isWav: true,
  name: 'gespräch "1"',
  files: [
    file(
      'a_in.wav',
      Int16Array.from({ length: 100_000 }, (_, at) => at % 1_000),
    ),
    file('a_out.wav', new Int16Array(100_000)),
  ],
}
const ID = systemIds.uuid()
const clock = new ManualClock()
const signer = new UrlSigner({ secret: new Uint8Array(32).fill(1), clock })
const downloads = new FileDownloads({
  signer,
  objects: new DiskStore(folder),
  sources: [async (id) => (id === ID ? stored : undefined)],
})
const server = await openHttpServer({
  routes: downloadRoutes(downloads),
  authenticate: () => Promise.reject(apiErrors.INVALID_CREDENTIALS()),
  catalogues: [apiErrors, storageErrors],
  clock: systemClock,
  ids: systemIds,
  log: silentLog,
  metrics: new Metrics(),
  version: 'test',
  strictReasons: true,
})
const url = await server.listen('127.0.0.1', 0)
after(() => server.close())
const anybody = apiClient(url)

const bytesFrom = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url + path, { headers })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

test('whoever has the address gets the archive, without a login, under a name that every browser can read', async () => {
  const { status, headers, bytes } = await bytesFrom(signer.urlOf(ID))
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'application/zip')
  assert.equal(headers.get('accept-ranges'), 'bytes')
  assert.equal(headers.get('content-length'), String(bytes.length))
  assert.equal(
    headers.get('content-disposition'),
    `attachment; filename="gespr_ch _1_.zip"; filename*=UTF-8''gespr%C3%A4ch%20%221%22.zip`,
  )
  assert.ok(bytes.includes('a_in.wav') && bytes.includes('a_out.wav'))
  assert.equal(bytes.subarray(-22).readUInt16LE(10), 2)
})

test('a download that broke goes on where it was: ranges of the archive are those of the whole', async () => {
  const path = signer.urlOf(ID)
  const whole = await bytesFrom(path)
  const { length } = whole.bytes
  const etag = whole.headers.get('etag') ?? ''
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    [`bytes=${length - 5}-`, length - 5, length],
    ['bytes=-30', length - 30, length],
    ['bytes=150000-300000', 150_000, 300_001],
    [`bytes=10-${length + 99}`, 10, length],
  ] as const) {
    const part = await bytesFrom(path, { range, 'if-range': etag })
    assert.equal(part.status, 206, range)
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/${length}`)
    assert.deepEqual(part.bytes, whole.bytes.subarray(from, to), range)
  }
  for (const headers of [
    { range: 'bytes=0-9', 'if-range': '"another"' },
    { range: 'bytes=0-9,20-29' },
    { range: 'pages=1' },
    { range: 'bytes=9-3' },
  ])
    assert.equal((await bytesFrom(path, headers)).status, 200, JSON.stringify(headers))
})

test('a range outside of the file is INVALID_ARGUMENT', async () => {
  const answer = await anybody.send('GET', signer.urlOf(ID), { headers: { range: 'bytes=99999999-' } })
  assertReason(answer, 400, 'INVALID_ARGUMENT')
  assert.equal(answer.body.error.details[0].field, 'Range')
})

test('HEAD tells length and name and sends nothing', async () => {
  const answer = await anybody.send('HEAD', signer.urlOf(ID))
  assert.equal(answer.status, 200)
  assert.ok(Number(answer.headers.get('content-length')) > 400_000)
  assert.equal(answer.text, '')
})

test('both sides as one sound', async () => {
  const { headers, bytes } = await bytesFrom(`${signer.urlOf(ID)}&format=wav`)
  assert.equal(headers.get('content-type'), 'audio/wav')
  assert.equal(decodeWav(bytes)[999], 999)
  assertReason(await anybody.get(`${signer.urlOf(ID)}&format=mp3`), 400, 'INVALID_ARGUMENT')
})

test('an address that was changed anywhere is SIGNATURE_INVALID, whether the file exists or not', async () => {
  const path = signer.urlOf(ID)
  const other = systemIds.uuid()
  const expires = /expires=(\d+)/.exec(path)?.[1] ?? ''
  const refused = await anybody.get(path.replace(ID, other))
  assertReason(refused, 403, 'SIGNATURE_INVALID', 'storage-manager')
  for (const changed of [
    path.replace(expires, String(Number(expires) + 1)),
    path.replace(/sig=./, 'sig=-'),
    path.replace(/sig=.*/, 'sig=x'),
    `${path}AAAA`,
  ])
    sameButRequestId(await anybody.get(changed), refused)
})

test('an address is good for a day, then DOWNLOAD_EXPIRED says since when', async () => {
  const path = signer.urlOf(ID)
  clock.advance(DAY_MS - 2_000)
  assert.equal((await anybody.send('HEAD', path)).status, 200)
  clock.advance(2_000)
  const late = await anybody.get(path)
  assertReason(late, 403, 'DOWNLOAD_EXPIRED', 'storage-manager')
  assert.match(late.body.error.details[0].expired_at, /^\d{4}-.*Z$/)
})

test('a signed address of what is gone is FILE_NOT_FOUND', async () => {
  assertReason(await anybody.get(signer.urlOf(systemIds.uuid())), 404, 'FILE_NOT_FOUND', 'storage-manager')
})

test('an address without its query, or with nonsense in it, is refused by its form', async () => {
  assertReason(await anybody.get(`/files/${ID}`), 400, 'MISSING_REQUEST_PARAMETER')
  assertReason(await anybody.get(`/files/${ID}?expires=soon&sig=x`), 400, 'INVALID_REQUEST_PARAMETER')
  assertReason(await anybody.get('/files/7?expires=1&sig=x'), 400, 'INVALID_ID')
})

test('a client that goes away in the middle leaves nothing behind', async () => {
  const controller = new AbortController()
  const response = await fetch(url + signer.urlOf(ID), { signal: controller.signal })
  await response.body?.getReader().read()
  controller.abort()
  assert.equal((await anybody.send('HEAD', signer.urlOf(ID))).status, 200)
})
