import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineErrors } from './define-errors.ts'
import { ReasonedError } from './reasoned-error.ts'

const errors = defineErrors('tea-manager', {
  TEA_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'There is no such tea.',
    fix: 'List the teas.',
    message: (facts: { tea_id: string }) => `There is no tea ${facts.tea_id}.`,
  },
  KETTLE_BUSY: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'after_delay',
    cause: 'The kettle is in use.',
    fix: 'Wait.',
    message: () => 'The kettle is in use.',
  },
})

test('a thrown reason carries its domain, its HTTP status and its facts', () => {
  const error = errors.TEA_NOT_FOUND({ tea_id: 'earl' })
  assert.ok(error instanceof ReasonedError)
  assert.equal(error.domain, 'tea-manager')
  assert.equal(error.reason, 'TEA_NOT_FOUND')
  assert.equal(error.http, 404)
  assert.equal(error.message, 'There is no tea earl.')
  assert.deepEqual(error.details, [{ tea_id: 'earl' }])
})

test('a reason is told from another one by domain and name, never by its words', () => {
  const error = errors.KETTLE_BUSY()
  const sameWords = new Error(error.message)
  assert.equal(errors.KETTLE_BUSY.is(error), true)
  assert.equal(errors.TEA_NOT_FOUND.is(error), false)
  assert.equal(errors.KETTLE_BUSY.is(sameWords), false)
})

test('a cause stays with the error for the log, and out of its details', () => {
  const cause = new Error('element burnt')
  const error = errors.KETTLE_BUSY(undefined, { cause })
  assert.equal(error.cause, cause)
  assert.deepEqual(error.details, [])
})
