import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequentialIds, systemIds } from '#platform/ids'
import { apiClient } from '#testkit'
import { newRequestId } from './request-id.ts'
import { startServer } from './test-server.ts'

test("a client's own request id comes back in header and envelope", async () => {
  await using at = await startServer()
  for (const id of ['a', 'Order_17-x', 'x'.repeat(64)]) {
    const answer = await apiClient(at.url).send('GET', '/v1.0/nothing', { headers: { 'x-request-id': id } })
    assert.equal(answer.headers.get('x-request-id'), id)
    assert.equal(answer.body.error.request_id, id)
  }
})

test('a request id with other characters, or too long, is replaced by one of ours', async () => {
  await using at = await startServer()
  for (const id of ['a b', 'x'.repeat(65), 'a"b', '<script>', 'ä', 'a, b']) {
    const answer = await apiClient(at.url).send('GET', '/ping', {
      headers: { 'x-request-id': Buffer.from(id).toString('latin1') },
    })
    assert.match(answer.headers.get('x-request-id') ?? '', /^req_[A-Z2-7]{26}$/)
  }
})

test('our request ids are 16 random bytes in base32 without padding (RFC 4648 §6)', () => {
  const zeros = { ...sequentialIds(), bytes: (count: number) => new Uint8Array(count) }
  const ones = { ...sequentialIds(), bytes: (count: number) => new Uint8Array(count).fill(255) }
  const foobar = { ...sequentialIds(), bytes: () => new TextEncoder().encode('foobarfoobarfoob') }
  assert.equal(newRequestId(zeros), `req_${'A'.repeat(26)}`)
  assert.equal(newRequestId(ones), `req_${'7'.repeat(25)}4`)
  assert.equal(newRequestId(foobar), 'req_MZXW6YTBOJTG633CMFZGM33PMI')
  assert.notEqual(newRequestId(systemIds), newRequestId(systemIds))
})
