// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Input } from '../engine/index.ts'
import { DIGITS } from '../engine/variables.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const end = action(99, 'sleep', { duration: 1_000_000 })
const isAtEnd = (flow: VirtualFlow) => flow.state.current.id === uuid(99)
const destinations = [{ type: 'extension', target_name: '1001' }]

/** A caller who rings and is being connected. */
const connecting = (option: object = {}) =>
  new VirtualFlow([action(1, 'connect', { destinations, ...option }), end, action(3, 'answer')], {
    call: { answered: false, over: false },
    bound: { callee: ' +49 (30) 123456 ' },
  }).start()
/** The connect ends like this. */
const ends = (flow: VirtualFlow, end: Omit<Input & { type: 'connect_ended' }, 'type' | 'key'>) =>
  flow.take({ type: 'connect_ended', key: flow.last('connect').key, ...end })

test('connect asks for what is written, with variables put in and numbers in their form', () => {
  const flow = connecting({
    source: { type: 'tel', target: '+1 555 0100' },
    destinations: [{ type: 'tel', target: '${callee}' }, ...destinations],
    early_media: true,
    anonymous: 'yes',
  })
  const { key, type: _, ...options } = flow.last('connect')
  assert.equal(key, `${uuid(0xaf)}:1`)
  assert.deepEqual(options, {
    source: { type: 'tel', target: '+15550100' },
    destinations: [{ type: 'tel', target: '+4930123456' }, ...destinations],
    early_media: true,
    relay_reason: false,
    anonymous: 'yes',
  })
})

for (const written of [undefined, '', 'auto', '${nobody}', 'maybe'])
  test(`connect with anonymous ${written} does as the caller did`, () => {
    assert.equal(connecting(written === undefined ? {} : { anonymous: written }).last('connect').anonymous, 'auto')
  })

test('connect leaves the caller unanswered, and goes on when the conversation is over', () => {
  const flow = connecting()
  assert.deepEqual(flow.types, ['connect'])
  ends(flow, { outcome: 'talked' })
  assert.ok(isAtEnd(flow))
  assert.equal(flow.state.call?.answered, true)
})

test('connect goes on when nobody answered, and the caller still rings', () => {
  const flow = connecting()
  ends(flow, { outcome: 'unanswered', hangup_reason: 'busy', cause: 17 })
  assert.ok(isAtEnd(flow))
  assert.equal(flow.state.call?.answered, false)
})

test('connect with relay_reason hangs the caller up for the reason and cause of the one who did not answer', () => {
  const flow = connecting({ relay_reason: true })
  ends(flow, { outcome: 'unanswered', hangup_reason: 'failed', cause: 1 })
  const { reason, cause } = flow.last('hangup')
  assert.deepEqual({ reason, cause }, { reason: 'failed', cause: 1 })
  assert.equal(flow.state.status, 'running')
  flow.take({ type: 'hungup' })
  assert.equal(flow.state.ended_reason, 'call_hungup')
})

test('a dialling that we gave up is relayed by its reason: it has no cause', () => {
  const flow = connecting({ relay_reason: true })
  ends(flow, { outcome: 'unanswered', hangup_reason: 'dialout', cause: 0 })
  const { reason, cause } = flow.last('hangup')
  assert.deepEqual([reason, cause], ['dialout', undefined])
})

test('connect with relay_reason goes on after a conversation', () => {
  const flow = connecting({ relay_reason: true })
  ends(flow, { outcome: 'talked' })
  assert.ok(isAtEnd(flow))
})

test('a connect that could call nobody ends the flow and the call', () => {
  const flow = connecting({ relay_reason: true })
  ends(flow, { outcome: 'failed', issue: 'NO_ROUTE_TO_DESTINATION' })
  assert.equal(flow.state.ended_reason, 'action_failed')
  assert.equal(flow.state.ended_detail, 'connect: connect_failed: NO_ROUTE_TO_DESTINATION')
  assert.equal(flow.last('hangup').reason, 'normal')
})

test('a caller who is to hear why hears why nobody could be called', () => {
  const flow = connecting({ relay_reason: true })
  ends(flow, { outcome: 'failed', issue: 'NO_ROUTE_TO_DESTINATION', cause: 20 })
  const { reason, cause } = flow.last('hangup')
  assert.deepEqual([reason, cause], ['failed', 20])
})

test('a key that is pressed while others are called or spoken to is remembered, the last one', () => {
  const flow = connecting()
  flow.press('42')
  assert.equal(flow.state.variables[DIGITS], '2')
  assert.deepEqual(flow.types, ['connect'])
})

test('an answer that comes with the connect does not end it', () => {
  const flow = connecting()
  flow.take({ type: 'answered', key: flow.last('connect').key })
  assert.deepEqual([flow.state.call?.answered, flow.state.current.id], [true, uuid(1)])
  ends(flow, { outcome: 'talked' })
  assert.ok(isAtEnd(flow))
})

test('a stop during connect hangs the caller up, and what comes of the connect changes nothing any more', () => {
  const flow = connecting()
  flow.take({ type: 'stop', reason: 'requested' })
  assert.deepEqual(flow.types, ['connect', 'hangup'])
  assert.equal(ends(flow, { outcome: 'talked' }), false)
})

test('a caller who leaves during connect ends the flow', () => {
  const flow = connecting()
  flow.take({ type: 'hungup' })
  assert.equal(flow.state.ended_reason, 'call_hungup')
  assert.deepEqual(flow.types, ['connect'])
  assert.equal(ends(flow, { outcome: 'unanswered' }), false)
})

test('the same end told twice moves the flow once', () => {
  const flow = connecting()
  assert.equal(ends(flow, { outcome: 'unanswered' }), true)
  assert.equal(ends(flow, { outcome: 'unanswered' }), false)
})

test('connect is passed over where there is no call', () => {
  const flow = VirtualFlow.api([action(1, 'connect', { destinations })]).start()
  assert.equal(flow.moves[1]?.executed?.cause, 'needs_call')
})
