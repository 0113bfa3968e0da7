// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NIL_UUID } from '#platform/ids'
import { ACTION_TYPES } from '../actions/index.ts'
import { ACTION_ID_FINISH, ACTION_ID_START } from '../flow.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'
import type { Input } from './command.ts'
import { outstanding } from './state.ts'

const set = (number: number, key: string, value: string, next?: number) =>
  action(number, 'variable_set', { key, value }, next)

test('actions run in the order of the list, then the flow is finished', () => {
  const flow = VirtualFlow.api([set(1, 'a', '1'), set(2, 'b', '${a}2')]).start()
  assert.deepEqual(flow.path, [1, 2])
  assert.equal(flow.state.status, 'ended')
  assert.equal(flow.state.ended_reason, 'finished')
  assert.equal(flow.state.current.id, ACTION_ID_FINISH)
  assert.equal(flow.state.variables.b, '12')
})

test('an empty flow is finished at once', () => {
  const flow = VirtualFlow.api([]).start()
  assert.equal(flow.state.ended_reason, 'finished')
  assert.deepEqual(
    flow.moves.map(({ executed }) => executed?.id),
    [ACTION_ID_START],
  )
})

test('the history begins with the start and has each action as often as it ran', () => {
  const flow = VirtualFlow.api([set(1, 'a', '1'), action(2, 'goto', { target_id: uuid(1), loop_count: 1 })]).start()
  const history = flow.moves.map(({ executed }) => executed?.id)
  assert.deepEqual(history, [ACTION_ID_START, uuid(1), uuid(2), uuid(1), uuid(2)])
})

test('next_id overrides the order of the list', () => {
  assert.deepEqual(VirtualFlow.api([set(1, 'a', '', 3), set(2, 'b', ''), set(3, 'c', '')]).start().path, [1, 3])
})

test('a next_id that is nowhere finishes the flow', () => {
  assert.deepEqual(VirtualFlow.api([set(1, 'a', '', 9), set(2, 'b', '')]).start().path, [1])
})

test('a fetched flow is worked through, then the action after fetch_flow comes', () => {
  const flow = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) }), set(2, 'end', '1')]).start()
  const { key, flow_id } = flow.last('fetch_flow')
  assert.equal(flow_id, uuid(0xff))
  flow.take({ type: 'flow_fetched', key, flow: fetched([set(11, 'in', '1'), set(12, 'in', '2')]) })
  assert.deepEqual(flow.path, [1, 11, 12, 2])
  assert.equal(flow.state.variables.in, '2')
})

test('when a fetched flow is done, the next_id of fetch_flow is honoured', () => {
  const flow = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) }, 3), set(2, 'a', ''), set(3, 'b', '')])
  flow.start()
  flow.take({ type: 'flow_fetched', key: flow.last('fetch_flow').key, flow: fetched([set(11, 'c', '')]) })
  assert.deepEqual(flow.path, [1, 11, 3])
})

test('a fetched flow may jump outwards, which leaves it, but nothing may jump into it', () => {
  const outwards = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) }), set(2, 'a', ''), set(3, 'b', '')])
  outwards.start()
  const jump = [action(11, 'goto', { target_id: uuid(3) }), set(12, 'c', '')]
  outwards.take({ type: 'flow_fetched', key: outwards.last('fetch_flow').key, flow: fetched(jump) })
  assert.deepEqual(outwards.path, [1, 11, 3])

  const inwards = VirtualFlow.api([
    action(1, 'fetch_flow', { flow_id: uuid(0xff) }),
    action(2, 'goto', { target_id: uuid(11) }),
  ])
  inwards.start()
  inwards.take({ type: 'flow_fetched', key: inwards.last('fetch_flow').key, flow: fetched([set(11, 'c', '')]) })
  assert.equal(inwards.state.ended_reason, 'action_failed')
  assert.equal(inwards.state.ended_detail, `goto: target_unknown: ${uuid(11)}`)
})

test('an empty fetched flow is nothing', () => {
  const flow = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) }), set(2, 'a', '')]).start()
  flow.take({ type: 'flow_fetched', key: flow.last('fetch_flow').key, flow: fetched([]) })
  assert.deepEqual(flow.path, [1, 2])
})

