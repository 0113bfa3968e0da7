// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { DIGITS } from '../engine/variables.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const set = (number: number) => action(number, 'variable_set', { key: 'seen', value: String(number) })

/** Runs the action; gives the numbers of those that ran. */
function run(type: string, option: Record<string, unknown>, variables: Record<string, string> = {}): VirtualFlow {
  return VirtualFlow.api([action(1, type, option), set(2), action(3, 'stop'), set(4)], { bound: variables }).start()
}

const target = uuid(4)

test('branch goes to the action of the value, and empties the variable', () => {
  const flow = run('branch', { target_ids: { '1': target } }, { [DIGITS]: '1' })
  assert.deepEqual(flow.path, [1, 4])
  assert.equal(flow.state.variables[DIGITS], '')
})

test('branch goes to its default when no value fits, and on when there is none', () => {
  assert.deepEqual(
    run('branch', { target_ids: { '1': uuid(2) }, default_target_id: target }, { [DIGITS]: '2' }).path,
    [1, 4],
  )
  assert.deepEqual(run('branch', { target_ids: { '1': target } }, { [DIGITS]: '2' }).path, [1, 2, 3])
  assert.deepEqual(run('branch', { default_target_id: NIL_UUID }).path, [1, 2, 3])
})

test('branch on the empty value fits when nothing was pressed', () => {
  assert.deepEqual(run('branch', { target_ids: { '': target } }).path, [1, 4])
})

test('branch reads any variable by its plain name', () => {
  assert.deepEqual(run('branch', { variable: 'mood', target_ids: { good: target } }, { mood: 'good' }).path, [1, 4])
})

test('branch does not mistake what every object has for a target', () => {
  assert.deepEqual(run('branch', { target_ids: {} }, { [DIGITS]: 'toString' }).path, [1, 2, 3])
})

test('branch to an action that is nowhere ends the flow', () => {
  const flow = run('branch', { default_target_id: uuid(77) })
  assert.equal(flow.state.ended_detail, `branch: target_unknown: ${uuid(77)}`)
})

const comparisons: [string, unknown, string, Record<string, unknown>, boolean][] = [
  ['${v}', '==', 'abc', { value_type: 'string', value_string: 'abc' }, true],
  ['v', '==', 'abc', { value_type: 'string', value_string: 'abc' }, true],
  ['plain text', '==', 'abc', { value_type: 'string', value_string: 'plain text' }, true],
  ['v', '!=', 'abc', { value_type: 'string', value_string: 'abc' }, false],
  ['v', '<', 'B', { value_type: 'string', value_string: 'a' }, true],
  ['v', '>=', 'ü', { value_type: 'string', value_string: 'z' }, true],
  ['v', '>', '10', { value_type: 'number', value_number: 9.5 }, true],
  ['v', '<=', '0.1', { value_type: 'number', value_number: 0.1 }, true],
  ['v', '==', '', { value_type: 'number', value_number: 0 }, false],
  ['v', '!=', 'ten', { value_type: 'number', value_number: 10 }, false],
  ['v', '==', 'äöü', { value_type: 'length', value_length: 3 }, true],
  ['v', '>', '👍', { value_type: 'length', value_length: 1 }, false],
  ['v', '=~', 'abc', { value_type: 'string', value_string: 'abc' }, false],
  ['v', '==', 'abc', { value_type: 'colour', value_string: 'abc' }, false],
]
for (const [variable, condition, v, value, holds] of comparisons)
  test(`condition_variable: ${variable} = "${v}" ${condition} ${JSON.stringify(value)} is ${holds}`, () => {
    const flow = run('condition_variable', { condition, variable, ...value, false_target_id: target }, { v })
    assert.deepEqual(flow.path, holds ? [1, 2, 3] : [1, 4])
  })

test('a condition that does not hold and has no target ends the flow', () => {
  const flow = run('condition_variable', { condition: '==', value_type: 'string', value_string: 'x' })
  assert.equal(flow.state.ended_reason, 'action_failed')
})

