import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readableText } from './readable-text.ts'

test('what a stranger calls himself can always be stored: no control characters, no half of a character', () => {
  assert.equal(readableText('Ann\0 \u0007Lee', 255), 'Ann   Lee')
  assert.equal(readableText(`${'a'.repeat(254)}😀`, 255), 'a'.repeat(254))
  assert.equal(readableText('a😀b', 3), 'a😀')
  assert.equal(readableText('Zoë 😀', 255), 'Zoë 😀')
})