test('a flow that is not there ends the flow that fetches it', () => {
  const flow = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) })]).start()
  flow.take({ type: 'flow_fetched', key: flow.last('fetch_flow').key, flow: undefined })
  assert.equal(flow.state.ended_detail, `fetch_flow: flow_not_found: ${uuid(0xff)}`)
  assert.equal(flow.state.current.result, 'failed')
})

test('a flow runs 101 actions and ends at the next with a visible cause', () => {
  const loop = VirtualFlow.api([set(1, 'a', ''), action(2, 'goto', { target_id: uuid(1) })]).start()
  assert.equal(loop.path.length, 101)
  assert.equal(loop.state.ended_reason, 'step_limit')
  const longest = VirtualFlow.api(Array.from({ length: 100 }, (_, at) => set(at + 1, 'a', ''))).start()
  assert.equal(longest.state.ended_reason, 'finished')
})

test('a flow that fetches itself ends at the hundredth stack with a visible cause', () => {
  const flow = VirtualFlow.api([action(1, 'fetch_flow', { flow_id: uuid(0xff) })]).start()
  while (flow.state.status === 'running') {
    const actions = [action(1, 'fetch_flow', { flow_id: uuid(0xff) })]
    flow.take({ type: 'flow_fetched', key: flow.last('fetch_flow').key, flow: fetched(actions) })
  }
  assert.equal(flow.state.ended_reason, 'stack_limit')
})

test('what needs a call is passed over without one, and the history says so', () => {
  const flow = VirtualFlow.api([action(1, 'answer'), action(2, 'talk', { text: 'x' })]).start()
  assert.deepEqual(flow.types, [])
  const skipped = flow.moves.flatMap(({ executed }) =>
    executed?.result ? [`${executed.result} ${executed.cause}`] : [],
  )
  assert.deepEqual(skipped, ['skipped needs_call', 'skipped needs_call'])
})

test('block is passed over on a call', () => {
  const flow = new VirtualFlow([action(1, 'block'), action(2, 'sleep', { duration: 1 })]).start()
  assert.equal(flow.moves[1]?.executed?.cause, 'needs_no_call')
})

test('sleep waits everywhere', () => {
  const flow = VirtualFlow.api([action(1, 'sleep', { duration: 5_000 }), set(2, 'a', '1')]).start()
  flow.clock.advance(4_999)
  assert.equal(flow.state.status, 'running')
  flow.clock.advance(1)
  assert.equal(flow.state.status, 'ended')
})

test('a failure that does not end the flow is noted, and the next action comes', () => {
  const flow = VirtualFlow.api([set(1, 'voipbin.call.id', 'x'), set(2, 'a', '1')]).start()
  assert.deepEqual(flow.moves[1]?.executed?.result, 'failed')
  assert.equal(flow.moves[1]?.executed?.cause, 'variable_reserved: voipbin.call.id')
  assert.equal(flow.state.variables.a, '1')
})

test('options are substituted before each run, shown as they ran, and checked then', () => {
  const flow = VirtualFlow.api([set(1, 'wait', 'nonsense'), action(2, 'fetch_flow', { flow_id: '${wait}' })]).start()
  assert.equal(flow.state.ended_reason, 'action_failed')
  assert.match(flow.state.ended_detail, /^fetch_flow: option_invalid: flow_id must match format/)
  assert.deepEqual(flow.state.current.option, { flow_id: 'nonsense' })
})

test('names that no variable has are shown with the action', () => {
  const flow = VirtualFlow.api([set(1, 'a', '${nobody}')]).start()
  assert.deepEqual(flow.moves[1]?.executed?.unresolved, ['nobody'])
})

