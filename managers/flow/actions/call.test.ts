// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlaceOutcome } from '../engine/index.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const end = action(99, 'sleep', { duration: 1_000_000 })
const destinations = [{ type: 'sip', target: 'bob@example.com' }]
const placed = (flow: VirtualFlow, outcome: PlaceOutcome) =>
  flow.take({ type: 'calls_placed', key: flow.last('place_calls').key, outcome })

test('call asks for calls with a flow of their own, and goes on when they are made', () => {
  const option = {
    destinations,
    flow_id: uuid(7),
    actions: [action(1, 'answer')],
    chained: true,
    early_execution: true,
  }
  const flow = new VirtualFlow([action(1, 'call', option), end]).start()
  const { key: _, type: __, ...asked } = flow.last('place_calls')
  assert.deepEqual(asked, {
    destinations,
    flow: { flow_id: uuid(7) },
    chained: true,
    early_execution: true,
    anonymous: 'auto',
    free_only: false,
  })
  assert.equal(flow.state.current.id, uuid(1))
  placed(flow, { ok: true, skipped: [] })
  assert.equal(flow.state.current.id, uuid(99))
  assert.equal(flow.moves[1]?.executed?.cause, undefined)
})

test('the actions of a call have the variables of this flow put in; what is escaped is left for theirs', () => {
  const actions = [action(2, 'talk', { text: '${greeting} $${voipbin.call.id}' })]
  const flow = new VirtualFlow([action(1, 'call', { destinations, actions }), end], {
    bound: { greeting: 'Hello' },
  }).start()
  assert.deepEqual(flow.last('place_calls').flow, {
    actions: [{ ...action(2, 'talk'), option: { text: 'Hello ${voipbin.call.id}' } }],
  })
})

test('call runs without a call of its own too', () => {
  const flow = VirtualFlow.api([action(1, 'call', { destinations }), action(2, 'block')]).start()
  placed(flow, { ok: true, skipped: [] })
  assert.equal(flow.state.current.id, uuid(2))
})

test('destinations that were passed over are told beside the action, and the flow goes on', () => {
  const flow = new VirtualFlow([action(1, 'call', { destinations }), end]).start()
  placed(flow, { ok: true, skipped: ['[1] NO_ROUTE_TO_DESTINATION'] })
  assert.equal(flow.state.current.id, uuid(99))
  const { cause, result } = flow.moves[1]?.executed ?? {}
  assert.deepEqual([cause, result], ['destinations_skipped: [1] NO_ROUTE_TO_DESTINATION', undefined])
})

test('when nobody could be called the flow ends', () => {
  const flow = new VirtualFlow([action(1, 'call', { destinations }), end]).start()
  placed(flow, { ok: false, cause: 'INSUFFICIENT_BALANCE' })
  assert.equal(flow.state.ended_detail, 'call: calls_not_placed: INSUFFICIENT_BALANCE')
  assert.deepEqual(flow.types, ['place_calls', 'timer', 'hangup'])
})

test('a destination that a variable left empty is for the placing to judge', () => {
  const flow = new VirtualFlow([
    action(1, 'call', { destinations: [{ type: 'tel', target: '${nobody}' }] }),
    end,
  ]).start()
  assert.deepEqual(flow.last('place_calls').destinations, [{ type: 'tel', target: '' }])
})

test('what a caller without credentials started says so with every call that it asks for', () => {
  const flow = new VirtualFlow([action(1, 'call', { destinations }), end], { free_only: true }).start()
  assert.equal(flow.last('place_calls').free_only, true)
})

test('calls that are not made within half a minute are not waited for', () => {
  const flow = new VirtualFlow([action(1, 'call', { destinations: [{ type: 'sip', target: 'a@b.example' }] })]).start()
  flow.clock.advance(30_000)
  assert.equal(flow.state.ended_detail, 'call: calls_not_placed: late')
})
