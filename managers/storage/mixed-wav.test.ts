import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeWav, writeWav } from '#telecom/media'
import { bytesOf, type Content } from './content.ts'
import { mixedWav } from './mixed-wav.ts'

/** A content whose chunks have odd lengths, as a file's may. */
function inPieces(bytes: Uint8Array, length: number): Content {
  return {
    bytes: bytes.length,
    async *read(from, to) {
      for (let at = from; at < to; at += length) yield bytes.subarray(at, Math.min(at + length, to))
    },
  }
}

async function readAll(content: Content, from = 0, to = content.bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content.read(from, to)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const said = writeWav(Int16Array.from([1, 2, 3, 30_000, -30_000, 6]))
const heard = writeWav(Int16Array.from([10, 20, 30, 30_000, -30_000]))

test('both sides are heard at once: samples are added, cut off at full scale, and a shorter side is silent at the end', async () => {
  const mixed = await readAll(mixedWav(bytesOf(said), bytesOf(heard)))
  assert.deepEqual([...decodeWav(mixed)], [11, 22, 33, 32_767, -32_768, 6])
  assert.equal(mixed.readUInt32LE(4), mixed.length - 8)
})

test('any part of it can be read by itself, however the files come in', async () => {
  const whole = await readAll(mixedWav(bytesOf(said), bytesOf(heard)))
  for (const length of [1, 3, 1_000]) {
    const mixed = mixedWav(inPieces(said, length), inPieces(heard, length + 1))
    for (let from = 0; from < whole.length; from++)
      for (let to = from + 1; to <= whole.length; to += 5)
        assert.deepEqual(await readAll(mixed, from, to), whole.subarray(from, to), `${length}: ${from} to ${to}`)
  }
})

test('a file without sound adds none', async () => {
  const mixed = await readAll(mixedWav(bytesOf(said), bytesOf(Buffer.alloc(10))))
  assert.deepEqual(mixed, said)
})