test('an action that nobody carries out fails visibly and ends the flow only where its failure does', () => {
  const refuse = (flow: VirtualFlow) =>
    flow.take({ type: 'asked', key: flow.last('ask').key, outcome: { ok: false, cause: 'action_not_available: x' } })
  const goesOn = new VirtualFlow([action(1, 'transcribe_stop'), action(2, 'sleep', { duration: 1 })]).start()
  refuse(goesOn)
  assert.equal(goesOn.moves[1]?.executed?.cause, 'action_not_available: x')
  assert.equal(goesOn.state.status, 'running')
  const ends = new VirtualFlow([action(1, 'queue_join', { queue_id: uuid(7) })]).start()
  refuse(ends)
  assert.equal(ends.state.ended_detail, 'queue_join: action_not_available: x')
  assert.equal(ends.types.at(-1), 'hangup')
})

test('the end hangs the call up', () => {
  const flow = new VirtualFlow([action(1, 'sleep', { duration: 10 })]).start()
  flow.clock.advance(10)
  assert.deepEqual(flow.types, ['timer', 'hangup'])
  assert.equal(flow.last('hangup').reason, 'normal')
})

test('the end of the call ends the flow, and nobody is hung up twice', () => {
  const flow = new VirtualFlow([action(1, 'sleep', { duration: 10 })]).start()
  assert.equal(flow.take({ type: 'hungup' }), true)
  assert.equal(flow.state.ended_reason, 'call_hungup')
  assert.deepEqual(flow.types, ['timer'])
  assert.equal(flow.take({ type: 'hungup' }), false)
})

test('stop ends it wherever it stands, once', () => {
  const flow = VirtualFlow.api([action(1, 'block')]).start()
  assert.equal(flow.take({ type: 'stop', reason: 'requested' }), true)
  assert.equal(flow.state.ended_reason, 'requested')
  assert.equal(flow.take({ type: 'stop', reason: 'requested' }), false)
})

test('block waits for continue, of this action if one is named', () => {
  const flow = VirtualFlow.api([set(1, 'a', ''), action(2, 'block'), set(3, 'b', '1')])
  assert.equal(flow.take({ type: 'continue' }), false)
  flow.start()
  assert.equal(flow.take({ type: 'continue', action_id: uuid(1) }), false)
  assert.equal(flow.take({ type: 'continue', action_id: uuid(2) }), true)
  assert.equal(flow.state.variables.b, '1')
  assert.equal(flow.take({ type: 'continue' }), false)
})

test('a second start, a stale timer and an answer to an earlier action change nothing', () => {
  const flow = new VirtualFlow([action(1, 'beep'), action(2, 'sleep', { duration: 10 }), action(3, 'beep')]).start()
  const beep = flow.last('beep').key
  assert.equal(flow.take({ type: 'start' }), false)
  flow.heard()
  const state = structuredClone(flow.state)
  assert.equal(flow.take({ type: 'played', key: beep, outcome: 'finished' }), false)
  assert.equal(flow.take({ type: 'timer', key: beep }), false)
  assert.deepEqual(flow.state, state)
})

test('every effect has a key of its own', () => {
  const flow = new VirtualFlow([action(1, 'beep'), action(2, 'beep'), action(3, 'talk', { text: 'x', async: true })])
  flow.start()
  flow.heard()
  flow.heard()
  assert.equal(new Set(flow.commands.map(({ key }) => key)).size, flow.commands.length)
  assert.match(flow.commands[0]?.key ?? '', new RegExp(`^${uuid(0xaf)}:\\d+$`))
})

test('the on-complete flow starts with the end, four hops deep and no further', () => {
  const end = (complete_count: number) => {
    const flow = VirtualFlow.api([], { on_complete_flow_id: uuid(0xcc), complete_count }).start()
    return { types: flow.types, detail: flow.state.ended_detail }
  }
  for (const depth of [0, 1, 2, 3]) assert.deepEqual(end(depth), { types: ['complete'], detail: '' })
  assert.deepEqual(end(4), { types: [], detail: 'on-complete flow not started: more than 5 in a chain' })
})

test('an execution without actions reads its flow first, and its on-complete flow with it', () => {
  const flow = VirtualFlow.api(undefined).start()
  const { key } = flow.last('fetch_flow')
  flow.take({ type: 'flow_fetched', key, flow: { ...fetched([set(1, 'a', '')]), on_complete_flow_id: uuid(0xcc) } })
  assert.equal(flow.state.ended_reason, 'finished')
  assert.equal(flow.last('complete').flow_id, uuid(0xcc))
})

