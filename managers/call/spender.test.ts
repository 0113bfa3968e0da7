import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOBODY } from '#managers/billing'
import type { Call } from './call.ts'
import { spenderOfPhone } from './spender.ts'

const PHONE = { type: 'extension', target: 'b7a3' } as const
const STRANGER = { type: 'tel', target: '+15550100' } as const
const call = (direction: Call['direction'], source: object, destination: object) =>
  ({ direction, source, destination }) as Call

test('a phone that asks for something in a call spends as itself, whether it calls or was called', () => {
  const itself = { kind: 'extension', id: 'b7a3' }
  assert.deepEqual(spenderOfPhone(call('incoming', PHONE, STRANGER)), itself)
  assert.deepEqual(spenderOfPhone(call('outgoing', STRANGER, PHONE)), itself)
  assert.deepEqual(spenderOfPhone(call('incoming', STRANGER, PHONE)), NOBODY)
  assert.deepEqual(spenderOfPhone(call('outgoing', PHONE, STRANGER)), NOBODY)
})
