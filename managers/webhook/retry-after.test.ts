import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONGEST_RETRY_AFTER_MS, retryAfterMs } from './retry-after.ts'

const NOW = Date.parse('2026-01-02T03:04:05Z')

test('Retry-After is read as seconds or as a date', () => {
  assert.equal(retryAfterMs('120', NOW), 120_000)
  assert.equal(retryAfterMs(' 7 ', NOW), 7_000)
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:05:05 GMT', NOW), 60_000)
})

test('nobody can make us wait longer than an hour at a time', () => {
  for (const far of ['3601', '9999999999', 'Fri, 02 Jan 2099 03:05:05 GMT'])
    assert.equal(retryAfterMs(far, NOW), LONGEST_RETRY_AFTER_MS)
})

test('what is missing, garbage or past is not there', () => {
  for (const text of [
    undefined,
    '',
    '0',
    '-5',
    '1.5',
    'soon',
    '1e9',
    '99999999999',
    'Fri, 02 Jan 2026 03:00:00 GMT',
    'Fri, 99 Foo 2026 03:00:00 GMT',
  ])
    assert.equal(retryAfterMs(text, NOW), undefined)
})