// The clock stands on Friday, 2 January 2026, 03:04:05 UTC.
const moments: [Record<string, unknown>, boolean][] = [
  [{ condition: '==' }, true],
  [{ condition: '==', hour: 3 }, true],
  [{ condition: '==', hour: 3, minute: 5 }, false],
  [{ condition: '!=', hour: 3, minute: 5 }, true],
  [{ condition: '<', hour: 17, minute: 0 }, true],
  [{ condition: '>=', hour: 2, minute: 30 }, true],
  [{ condition: '>=', hour: 3, minute: 4 }, true],
  [{ condition: '>', hour: 3, minute: 4 }, false],
  [{ condition: '<=', hour: 0, minute: -1 }, false],
  [{ condition: '>=', month: 1, day: 2 }, true],
  [{ condition: '<', month: 1, day: 2, hour: 4 }, true],
  [{ condition: '==', month: 0, day: 0, hour: -1, minute: -1 }, true],
  [{ condition: '==', weekdays: [5] }, true],
  [{ condition: '!=', weekdays: [5] }, true],
  [{ condition: '==', weekdays: [0, 6] }, false],
  [{ condition: '==', weekdays: [], hour: 3 }, true],
]
for (const [option, holds] of moments)
  test(`condition_datetime at Friday 2 January 03:04: ${JSON.stringify(option)} is ${holds}`, () => {
    assert.deepEqual(run('condition_datetime', { ...option, false_target_id: target }).path, holds ? [1, 2, 3] : [1, 4])
  })

test('goto without a count jumps every time', () => {
  const flow = VirtualFlow.api([set(1), action(2, 'goto', { target_id: uuid(1) })]).start()
  assert.equal(flow.state.ended_reason, 'step_limit')
})

test('goto jumps exactly as often as it says, also when it is reached again', () => {
  const inner = [set(1), action(2, 'goto', { target_id: uuid(1), loop_count: 2 })]
  const flow = VirtualFlow.api([...inner, action(3, 'goto', { target_id: uuid(1), loop_count: 1 })]).start()
  assert.deepEqual(flow.path, [1, 2, 1, 2, 1, 2, 3, 1, 2, 3])
  assert.equal(flow.state.ended_reason, 'finished')
})

test('goto with 0 or less never jumps', () => {
  for (const loop_count of [0, -1])
    assert.deepEqual(
      VirtualFlow.api([set(1), action(2, 'goto', { target_id: uuid(1), loop_count })]).start().path,
      [1, 2],
    )
})

test('a fetched flow that is fetched again counts its goto anew', () => {
  const flow = VirtualFlow.api([
    action(1, 'fetch_flow', { flow_id: uuid(0xff) }),
    action(2, 'fetch_flow', { flow_id: uuid(0xff) }),
  ]).start()
  const actions = [set(11), action(12, 'goto', { target_id: uuid(11), loop_count: 1 })]
  for (let time = 0; time < 2; time++)
    flow.take({
      type: 'flow_fetched',
      key: flow.last('fetch_flow').key,
      flow: { flow_id: uuid(0xff), actions, on_complete_flow_id: NIL_UUID },
    })
  assert.deepEqual(flow.path, [1, 11, 12, 11, 12, 2, 11, 12, 11, 12])
})

test('variable_set writes what its value stands for now', () => {
  const flow = VirtualFlow.api([action(1, 'variable_set', { key: 'k${n}', value: '${v}!' })], {
    bound: { n: '1', v: 'x' },
  })
  flow.start()
  assert.equal(flow.state.variables.k1, 'x!')
})

const webhook = (option: Record<string, unknown>, variables: Record<string, string> = {}) =>
  VirtualFlow.api([action(1, 'webhook_send', { uri: 'https://example.com/x', ...option }), action(2, 'block')], {
    bound: variables,
  }).start()
const answer = (flow: VirtualFlow, status: number, body: string) =>
  flow.take({ type: 'webhook_sent', key: flow.last('send_webhook').key, outcome: { ok: true, status, body } })

