import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { SecretBox } from './secret-box.ts'

const box = new SecretBox(new Uint8Array(32).fill(7), systemIds)

test('a sealed secret is opened by its owner, shows nothing of itself and is never the same twice', () => {
  const sealed = box.seal('pässword', 'row 1')
  assert.equal(box.open(sealed, 'row 1'), 'pässword')
  assert.doesNotMatch(sealed, /ssword/)
  assert.notEqual(box.seal('pässword', 'row 1'), sealed)
})

test('no secret stays no secret', () => {
  assert.deepEqual([box.seal('', 'row'), box.open('', 'row')], ['', ''])
})

test('another row, another key and a changed value open nothing', () => {
  const sealed = box.seal('password', 'row 1')
  const other = new SecretBox(new Uint8Array(32).fill(8), systemIds)
  const changed = `${sealed.slice(0, -6)}${sealed.at(-6) === 'A' ? 'B' : 'A'}${sealed.slice(-5)}`
  for (const [by, text, owner] of [
    [box, sealed, 'row 2'],
    [other, sealed, 'row 1'],
    [box, changed, 'row 1'],
    [box, 'v1.AAAA', 'row 1'],
    [box, 'password', 'row 1'],
  ] as const)
    assert.equal(by.open(text, owner), undefined)
})

test('a key of another length is refused', () => {
  assert.throws(() => new SecretBox(new Uint8Array(16), systemIds), /32 bytes/)
})
