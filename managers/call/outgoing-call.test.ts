import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { ManualClock, Stopwatch } from '#platform/time'
import type { LineEnd, LineEvent } from '#telecom/line'
import { CallActor } from './call-actor.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import { newOutgoingCall } from './new-call.ts'

function newLeg(otherWays = 0) {
  const clock = new ManualClock()
  const watch = new Stopwatch(clock)
  const ids = sequentialIds()
  const made = {
    customer_id: ids.uuid(),
    source: { type: 'tel', target: '+14155550100' } as const,
    destination: { type: 'sip', target: 'bob@example.com' } as const,
    metadata: {},
    owner_id: NIL_UUID,
    master_call_id: NIL_UUID,
    groupcall_id: NIL_UUID,
  }
  const actor = new CallActor(newOutgoingCall(ids.uuid(), made, watch.now()), {
    ids,
    now: () => watch.now(),
    ways: Array.from({ length: otherWays + 1 }, () => ({})),
  })
  const events: string[] = []
  const reported: string[] = []
  const run = (effects: CallEffect[]) => {
    for (const effect of effects) {
      if (effect.do === 'save') events.push(...effect.events)
      if (effect.do === 'report') reported.push(effect.event.type)
    }
    return effects
  }
  const begun = run(actor.begin())
  const on = (input: CallInput) => run(actor.on(input))
  const line = (event: LineEvent) => on({ type: 'line', event })
  const ends = (cause: number, why: LineEnd = 'refused', status?: number) =>
    line({ type: 'ended', by: 'remote', cause, why, ...(status === undefined ? {} : { status }) })
  const end = () => {
    const { status, hangup_by, hangup_reason } = actor.call
    return { status, hangup_by, hangup_reason }
  }
  return { actor, clock, begun, on, line, ends, end, events, reported }
}

function dialled(otherWays = 0) {
  const leg = newLeg(otherWays)
  leg.on({ type: 'stored' })
  return leg
}

const kindsOf = (effects: CallEffect[]) => effects.map((effect) => effect.do)

test('the INVITE waits until the row is on disk', () => {
  const { begun, on, events, actor } = newLeg()
  assert.deepEqual(kindsOf(begun), ['save', 'start'])
  assert.deepEqual([events, actor.call.status], [['call_created'], 'dialing'])
  assert.deepEqual(kindsOf(on({ type: 'stored' })), ['dial', 'start'])
  assert.deepEqual(on({ type: 'stored' }), [])
})

test('ringing, answered, gone: every step has its time and its event, once', () => {
  const { line, ends, events, reported, actor, end } = dialled()
  line({ type: 'ringing' })
  line({ type: 'ringing' })
  line({ type: 'answered' })
  ends(16, 'bye')
  assert.deepEqual(events, ['call_created', 'call_ringing', 'call_progressing', 'call_hangup'])
  assert.deepEqual(reported, ['ringing', 'answered', 'ended'])
  const { tm_create, tm_ringing, tm_progressing, tm_hangup } = actor.call
  assert.ok(tm_ringing && tm_progressing && tm_hangup)
  const times = [tm_create, tm_ringing, tm_progressing, tm_hangup]
  assert.deepEqual(times, times.toSorted())
  assert.deepEqual(end(), { status: 'hangup', hangup_by: 'remote', hangup_reason: 'normal' })
  assert.deepEqual(ends(16, 'bye'), [], 'one ending event')
})

test('sound before the answer is ringing too', () => {
  const { line, events, reported } = dialled()
  line({ type: 'early_media' })
  assert.deepEqual(events, ['call_created', 'call_ringing'])
  assert.deepEqual(reported, ['ringing', 'early_media'])
})

for (const [what, cause, reason] of [
  ['486', 17, 'busy'],
  ['480', 19, 'noanswer'],
  ['603', 21, 'noanswer'],
  ['404', 1, 'failed'],
  ['nothing at all', 18, 'failed'],
  ['a Q.850 cause 16', 16, 'normal'],
] as const)
  test(`a callee that answers with ${what} ends the leg as ${reason}, by remote`, () => {
    const { ends, end } = dialled()
    ends(cause)
    assert.deepEqual(end(), { status: 'hangup', hangup_by: 'remote', hangup_reason: reason })
  })