test('an execution whose flow is gone ends and says so', () => {
  const flow = VirtualFlow.api(undefined).start()
  flow.take({ type: 'flow_fetched', key: flow.last('fetch_flow').key, flow: undefined })
  assert.equal(flow.state.ended_reason, 'flow_not_found')
})

test('who takes over asks again for what is awaited, under the same keys; timers run for what is left', () => {
  const flow = VirtualFlow.api([action(1, 'webhook_send', { uri: 'https://example.com', sync: true })]).start()
  flow.clock.advance(10_000)
  const again = outstanding(flow.state, flow.clock.wallMs())
  assert.deepEqual(
    again.map(({ key }) => key),
    flow.commands.map(({ key }) => key),
  )
  assert.equal(again.find((command) => command.type === 'timer')?.after_ms, 20_000)
})

test('placeholders that grow beyond all measure fail the action', () => {
  const flow = VirtualFlow.api([set(1, 'v', 'x'.repeat(30_000)), set(2, 'w', '${v}'.repeat(50)), set(3, 'end', '1')])
  flow.start()
  assert.equal(flow.moves[2]?.executed?.cause, 'options_too_large')
  assert.equal(flow.state.variables.end, '1')
})

test('whatever comes in, a flow runs at most 101 actions and an ended one stays as it is', () => {
  const anyAction = fc.record({
    type: fc.constantFrom(...ACTION_TYPES),
    next: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    option: fc.constantFrom<Record<string, unknown>>(
      {},
      { duration: 5 },
      { target_id: uuid(1) },
      { target_id: uuid(2), loop_count: 3 },
      { key: 'k', value: '${k}x' },
      { text: 'hello' },
      { flow_id: uuid(0xff) },
      { default_target_id: uuid(1) },
    ),
  })
  const anyInput: fc.Arbitrary<(flow: VirtualFlow) => Input> = fc.oneof(
    fc.constant(() => ({ type: 'start' }) as const),
    fc.constantFrom('1', '#', '5').map((digit) => () => ({ type: 'digit', digit }) as const),
    fc.constant((flow: VirtualFlow) => ({ type: 'timer', key: keyOf(flow) }) as const),
    fc.constant((flow: VirtualFlow) => ({ type: 'played', key: keyOf(flow), outcome: 'finished' }) as const),
    fc.constant((flow: VirtualFlow) => ({ type: 'answered', key: keyOf(flow) }) as const),
    fc.constant(
      (flow: VirtualFlow) =>
        ({ type: 'flow_fetched', key: keyOf(flow), flow: fetched([action(1, 'beep'), action(2, 'goto')]) }) as const,
    ),
    fc.constant(() => ({ type: 'continue' }) as const),
    fc.constant(() => ({ type: 'hungup' }) as const),
  )
  const keyOf = (flow: VirtualFlow) => flow.commands.at(-1)?.key ?? ''
  fc.assert(
    fc.property(
      fc.array(anyAction, { maxLength: 8 }),
      fc.array(anyInput, { maxLength: 40 }),
      fc.boolean(),
      (written, inputs, onCall) => {
        const actions = written.map(({ type, next, option }, at) => action(at + 1, type, option, next))
        const flow = onCall ? new VirtualFlow(actions) : VirtualFlow.api(actions)
        flow.start()
        for (const input of inputs) flow.take(input(flow))
        assert.ok(flow.state.execute_count <= 102)
        assert.ok(flow.moves.filter(({ executed }) => executed).length <= 102)
        assert.ok(flow.state.stacks.length <= 100)
        if (flow.state.status !== 'ended') return
        const ended = structuredClone(flow.state)
        for (const input of inputs) assert.equal(flow.take(input(flow)), false)
        assert.deepEqual(flow.state, ended)
      },
    ),
    { numRuns: 300 },
  )
})

function fetched(actions: ReturnType<typeof action>[]) {
  return { flow_id: uuid(0xff), actions, on_complete_flow_id: NIL_UUID }
}
