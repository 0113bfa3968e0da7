import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isE164, normaliseTarget } from './address.ts'

test('targets are stored in one form, by their type', () => {
  for (const [type, target, normal] of [
    ['tel', ' +1 (555) 010-9999 ', '+15550109999'],
    ['tel', '0049 30 1234', '0049301234'],
    ['tel', 'anonymous', 'anonymous'],
    ['whatsapp', '+49-30', '+4930'],
    ['email', ' Alice@Example.ORG ', 'alice@example.org'],
    ['sip', ' Alice@EXAMPLE.org:5060;Transport=UDP ', 'Alice@example.org:5060;Transport=UDP'],
    ['sip', 'a@B@HOST?Subject=A@B', 'a@B@host?Subject=A@B'],
    ['sip', ' Alice ', 'Alice'],
    ['extension', ' 1000 ', ' 1000 '],
    ['', 'X', 'X'],
  ] as const)
    assert.equal(normaliseTarget(type, target), normal)
})

test('normalising twice changes nothing', () => {
  const types = fc.constantFrom('tel', 'whatsapp', 'email', 'sip', 'agent', '')
  fc.assert(
    fc.property(types, fc.string({ unit: 'binary' }), (type, target) => {
      const once = normaliseTarget(type, target)
      assert.equal(normaliseTarget(type, once), once)
    }),
  )
})

test('a valid telephone number has a plus and 7 to 15 digits', () => {
  for (const valid of ['+1234567', '+899123456789', '+123456789012345']) assert.equal(isE164(valid), true)
  for (const invalid of ['1234567', '+123456', '+1234567890123456', '+12 34567', ''])
    assert.equal(isE164(invalid), false)
})
