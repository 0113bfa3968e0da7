import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, assertReason, eventually, TestAccounts } from '#testkit'
import { UPLOAD_BYTES } from './contract.ts'
import { BOUNDARY, begin, FORM_TYPE, formOf, post } from './test-upload.ts'

const accounts = await TestAccounts.start()
const { admin, accesskey } = await accounts.customer()
const FILES = '/v1.0/storage_files'

/** Uploads that are on the disk and no file yet. */
function waiting(): string[] {
  const folder = join(accounts.dataDir, 'uploads')
  return existsSync(folder) ? readdirSync(folder) : []
}

async function nothingIsLeft(): Promise<void> {
  await eventually('nothing waits any more', () => waiting().length === 0 || undefined)
  assert.deepEqual((await admin.get(FILES)).body.result, [])
  assert.equal((await admin.get('/v1.0/storage_account')).body.total_file_size, 0)
  const kept = join(accounts.dataDir, 'files')
  if (!existsSync(kept)) return
  const objects = readdirSync(kept, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assert.deepEqual(objects, [])
}

async function keptAndGone({ status, body, text }: Answer): Promise<void> {
  assert.equal(status, 200, text)
  await admin.delete(`${FILES}/${body.id}`)
}

test('a body of exactly 30 MiB is taken, one octet more is INVALID_FILE_UPLOAD', async () => {
  const frame = formOf('').length
  await keptAndGone(await post(admin, FILES, formOf(Buffer.alloc(UPLOAD_BYTES - frame, 'x'))))
  const refused = await post(admin, FILES, formOf(Buffer.alloc(UPLOAD_BYTES - frame + 1, 'x')))
  assertReason(refused, 400, 'INVALID_FILE_UPLOAD')
  await nothingIsLeft()
})

test('one that does not say how large it is, is cut at 30 MiB', async () => {
  const start = formOf('').subarray(0, -BOUNDARY.length - 10)
  const socket = await begin(accounts.url, accesskey, 'Transfer-Encoding: chunked', Buffer.alloc(0))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  const chunk = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
  socket.write(chunk(start))
  for (let sent = 0; sent <= UPLOAD_BYTES; sent += 1_048_576) socket.write(chunk(Buffer.alloc(1_048_576, 'x')))
  await eventually('it is refused', () => text.includes('INVALID_FILE_UPLOAD') || undefined)
  socket.destroy()
  await nothingIsLeft()
})

test('a client that goes away in the middle leaves nothing', async () => {
  const form = formOf(Buffer.alloc(2_000_000, 'x'))
  const socket = await begin(accounts.url, accesskey, `Content-Length: ${form.length}`, form.subarray(0, 1_000_000))
  await eventually('it is being written', () => waiting().length === 1 || undefined)
  socket.destroy()
  await nothingIsLeft()
})

test('a body that ends early leaves nothing, whatever it ends in', async () => {
  const form = formOf('hello')
  for (const end of [20, 60, 110, 150, form.length - 20, form.length - 5])
    assertReason(await post(admin, FILES, form.subarray(0, end)), 400, 'INVALID_FILE_UPLOAD')
  await nothingIsLeft()
})

test('thousands of parts are refused before they are looked at', async () => {
  const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n`
  const files = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\ny\r\n`
  for (const many of [part.repeat(5_000), files.repeat(5_000)])
    assertReason(await post(admin, FILES, Buffer.concat([Buffer.from(many), formOf('x')])), 400, 'INVALID_FILE_UPLOAD')
  await nothingIsLeft()
})

test('headers without end, folded, repeated or empty take nothing down', async () => {
  const file = (headers: string) =>
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="type"\r\n\r\nrag\r\n--${BOUNDARY}\r\n${headers}\r\n\r\nx\r\n--${BOUNDARY}--\r\n`,
    )
  for (const headers of [
    `Content-Disposition: form-data; name="file"; filename="${'a'.repeat(100_000)}"`,
    `${'X: y\r\n'.repeat(10_000)}Content-Disposition: form-data; name="file"; filename="a"`,
    'Content-Disposition: form-data; name="file"; filename="a\r\n b"',
    'Content-Disposition: form-data; name="file"; name="type"; filename="a"',
    'Content-Disposition: form-data; name="file"; filename*=utf-8\'\'%00%2e%2e%2fa',
    'Content-Disposition: form-data; name="file"; filename="%00"',
    'Content-Disposition: form-data; name="file"; filename="a\0b"',
    'Content-Disposition: form-data; name="constructor"; filename="a"',
    'Content-Disposition',
    ':',
  ]) {
    const answer = await post(admin, FILES, file(headers))
    if (answer.status !== 200) assertReason(answer, 400, 'INVALID_FILE_UPLOAD')
    else await keptAndGone(answer)
  }
  await nothingIsLeft()
})

test('a boundary in the content, and content that looks like one, stay content', async () => {
  for (const content of [`--${BOUNDARY}`, `\r\n--${BOUNDARY.slice(0, -1)}`, '\r\n--\r\n--', `${BOUNDARY}--`]) {
    const { status, body } = await post(admin, FILES, formOf(`x${content}y`))
    assert.equal(status, 200)
    assert.equal(await (await fetch(accounts.url + body.uri_download)).text(), `x${content}y`)
    await admin.delete(`${FILES}/${body.id}`)
  }
  await nothingIsLeft()
})

test('another content type, and one without a boundary, are refused unread', async () => {
  for (const type of [
    'application/json',
    'multipart/mixed; boundary=x',
    'multipart/form-data',
    'multipart/form-data; boundary=',
  ])
    assertReason(
      await admin.send('POST', FILES, { headers: { 'content-type': type }, body: formOf('x') }),
      400,
      'INVALID_FILE_UPLOAD',
    )
  assertReason(await admin.send('POST', FILES, { headers: FORM_TYPE }), 400, 'INVALID_FILE_UPLOAD')
  await nothingIsLeft()
})
