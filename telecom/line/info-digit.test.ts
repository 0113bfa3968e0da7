import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readInfoDigit } from './info-digit.ts'

const RELAY = 'application/dtmf-relay'
const BARE = 'application/dtmf'

for (const [type, body, expected] of [
  [RELAY, 'Signal=5\r\nDuration=160\r\n', { digit: '5', durationMs: 160 }],
  [RELAY, 'Signal= *\nDuration= 100', { digit: '*', durationMs: 100 }],
  [RELAY, 'duration=250\r\nsignal=a', { digit: 'A', durationMs: 250 }],
  [RELAY, 'Signal=11', { digit: '#', durationMs: 0 }],
  [RELAY, 'Signal=1\r\nDuration=999999', { digit: '1', durationMs: 10_000 }],
  [BARE, '7', { digit: '7', durationMs: 0 }],
  [BARE, ' # \r\n', { digit: '#', durationMs: 0 }],
  [BARE, 'Signal=3\r\nDuration=80', { digit: '3', durationMs: 80 }],
] as const)
  test(`${type} ${JSON.stringify(body)} is the key ${expected.digit}`, () => {
    assert.deepEqual(readInfoDigit(type, body), expected)
  })

test('what is no key is none', () => {
  for (const body of ['', 'Signal=', 'Signal=16', 'Signal=!', 'Duration=100', 'flash', 'E', '12'])
    for (const type of [RELAY, BARE]) assert.equal(readInfoDigit(type, body), undefined, body)
})
