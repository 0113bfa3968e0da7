import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAUSE, sipStatusOfCause } from '#telecom/line'
import { type CallDirection, type CallStatus, HANGUP_REASONS, type HangupReason } from './call.ts'
import { causeOfHangupReason, hangupByOf, hangupReasonOf } from './hangup-reason.ts'

const rows: [CallDirection, CallStatus, number, HangupReason][] = [
  ['incoming', 'ringing', 17, 'busy'],
  ['incoming', 'ringing', 19, 'noanswer'],
  ['incoming', 'dialing', 16, 'normal'],
  ['incoming', 'ringing', CAUSE.timeout, 'normal'],
  ['incoming', 'progressing', CAUSE.timeout, 'timeout'],
  ['incoming', 'progressing', 16, 'normal'],
  ['incoming', 'progressing', 17, 'normal'],
  ['incoming', 'terminating', 17, 'normal'],
  ['incoming', 'terminating', CAUSE.machine, 'amd'],
  ['incoming', 'canceling', 16, 'normal'],
  ['outgoing', 'ringing', 19, 'noanswer'],
  ['outgoing', 'dialing', 21, 'noanswer'],
  ['outgoing', 'dialing', 17, 'busy'],
  ['outgoing', 'ringing', 16, 'normal'],
  ['outgoing', 'dialing', 26, 'normal'],
  ['outgoing', 'dialing', 0, 'dialout'],
  ['outgoing', 'dialing', 1, 'failed'],
  ['outgoing', 'progressing', CAUSE.timeout, 'timeout'],
  ['outgoing', 'progressing', 16, 'normal'],
  ['outgoing', 'terminating', CAUSE.machine, 'amd'],
  ['outgoing', 'terminating', 16, 'normal'],
  ['outgoing', 'canceling', 16, 'cancel'],
  ['outgoing', 'hangup', 16, 'normal'],
]
for (const [direction, last, cause, reason] of rows)
  test(`${direction}, last ${last}, cause ${cause}: ${reason}`, () => {
    assert.equal(hangupReasonOf(direction, last, cause), reason)
  })

test('only an end that we had begun is local', () => {
  const by = (status: CallStatus) => hangupByOf(status)
  assert.deepEqual(
    [by('ringing'), by('progressing'), by('terminating'), by('canceling')],
    ['remote', 'remote', 'local', 'local'],
  )
})

test('the reason of a hangup before the answer decides the SIP status', () => {
  const statuses = HANGUP_REASONS.map((reason) => [reason, sipStatusOfCause(causeOfHangupReason(reason))])
  assert.deepEqual(Object.fromEntries(statuses), {
    normal: 603,
    failed: 408,
    busy: 486,
    cancel: 603,
    timeout: 603,
    noanswer: 480,
    dialout: 480,
    amd: 603,
  })
})
