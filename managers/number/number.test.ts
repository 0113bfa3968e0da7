import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOfNumber } from './number.ts'

test('a virtual number is +899 and exactly nine digits, outside the reserved range', () => {
  assert.equal(faultOfNumber('+899001000000', 'virtual'), undefined)
  assert.equal(faultOfNumber('+899999999999', 'virtual'), undefined)
  for (const wrong of [
    '',
    '+89900100000',
    '+8990010000000',
    '899001000000',
    '+899 01000000',
    '+15551234567',
    '+899001OOOOOO',
  ])
    assert.notEqual(faultOfNumber(wrong, 'virtual'), undefined, wrong)
  assert.match(faultOfNumber('+899000123456', 'virtual') ?? '', /reserved/)
})

test('a number of the telephone network is E.164 and not a virtual one', () => {
  assert.equal(faultOfNumber('+15551234567', 'normal'), undefined)
  for (const wrong of [
    '',
    '15551234567',
    '+123456',
    '+1234567890123456',
    '+1555123456a',
    '+899001000000',
    '+899000123456',
  ])
    assert.notEqual(faultOfNumber(wrong, 'normal'), undefined, wrong)
})
