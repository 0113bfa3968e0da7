import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { Type } from 'typebox'
import { ManualClock } from '#platform/time'
import { apiClient, assertReason, eventually } from '#testkit'
import { apiErrors, endpoint, handleUpload, type Route, type UploadPart } from './index.ts'
import { startServer } from './test-server.ts'

const MAX = 100_000
const Taken = Type.Object({ parts: Type.Array(Type.Object({ name: Type.String(), text: Type.String() })) })

/** Takes every part and tells what was in it. */
function taking(use: (part: UploadPart) => Promise<string> = textOf): Route {
  const declared = endpoint({
    method: 'POST',
    path: '/uploads',
    summary: 'Take a form',
    allow: 'customer',
    deadlineMs: 5_000,
    upload: { maxBytes: MAX, form: Type.Object({ file: Type.String({ format: 'binary' }) }) },
    returns: Taken,
    errors: [apiErrors.INVALID_FILE_TYPE],
  })
  return handleUpload(declared, async ({ upload }) => {
    const parts: { name: string; text: string }[] = []
    for await (const part of upload.parts()) parts.push({ name: part.name, text: await use(part) })
    return { parts }
  })
}

async function textOf(part: UploadPart): Promise<string> {
  if (part.kind === 'field') return part.value
  let text = `${part.fileName} ${part.contentType} `
  for await (const chunk of part.content) text += Buffer.from(chunk).toString('latin1')
  return text
}

const B = 'xXx'
const part = (headers: string, content: string) => `--${B}\r\n${headers}\r\n\r\n${content}\r\n`
const fileOf = (content: string, name = 'a.txt') =>
  part(`Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: Text/Plain; x=y`, content)
const field = (name: string, content: string) => part(`Content-Disposition: form-data; name="${name}"`, content)
const END = `--${B}--\r\n`

async function send(url: string, body: string, type = `multipart/form-data; boundary=${B}`) {
  const headers = { ...(type ? { 'content-type': type } : {}) }
  return apiClient(url, { accesskey: 'vb_admin' }).send('POST', '/v1.0/uploads', { headers, body: Buffer.from(body) })
}

/** A connection on which a form is being sent by hand. */
async function sending(url: string, headers: string): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(
    `POST /v1.0/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer vb_admin\r\nContent-Type: multipart/form-data; boundary=${B}\r\n${headers}\r\n\r\n`,
  )
  await once(socket, 'connect')
  return { socket, text: () => text }
}

test('a form arrives part by part, files as they were sent, however the octets come', async () => {
  await using at = await startServer([taking()])
  const body = `${field('type', 'rag')}${fileOf('hello\r\n--xX', 'grüße "1".txt'.replaceAll('"', '\\"'))}${END}`
  const expected = [
    { name: 'type', text: 'rag' },
    { name: 'file', text: 'grüße "1".txt text/plain hello\r\n--xX' },
  ]
  assert.deepEqual((await send(at.url, body)).body.parts, expected)
  const { socket, text } = await sending(at.url, 'Transfer-Encoding: chunked\r\nConnection: close')
  for (const byte of Buffer.from(body))
    socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]))
  socket.write('0\r\n\r\n')
  await once(socket, 'close')
  assert.deepEqual(JSON.parse(Buffer.from(text(), 'latin1').toString().split('\r\n\r\n')[1] ?? '').parts, expected)
})

test('files that come all at once are each given to whoever reads them in their turn', async () => {
  await using at = await startServer([taking()])
  const body = `${field('type', 'rag')}${fileOf('one', '1')}${fileOf('two', '2')}${field('x', 'y')}${fileOf('three', '3')}${END}`
  assert.deepEqual(
    (await send(at.url, body)).body.parts.map(({ text }: { text: string }) => text),
    ['rag', '1 text/plain one', '2 text/plain two', 'y', '3 text/plain three'],
  )
})

test('what a handler leaves unread is thrown away, and what it does not wait for is not waited for', async () => {
  await using at = await startServer([taking(async ({ name }) => name)])
  const body = `${fileOf('x'.repeat(90_000))}${field('type', 'talk')}${END}`
  const { status, body: answered } = await send(at.url, body)
  assert.equal(status, 200)
  assert.deepEqual(
    answered.parts.map(({ name }: { name: string }) => name),
    ['file', 'type'],
  )
})

test('a body that is no complete form is INVALID_FILE_UPLOAD and says what is wrong', async () => {
  await using at = await startServer([taking()])
  const whole = `${field('type', 'rag')}${fileOf('hello')}${END}`
  for (const [body, type, issue] of [
    ['', undefined, /boundary/],
    [whole, '', /Content-Type multipart\/form-data/],
    [whole, 'application/json', /Content-Type multipart\/form-data/],
    [whole, 'application/x-www-form-urlencoded', /Content-Type multipart\/form-data/],
    [whole, 'multipart/mixed; boundary=xXx', /Content-Type multipart\/form-data/],
    [whole, 'multipart', /Content-Type multipart\/form-data/],
    [whole, 'multipart/form-data', /boundary/],
    [whole, 'multipart/form-data; boundary=another', /last boundary/],
    [whole.slice(0, -7), undefined, /last boundary|middle of a file/],
    [whole.slice(0, 90), undefined, /last boundary|middle of a file/],
    [`${field('type', 'x'.repeat(5_000))}${END}`, undefined, /type is longer than 4096 bytes/],
    [`${field('a', 'x').repeat(33)}${END}`, undefined, /more than 32 parts/],
    [`${field('a', '').repeat(2_000)}${END}`, undefined, /more than 32 parts|larger/],
  ] as const) {
    const answer = await send(at.url, body, type)
    assertReason(answer, 400, 'INVALID_FILE_UPLOAD')
    assert.match(answer.body.error.message, issue, `${type}: ${body.slice(0, 40)}`)
  }
})

