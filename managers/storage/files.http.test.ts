import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID, systemIds } from '#platform/ids'
import { timestampToMs } from '#platform/time'
import { type ApiClient, assertReason, sameButRequestId, TestAccounts } from '#testkit'
import { formOf, post } from './test-upload.ts'

const DAY_MS = 24 * 3_600_000
const accounts = await TestAccounts.start()
const mine = await accounts.customer({ billing: { plan_type: 'unlimited' } })
const other = await accounts.customer()
const FILES = '/v1.0/storage_files'
const SHARED = '/v1.0/service_agents/files'

const upload = (client: ApiClient, content = 'hello', options = {}) => post(client, FILES, formOf(content, options))
const share = (client: ApiClient, content = 'hello', options = {}) =>
  post(client, SHARED, formOf(content, { type: 'talk', ...options }))

/** Every file below the data folder. */
function onDisk(): string[] {
  return readdirSync(accounts.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

const fetchBytes = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(accounts.url + path, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

test('an admin uploads a file: it is told what was kept, and everything of it is announced', async () => {
  const { status, body } = await upload(mine.admin, 'a,b\n1,2\n', { fileName: 'table.csv', contentType: 'text/csv' })
  assert.equal(status, 200)
  const { id, owner_id, uri_download, tm_create, tm_download_expire, ...rest } = body
  assert.deepEqual(rest, {
    customer_id: mine.id,
    owner_type: 'agent',
    reference_type: '',
    reference_id: NIL_UUID,
    type: 'rag',
    name: '',
    detail: '',
    filename: 'table.csv',
    filesize: 8,
    content_type: 'text/csv',
    tm_update: null,
    tm_delete: null,
  })
  const { result: keys } = (await mine.admin.get('/v1.0/accesskeys')).body
  assert.equal(owner_id, keys[0].id, 'who came with an access key is the key')
  assert.equal((timestampToMs(tm_download_expire) ?? 0) - (timestampToMs(tm_create) ?? 0), 7 * DAY_MS)
  assert.deepEqual((await mine.admin.get(`${FILES}/${id}`)).body, body)
  assert.deepEqual((await mine.admin.get(FILES)).body.result[0], body)
  const created = (await accounts.announced(mine.id)).find(({ resource_id }) => resource_id === id)
  assert.equal(created?.type, 'file_created')
  assert.equal(created?.public, false)
  assert.deepEqual(created?.data, { ...body, uri_download: '', tm_download_expire: null })
  assert.equal((await fetchBytes(uri_download)).text, 'a,b\n1,2\n')
})

test('an agent shares a file under its own name; whose it is, is the agent', async () => {
  const { id, client } = await mine.agent(Permission.None)
  const { status, body } = await share(client, 'photo', { fileName: 'desk.png', contentType: 'image/png' })
  assert.equal(status, 200)
  assert.equal(body.owner_id, id)
  assert.deepEqual(
    [body.type, body.name, body.detail, body.filename],
    ['talk', 'desk.png', 'Uploaded by agent', 'desk.png'],
  )
})

test('name and detail may be said; what is too long is INVALID_ARGUMENT', async () => {
  const { body } = await upload(mine.admin, 'x', { more: { name: 'Prices', detail: 'of May', another: 'ignored' } })
  assert.deepEqual([body.name, body.detail], ['Prices', 'of May'])
  const long = await upload(mine.admin, 'x', { more: { name: 'n'.repeat(256) } })
  assertReason(long, 400, 'INVALID_ARGUMENT')
  assert.equal(long.body.error.details[0].pointer, '/name')
})

test('a form without a file is INVALID_FILE_UPLOAD, a wrong or missing type INVALID_FILE_TYPE, in this order', async () => {
  const before = onDisk().length
  for (const client of [mine.admin, (await mine.agent(Permission.CustomerAdmin)).client]) {
    const missing = await post(client, FILES, formOf(undefined, { type: 'nonsense' }))
    assertReason(missing, 400, 'INVALID_FILE_UPLOAD')
    assert.equal(missing.body.error.details[0].pointer, '/file')
  }
  for (const type of [undefined, '', 'talk', 'recording', 'RAG', 'rag,talk'])
    assertReason(await post(mine.admin, FILES, formOf('x', { type })), 400, 'INVALID_FILE_TYPE')
  const { client } = await mine.agent(Permission.CustomerAgent)
  assertReason(await post(client, SHARED, formOf('x', { type: 'rag' })), 400, 'INVALID_FILE_TYPE')
  const twice = Buffer.concat([formOf('x').subarray(0, -24), formOf('y')])
  assertReason(await post(mine.admin, FILES, twice), 400, 'INVALID_FILE_UPLOAD')
  assert.equal(onDisk().length, before, 'nothing is left of them')
})

test('a field named file that is no file is none', async () => {
  assertReason(await post(mine.admin, FILES, formOf(undefined, { more: { file: 'text' } })), 400, 'INVALID_FILE_UPLOAD')
})

test('an empty file is kept and downloaded like any other', async () => {
  const { body } = await upload(mine.admin, '')
  assert.equal(body.filesize, 0)
  const { status, headers, text } = await fetchBytes(body.uri_download)
  assert.deepEqual([status, headers.get('content-length'), text], [200, '0', ''])
})

test('a list has all files of the customer, newest first, and can be narrowed', async () => {
  const { admin, agent } = await accounts.customer()
  const { id: agent_id, client } = await agent(Permission.CustomerAgent)
  const ids: string[] = []
  for (const make of [() => upload(admin), () => share(client), () => upload(admin)]) {
    accounts.clock.advance(1_000)
    ids.unshift((await make()).body.id)
  }
  const listed = async (query: string) =>
    (await admin.get(`${FILES}?${query}`)).body.result.map(({ id }: { id: string }) => id)
  assert.deepEqual(await listed(''), ids)
  assert.deepEqual(await listed('type=rag'), [ids[0], ids[2]])
  assert.deepEqual(await listed(`owner_id=${agent_id}`), [ids[1]])
  assert.deepEqual(await listed('reference_type=recording'), [])
  const page = (await admin.get(`${FILES}?page_size=2`)).body
  assert.deepEqual(await listed(`page_token=${page.next_page_token}`), [ids[2]])
  assertReason(await admin.get(`${FILES}?type=video`), 400, 'INVALID_ARGUMENT')
  assert.deepEqual(
    (await client.get(SHARED)).body.result.map(({ id }: { id: string }) => id),
    [ids[1]],
    'an agent sees the own ones',
  )
})

test('the address of a file is a redirect without login and without the key that asked for it', async () => {
  const { body } = await upload(mine.admin, 'hello', { fileName: 'grüße "1".txt'.replaceAll('"', '%22') })
  const answer = await mine.admin.get(`${FILES}/${body.id}/file?accesskey=${mine.accesskey}`)
  assert.equal(answer.status, 307)
  const location = answer.headers.get('location') ?? ''
  assert.equal(answer.body, location)
  assert.match(location, new RegExp(`^/files/${body.id}\\?expires=\\d+&sig=[\\w-]+$`))
  const { status, headers, text } = await fetchBytes(location)
  assert.equal(status, 200)
  assert.equal(text, 'hello')
  assert.equal(headers.get('content-type'), 'text/plain')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.match(
    headers.get('content-disposition') ?? '',
    /^attachment; filename="gr__e __1__.*\.txt"|^attachment; filename="gr/,
  )
  assert.match(headers.get('content-disposition') ?? '', /filename\*=UTF-8''gr%C3%BC%C3%9Fe/)
})

test('an uploaded file understands Range', async () => {
  const { body } = await upload(mine.admin, '0123456789')
  const part = await fetchBytes(body.uri_download, { range: 'bytes=2-4' })
  assert.deepEqual([part.status, part.text, part.headers.get('content-range')], [206, '234', 'bytes 2-4/10'])
  const etag = part.headers.get('etag') ?? ''
  assert.equal((await fetchBytes(body.uri_download, { range: 'bytes=8-', 'if-range': etag })).text, '89')
  const beyond = await accounts.client().send('GET', body.uri_download, { headers: { range: 'bytes=10-' } })
  assertReason(beyond, 400, 'INVALID_ARGUMENT')
})

test('an address is good for seven days; then only asking for it makes a new one', async () => {
  const { body } = await upload(mine.admin)
  accounts.clock.advance(7 * DAY_MS)
  const late = await accounts.client().get(body.uri_download)
  assertReason(late, 403, 'DOWNLOAD_EXPIRED', 'storage-manager')
  const listed = (await mine.admin.get(FILES)).body.result.find(({ id }: { id: string }) => id === body.id)
  assert.deepEqual([listed.uri_download, listed.tm_download_expire], ['', null])
  const location = (await mine.admin.get(`${FILES}/${body.id}/file`)).headers.get('location') ?? ''
  assert.equal((await fetchBytes(location)).text, 'hello')
  assert.equal((await mine.admin.get(`${FILES}/${body.id}`)).body.uri_download, location)
  assert.equal((await mine.admin.get(`${FILES}/${body.id}/file`)).headers.get('location'), location)
})

test('what a browser could run is served as octets', async () => {
  for (const contentType of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/javascript', 'x', '../y'])
    assert.equal(
      (await upload(mine.admin, 'x', { contentType })).body.content_type,
      'application/octet-stream',
      contentType,
    )
})

test('a name that leads elsewhere is only a name', async () => {
  for (const [sent, kept] of [
    ['../../etc/passwd', 'passwd'],
    ['C:\\\\temp\\\\a.txt', 'a.txt'],
    ['..', 'file'],
    ['', 'file'],
    ['a\u202egnp.exe', 'agnp.exe'],
    [`${'ä'.repeat(300)}.txt`, `${'ä'.repeat(125)}.txt`],
  ] as const)
    assert.equal((await upload(mine.admin, 'x', { fileName: sent })).body.filename, kept, sent)
})

test('a deleted file is gone: its row, its octets and its address; a second time there is none', async () => {
  const { body } = await upload(mine.admin)
  assert.ok(onDisk().includes(body.id))
  const deleted = await mine.admin.delete(`${FILES}/${body.id}`)
  assert.equal(deleted.status, 200)
  assert.ok(deleted.body.tm_delete)
  assert.equal(deleted.body.uri_download, '')
  assert.ok(!onDisk().includes(body.id))
  for (const [method, path] of [
    ['GET', body.id],
    ['DELETE', body.id],
    ['GET', `${body.id}/file`],
  ] as const)
    assertReason(await mine.admin.send(method, `${FILES}/${path}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assertReason(await accounts.client().get(body.uri_download), 404, 'FILE_NOT_FOUND', 'storage-manager')
  const events = (await accounts.announced(mine.id)).filter(({ resource_id }) => resource_id === body.id)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['file_created', 'file_deleted'],
  )
})

test('a file whose octets are lost is FILE_NOT_FOUND where it would be downloaded', async () => {
  const { body } = await upload(mine.admin)
  rmSync(join(accounts.dataDir, 'files', body.id.slice(0, 2), body.id))
  assertReason(await mine.admin.get(`${FILES}/${body.id}/file`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assertReason(await accounts.client().get(body.uri_download), 404, 'FILE_NOT_FOUND', 'storage-manager')
  assert.equal((await mine.admin.delete(`${FILES}/${body.id}`)).status, 200)
})

test("another customer's file looks exactly like none, everywhere", async () => {
  const { client } = await mine.agent(Permission.None)
  const { body } = await share(client)
  const stranger = (await other.agent(Permission.CustomerAdmin)).client
  const unknown = systemIds.uuid()
  for (const [method, base, end] of [
    ['GET', FILES, ''],
    ['DELETE', FILES, ''],
    ['GET', FILES, '/file'],
    ['GET', SHARED, ''],
    ['DELETE', SHARED, ''],
    ['GET', SHARED, '/file'],
  ] as const) {
    const foreign = await stranger.send(method, `${base}/${body.id}${end}`)
    assertReason(foreign, 404, 'FILE_NOT_FOUND', 'storage-manager')
    sameButRequestId(await stranger.send(method, `${base}/${unknown}${end}`), foreign)
  }
  assert.equal((await client.get(`${SHARED}/${body.id}`)).status, 200)
})

test('colleagues read what an agent shares, and only that agent deletes it', async () => {
  const [author, colleague] = [await mine.agent(Permission.None), await mine.agent(Permission.CustomerManager)]
  const { body } = await share(author.client, 'plan')
  const seen = (await colleague.client.get(`${SHARED}/${body.id}`)).body
  assert.equal((await fetchBytes(seen.uri_download)).text, 'plan')
  assert.equal((await colleague.client.get(`${SHARED}/${body.id}/file`)).status, 307)
  assertReason(await colleague.client.delete(`${SHARED}/${body.id}`), 403, 'PERMISSION_DENIED')
  assert.equal((await author.client.delete(`${SHARED}/${body.id}`)).status, 200)
})

test('an agent does not come to other files through what agents share, nor to their addresses', async () => {
  const { body } = await upload(mine.admin)
  const { client } = await mine.agent(Permission.CustomerAgent)
  for (const end of ['', '/file'])
    assertReason(await client.get(`${SHARED}/${body.id}${end}`), 404, 'FILE_NOT_FOUND', 'storage-manager')
  const seen = await client.get(`${FILES}/${body.id}`)
  assert.equal(seen.status, 200)
  assert.deepEqual([seen.body.uri_download, seen.body.tm_download_expire], ['', null])
})

test('each endpoint has its gate', async () => {
  const plain = (await mine.agent(Permission.CustomerAgent)).client
  const none = (await mine.agent(Permission.None)).client
  const id = systemIds.uuid()
  assertReason(await plain.get(FILES), 403, 'PERMISSION_DENIED')
  assertReason(await upload(plain), 403, 'PERMISSION_DENIED')
  assertReason(await plain.delete(`${FILES}/${id}`), 403, 'PERMISSION_DENIED')
  assertReason(await plain.get(`${FILES}/${id}/file`), 403, 'PERMISSION_DENIED')
  assertReason(await none.get(`${FILES}/${id}`), 403, 'PERMISSION_DENIED')
  assertReason(await share(mine.admin), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
  assertReason(await accounts.client().send('POST', FILES, { body: formOf('x') }), 401, 'AUTHENTICATION_REQUIRED')
  for (const base of [FILES, SHARED]) {
    const client = (await mine.agent(Permission.CustomerAdmin)).client
    assertReason(await client.get(`${base}/x`), 400, 'INVALID_ID')
    assertReason(await client.delete(`${base}/${NIL_UUID}`), 400, 'INVALID_ID')
    assertReason(await client.get(`${base}/x/file`), 400, 'INVALID_REQUEST_PARAMETER')
  }
})

test('what would be more than the quota is RESOURCE_LIMIT_EXCEEDED with the numbers, and nothing of it stays', async () => {
  const { admin, id } = await accounts.customer()
  await admin.get('/v1.0/storage_account')
  await accounts.sql('update storage_accounts set quota_size = 100 where customer_id = $1', [id])
  assert.equal((await upload(admin, 'x'.repeat(60))).status, 200)
  const before = onDisk().length
  const refused = await upload(admin, 'x'.repeat(41))
  assertReason(refused, 429, 'RESOURCE_LIMIT_EXCEEDED', 'storage-manager')
  assert.deepEqual(refused.body.error.details, [{ limit: 100, used: 60, size: 41 }])
  assert.equal(onDisk().length, before)
  assert.equal((await upload(admin, 'x'.repeat(40))).status, 200)
  const announced = await upload(admin, 'x'.repeat(200_000))
  assertReason(announced, 429, 'RESOURCE_LIMIT_EXCEEDED', 'storage-manager')
})

test('uploads at once never pass the quota together', async () => {
  const { admin, id } = await accounts.customer()
  await admin.get('/v1.0/storage_account')
  await accounts.sql('update storage_accounts set quota_size = 100 where customer_id = $1', [id])
  const answers = await Promise.all(Array.from({ length: 8 }, () => upload(admin, 'x'.repeat(30))))
  assert.equal(answers.filter(({ status }) => status === 200).length, 3)
  for (const answer of answers.filter(({ status }) => status !== 200))
    assertReason(answer, 429, 'RESOURCE_LIMIT_EXCEEDED', 'storage-manager')
  assert.equal((await admin.get('/v1.0/storage_account')).body.total_file_size, 90)
  assert.equal((await admin.get(FILES)).body.result.length, 3)
  assert.ok(
    !existsSync(join(accounts.dataDir, 'uploads')) || readdirSync(join(accounts.dataDir, 'uploads')).length === 0,
  )
})
