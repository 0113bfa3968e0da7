import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fileName } from './file-name.ts'

test('a name keeps its last step and its ending', () => {
  assert.equal(fileName('a/b\\c.tar.gz'), 'c.tar.gz')
  assert.equal(fileName(' spaced .pdf '), 'spaced .pdf')
  assert.equal(fileName(`${'x'.repeat(300)}.jpeg`), `${'x'.repeat(250)}.jpeg`)
  assert.equal(fileName('.profile'), '.profile')
})

test('whatever is sent, the name can be stored, shown and saved', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (sent) => {
      const name = fileName(sent)
      assert.ok(name.length > 0 && Buffer.byteLength(name) <= 255, name)
      assert.ok(name.isWellFormed())
      assert.doesNotMatch(name, /[\p{Cc}/\\\u202a-\u202e]/u)
      assert.ok(name !== '.' && name !== '..')
    }),
  )
})