test('webhook_send sends its body as it is, and goes on when it is handed over', () => {
  const flow = webhook({ method: 'PUT', data_type: 'text/plain', data: 'a=${v}' }, { v: '"' })
  const { type: _, key, ...request } = flow.last('send_webhook')
  assert.equal(key, `${uuid(0xaf)}:1`)
  assert.deepEqual(request, {
    uri: 'https://example.com/x',
    method: 'PUT',
    data_type: 'text/plain',
    data: 'a="',
    sync: false,
  })
  answer(flow, 200, '{"not":"read"}')
  assert.equal(flow.state.current.type, 'block')
  assert.equal(flow.state.variables.not, undefined)
})

test('webhook_send is POST and JSON unless it says otherwise', () => {
  const { method, data_type } = webhook({}).last('send_webhook')
  assert.deepEqual([method, data_type], ['POST', 'application/json'])
})

test('the scalars of a synchronous answer become variables; names of the platform and the rest do not', () => {
  const flow = webhook({ sync: true })
  answer(flow, 200, '{"a":1,"b":true,"c":"x","d":null,"e":{},"voipbin.call.id":"forged"}')
  const { a, b, c, d, e } = flow.state.variables
  assert.deepEqual([a, b, c, d, e], ['1', 'true', 'x', undefined, undefined])
  assert.equal(flow.state.variables['voipbin.call.id'], undefined)
})

test('text that a database cannot hold is not taken from a synchronous answer, so that the execution goes on', () => {
  const flow = webhook({ sync: true })
  answer(flow, 200, '{"nul":"x\\u0000y","half":"\\ud800","a\\u0000":"1","whole":"\\ud83d\\ude00"}')
  const { variables } = flow.state
  assert.equal(variables.whole, '\u{1f600}')
  assert.doesNotMatch(JSON.stringify(variables), /\\u0000|\\ud800/)
  assert.equal(flow.state.current.type, 'block')
})

test('an answer that is no JSON object, or no success, sets nothing and stops nothing', () => {
  for (const [status, body] of [
    [200, '[1]'],
    [200, 'x'],
    [404, '{"a":1}'],
  ] as const) {
    const flow = webhook({ sync: true })
    answer(flow, status, body)
    assert.equal(flow.state.current.type, 'block')
    assert.equal(flow.state.variables.a, undefined)
  }
})

test('a webhook that cannot be sent is noted and stops nothing', () => {
  const flow = webhook({ sync: true })
  const { key } = flow.last('send_webhook')
  flow.take({ type: 'webhook_sent', key, outcome: { ok: false, cause: 'address_refused' } })
  assert.equal(flow.moves[1]?.executed?.cause, 'webhook_failed: address_refused')
  assert.equal(flow.state.current.type, 'block')
})

test('a synchronous webhook is waited for 30 s, a hand-over 5 s', () => {
  for (const [sync, ms] of [
    [true, 30_000],
    [false, 5_000],
  ] as const) {
    const flow = webhook({ sync })
    flow.clock.advance(ms - 1)
    assert.equal(flow.state.current.type, 'webhook_send')
    flow.clock.advance(1)
    assert.equal(flow.moves[1]?.executed?.cause, 'webhook_timeout')
    assert.equal(answer(flow, 200, '{}'), false)
  }
})

test('of an answer only as much is taken as the variables can hold, and the rest is told', () => {
  const flow = run('webhook_send', { uri: 'https://example.com', sync: true })
  const body = JSON.stringify({
    ...Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`v${at}`, 'x'.repeat(30_000)])),
    'voipbin.call.id': 'forged',
    last: 'y',
  })
  flow.take({ type: 'webhook_sent', key: flow.last('send_webhook').key, outcome: { ok: true, status: 200, body } })
  assert.equal(
    flow.moves.find(({ executed }) => executed?.type === 'webhook_send')?.executed?.cause,
    'variables_dropped: voipbin.call.id, v8',
  )
  assert.equal(flow.state.variables.last, 'y')
})

test('an answer that is larger than is kept sets nothing and says so', () => {
  const flow = run('webhook_send', { uri: 'https://example.com', sync: true })
  const outcome = { ok: true, status: 200, body: '{"a":1', truncated: true } as const
  flow.take({ type: 'webhook_sent', key: flow.last('send_webhook').key, outcome })
  assert.equal(
    flow.moves.find(({ executed }) => executed?.type === 'webhook_send')?.executed?.cause,
    'answer_too_large',
  )
})
