import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { InvariantError } from '#platform/errors'
import { bytesOf, type Content } from './content.ts'
import { zipOf } from './zip.ts'

async function readAll(content: Content, from = 0, to = content.bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content.read(from, to)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const entry = (name: string, text: string) => {
  const bytes = Buffer.from(text)
  return { name, content: bytesOf(bytes), crc: crc32(bytes), changedMs: Date.UTC(2026, 1, 3, 4, 5, 6) }
}
const files = [entry('call_in.wav', 'what the party said'), entry('grüße.wav', 'and what it heard'), entry('leer', '')]

test('an archive can be read from its end, as every reader does: directory, headers, files and checksums agree', async () => {
  const zip = zipOf(files)
  const bytes = await readAll(zip)
  assert.equal(bytes.length, zip.bytes)
  const end = bytes.subarray(-22)
  assert.equal(end.readUInt32LE(0), 0x06054b50)
  assert.equal(end.readUInt16LE(10), files.length)
  let at = end.readUInt32LE(16)
  assert.equal(at + end.readUInt32LE(12), bytes.length - 22)
  for (const file of files) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50)
    assert.equal(bytes.readUInt16LE(at + 10), 0, 'stored')
    const nameBytes = bytes.readUInt16LE(at + 28)
    assert.equal(bytes.toString('utf8', at + 46, at + 46 + nameBytes), file.name)
    const local = bytes.readUInt32LE(at + 42)
    assert.equal(bytes.readUInt32LE(local), 0x04034b50)
    assert.deepEqual(bytes.subarray(local + 6, local + 26), bytes.subarray(at + 8, at + 28), 'both headers agree')
    const size = bytes.readUInt32LE(local + 22)
    const body = bytes.subarray(local + 30 + nameBytes, local + 30 + nameBytes + size)
    assert.deepEqual(body, await readAll(file.content))
    assert.equal(crc32(body), bytes.readUInt32LE(local + 14))
    at += 46 + nameBytes
  }
})

test('any part of it can be read by itself', async () => {
  const zip = zipOf(files)
  const bytes = await readAll(zip)
  for (let from = 0; from < bytes.length; from += 7)
    for (const to of [from + 1, from + 40, bytes.length]) {
      const end = Math.min(to, bytes.length)
      assert.deepEqual(await readAll(zip, from, end), bytes.subarray(from, end))
    }
})

test('its time is that of the file in UTC, to two seconds', async () => {
  const bytes = await readAll(zipOf(files))
  assert.equal(bytes.readUInt16LE(10), (4 << 11) | (5 << 5) | 3)
  assert.equal(bytes.readUInt16LE(12), ((2026 - 1980) << 9) | (2 << 5) | 3)
})

test('what would need ZIP64 is refused before anything is read', () => {
  const huge = { bytes: 2 ** 31, read: () => assert.fail('was read') }
  const big = { name: 'big', content: huge, crc: 0, changedMs: 0 }
  assert.throws(() => zipOf([big, big]), InvariantError)
})