test('a body beyond the limit is refused before it is read where it says so, and at the octet where it does not', async () => {
  await using at = await startServer([taking()])
  const frame = `${fileOf('')}${END}`.length
  const fits = await send(at.url, `${fileOf('x'.repeat(MAX - frame))}${END}`)
  assert.equal(fits.status, 200)
  assertReason(await send(at.url, `${fileOf('x'.repeat(MAX - frame + 1))}${END}`), 400, 'INVALID_FILE_UPLOAD')
  const { socket, text } = await sending(at.url, 'Transfer-Encoding: chunked')
  socket.write(`${MAX.toString(16)}\r\n${fileOf('x'.repeat(MAX)).slice(0, MAX)}\r\n1\r\nx\r\n`)
  await eventually('the answer comes before the body has ended', () => text().includes('\r\n\r\n{') || undefined)
  assert.match(text(), /^HTTP\/1\.1 400 [\s\S]*INVALID_FILE_UPLOAD[\s\S]*larger than 100000 bytes/)
  socket.destroy()
})

test('headers of a part without end, without a name or with line breaks in it take nothing down', async () => {
  await using at = await startServer([taking()])
  for (const odd of [
    part(`Content-Disposition: form-data; name="file"; filename="${'x'.repeat(50_000)}"`, 'y'),
    part(`${'X-Odd: 1\r\n'.repeat(3_000)}Content-Disposition: form-data; name="a"`, 'y'),
    part('Content-Disposition: form-data', 'y'),
    part('Content-Disposition: attachment; name="file"', 'y'),
    part('', 'y'),
    part('Content-Disposition: form-data; name="__proto__"', 'y'),
    '\r\n\r\n\r\n',
    '\0'.repeat(10_000),
  ]) {
    const answer = await send(at.url, `${odd}${fileOf('kept')}${END}`)
    assert.ok(answer.status === 200 || answer.status === 400, answer.text)
  }
  assert.equal((await send(at.url, `${fileOf('kept')}${END}`)).status, 200)
})

test('a client that goes away in the middle is noticed by who reads', async () => {
  let failed: unknown
  let hasBegun = false
  const watching = taking(async (found) => {
    hasBegun = true
    try {
      return await textOf(found)
    } catch (error) {
      failed = error
      throw error
    }
  })
  await using at = await startServer([watching])
  const { socket } = await sending(at.url, 'Content-Length: 50000')
  socket.write(fileOf('half of it').slice(0, -4))
  await eventually('the file has begun', () => hasBegun || undefined)
  socket.destroy()
  await eventually('the reader hears of it', () => failed ?? undefined)
  assert.ok(apiErrors.REQUEST_CANCELED.is(failed))
})

test('an upload may take long while octets come, and is REQUEST_TIMEOUT where none come any more', async () => {
  const clock = new ManualClock()
  let heard = ''
  const listening = taking(async (found) => {
    if (found.kind === 'file') for await (const chunk of found.content) heard += Buffer.from(chunk).toString()
    return heard
  })
  await using at = await startServer([listening], { clock })
  const start = fileOf('').slice(0, -2)
  const { socket, text } = await sending(at.url, 'Content-Length: 50000')
  socket.write(start)
  for (const piece of ['aaaa', 'bbbb', 'cccc', 'dddd']) {
    socket.write(piece)
    await eventually(`${piece} was heard`, () => heard.endsWith(piece) || undefined)
    clock.advance(4_000)
  }
  assert.equal(text(), '')
  clock.advance(1_000)
  await eventually('it is given up', () => text().includes('REQUEST_TIMEOUT') || undefined)
  assert.match(text(), /^HTTP\/1\.1 503 /)
  clock.advance(10_000)
  await eventually('the connection is closed', () => socket.closed || undefined)
})

test('a request that is answered before it is whole is cut when its rest does not come', async () => {
  const clock = new ManualClock()
  await using at = await startServer([taking()], { clock })
  const { socket, text } = await sending(at.url, 'Content-Length: 50000000')
  await eventually('it is refused', () => text().includes('INVALID_FILE_UPLOAD') || undefined)
  socket.write('x'.repeat(1_000_000))
  clock.advance(10_000)
  await eventually('the connection is closed', () => socket.closed || undefined)
})

test('a customer has twenty uploads at once, then RATE_LIMIT_EXCEEDED, until one of them is over', async () => {
  let waiting = 0
  const counting = taking(async (found) => {
    waiting++
    return textOf(found)
  })
  await using at = await startServer([counting])
  const body = `${fileOf('hello')}${END}`
  const started = await Promise.all(Array.from({ length: 20 }, () => sending(at.url, `Content-Length: ${body.length}`)))
  for (const { socket } of started) socket.write(body.slice(0, -12))
  await eventually('all of them go on', () => waiting === 20 || undefined)
  const refused = await send(at.url, body)
  assertReason(refused, 429, 'RATE_LIMIT_EXCEEDED')
  assert.equal(refused.body.error.details[0].limited_by, 'customer')
  started[0]?.socket.destroy()
  await eventually('there is room again', async () => (await send(at.url, body)).status === 200 || undefined)
  for (const { socket } of started) socket.destroy()
})
