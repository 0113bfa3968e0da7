import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writtenFor } from './carrier-number.ts'

const national = (country: string) => ({ number_format: 'national' as const, country })

test('a number is written for people of the carrier’s country: national there, with their prefix elsewhere', () => {
  assert.equal(writtenFor('+442079460000', national('gb')), '02079460000')
  assert.equal(writtenFor('+493012345678', national('gb')), '00493012345678')
  assert.equal(writtenFor('112', national('gb')), '112')
})

test('what cannot be written is not written some other way, which would call somebody else', () => {
  assert.equal(writtenFor('+442079460000', national('uk')), undefined)
  assert.equal(writtenFor('+999050000001', national('gb')), undefined, '999 would be dialled first')
})