test('a callee who does not answer for a minute is given up as dialout', () => {
  const { on, line, ends, end } = dialled()
  line({ type: 'ringing' })
  const gaveUp = on({ type: 'timer', timer: 'dial' })
  assert.deepEqual(gaveUp, [{ do: 'hangup', cause: 19 }])
  line({ type: 'answered' }) // it crosses our CANCEL: the line ends it
  ends(19, 'cancelled')
  assert.deepEqual(end(), { status: 'hangup', hangup_by: 'remote', hangup_reason: 'dialout' })
})

test('a hangup of ours before the answer cancels; the end shows cancel, by local', () => {
  const { on, line, ends, events, end } = dialled()
  line({ type: 'ringing' })
  assert.deepEqual(kindsOf(on({ type: 'hangup', reason: 'normal' })), ['save', 'hangup', 'end_chain'])
  ends(16, 'cancelled')
  assert.deepEqual(events.slice(-2), ['call_canceling', 'call_hangup'])
  assert.deepEqual(end(), { status: 'hangup', hangup_by: 'local', hangup_reason: 'cancel' })
})

test('a hangup before the row is on disk dials nobody', () => {
  const { on } = newLeg()
  on({ type: 'hangup', reason: 'normal' })
  assert.deepEqual(on({ type: 'stored' }), [])
})

test('an hour is the longest a call of ours lasts: timeout', () => {
  const { on, line, ends, end } = dialled()
  line({ type: 'answered' })
  assert.deepEqual(on({ type: 'timer', timer: 'max_duration' }), [{ do: 'hangup', cause: 200 }])
  ends(200, 'bye')
  assert.equal(end().hangup_reason, 'timeout')
})

test('a way that says nothing is followed by the next one: the same call, announced as updated', () => {
  const { ends, on, events, actor, line } = dialled(1)
  assert.deepEqual(kindsOf(ends(18, 'no_response')), ['stop', 'redial'])
  assert.deepEqual(kindsOf(on({ type: 'redial_ready' })), ['save', 'report', 'dial', 'start'])
  assert.equal(actor.call.status, 'dialing')
  line({ type: 'answered' })
  assert.deepEqual(events, ['call_created', 'call_updated', 'call_progressing'])
})

test('no other way is tried once a callee has rung, refused, or was given up', () => {
  for (const step of ['rang', 'refused', 'cancelled'] as const) {
    const { ends, line, on, end } = dialled(1)
    if (step === 'rang') line({ type: 'ringing' })
    if (step === 'cancelled') on({ type: 'hangup', reason: 'normal' })
    ends(
      step === 'refused' ? 17 : 18,
      step === 'refused' ? 'refused' : 'no_response',
      step === 'refused' ? 486 : undefined,
    )
    assert.equal(end().status, 'hangup', step)
  }
})

test('a hangup while the next way is made ready ends that one', () => {
  const { ends, on, end } = dialled(1)
  ends(18, 'unreachable')
  on({ type: 'hangup', reason: 'normal' })
  assert.deepEqual(kindsOf(on({ type: 'redial_ready' })), ['hangup'])
  ends(16, 'cancelled')
  assert.deepEqual(end(), { status: 'hangup', hangup_by: 'local', hangup_reason: 'cancel' })
})

test('a next way that cannot be made ready ends the call for the reason of the last one', () => {
  const { ends, on, end } = dialled(1)
  ends(18, 'no_response')
  on({ type: 'redial_failed' })
  assert.deepEqual(end(), { status: 'hangup', hangup_by: 'remote', hangup_reason: 'failed' })
})

test('an answer that is asked of a call of ours is told when the callee answers', () => {
  const { on, line } = dialled()
  assert.deepEqual(on({ type: 'answer', key: 'f:1' }), [])
  const told = line({ type: 'answered' }).filter((effect) => effect.do === 'tell')
  assert.deepEqual(told, [{ do: 'tell', input: { type: 'answered', key: 'f:1' } }])
})
