import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUuid, uuidOfName } from './index.ts'

test('a name has one UUID, of version 8 and the variant of RFC 9562', () => {
  const id = uuidOfName('recording_end:1')
  assert.equal(id, uuidOfName('recording_end:1'))
  assert.notEqual(id, uuidOfName('recording_end:2'))
  assert.ok(isUuid(id))
  assert.match(id, /^.{14}8.{4}[89ab]/)
})
