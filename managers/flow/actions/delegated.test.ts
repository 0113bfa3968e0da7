import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AskOutcome } from '../needs.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const join = action(1, 'queue_join', { queue_id: uuid(7) })
const answer = (flow: VirtualFlow, outcome: AskOutcome) =>
  flow.take({ type: 'asked', key: flow.last('ask').key, outcome })

test('an action of another manager is told what it is about, with variables put in', () => {
  const queue = ['$', '{queue}'].join('')
  const bound = { queue: uuid(7) }
  const flow = new VirtualFlow([action(1, 'queue_join', { queue_id: queue })], { bound, reference_id: uuid(9) }).start()
  const { key: _, ...asked } = flow.last('ask')
  assert.deepEqual(asked, {
    type: 'ask',
    action: 'queue_join',
    options: { queue_id: uuid(7) },
    activeflow_id: uuid(0xaf),
    reference_type: 'call',
    reference_id: uuid(9),
  })
})

test('what that manager answers is worked through, then the flow goes on after the action', () => {
  const flow = new VirtualFlow([join, action(2, 'beep')]).start()
  answer(flow, { ok: true, set: { 'voipbin.queue.id': uuid(7) }, push: [action(3, 'sleep', { duration: 5 })] })
  assert.deepEqual(flow.path, [1, 3])
  assert.equal(flow.state.variables['voipbin.queue.id'], uuid(7))
  flow.clock.advance(5)
  assert.deepEqual(flow.path, [1, 3, 2])
})

test('an answer of nothing goes on at once', () => {
  const flow = new VirtualFlow([join, action(2, 'beep')]).start()
  answer(flow, { ok: true })
  assert.deepEqual(flow.path, [1, 2])
})

test('a refusal ends the flow, or is noted, as the type has it', () => {
  const ends = new VirtualFlow([join, action(2, 'beep')]).start()
  answer(ends, { ok: false, cause: 'QUEUE_NOT_FOUND' })
  assert.equal(ends.state.ended_detail, 'queue_join: QUEUE_NOT_FOUND')
  const goesOn = new VirtualFlow([action(1, 'transcribe_start'), action(2, 'beep')]).start()
  answer(goesOn, { ok: false, cause: 'INSUFFICIENT_BALANCE' })
  assert.deepEqual(goesOn.path, [1, 2])
  assert.deepEqual(goesOn.moves.at(-1)?.executed?.cause, 'INSUFFICIENT_BALANCE')
})

test('a manager that does not answer within half a minute has failed', () => {
  const flow = new VirtualFlow([join]).start()
  flow.clock.advance(29_999)
  assert.equal(flow.state.status, 'running')
  flow.clock.advance(1)
  assert.equal(flow.state.ended_detail, 'queue_join: queue_join_late')
  assert.equal(answer(flow, { ok: true }), false)
})

test('what a manager writes stays within the bounds of all variables, and what was not taken is told', () => {
  const flow = new VirtualFlow([join, action(2, 'beep')]).start()
  answer(flow, { ok: true, set: Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`v${at}`, '1'])) })
  assert.equal(Object.keys(flow.state.variables).length, 1_000)
  assert.match(flow.moves.at(-1)?.executed?.cause ?? '', /^variables_dropped: v\d+, /)
})
