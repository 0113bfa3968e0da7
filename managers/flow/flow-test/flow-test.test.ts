// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { type Clock, ManualClock } from '#platform/time'
import { checkActions } from '../check-actions.ts'
import type { FetchedFlow } from '../engine/index.ts'
import { action, uuid } from '../testing/virtual-flow.ts'
import { type FlowTestReport, testFlow } from './run-flow-test.ts'
import type { FlowTestScript } from './script.ts'

/** Tests a list of actions as it is written. */
async function run(
  written: object[],
  script: FlowTestScript = {},
  more: {
    on_complete_flow_id?: string
    flows?: Record<string, object[]>
    clock?: Clock
    signal?: AbortSignal
  } = {},
): Promise<FlowTestReport & { path: (string | undefined)[] }> {
  const ids = sequentialIds(1_000)
  const { actions, faults } = checkActions(written, ['actions'], ids)
  assert.deepEqual(faults, [])
  const { on_complete_flow_id = NIL_UUID, flows = {}, clock = new ManualClock(), signal } = more
  const flow = { id: uuid(1), customer_id: uuid(2), actions, on_complete_flow_id }
  const flowOf = async (flow_id: string): Promise<FetchedFlow | undefined> => {
    const found = flows[flow_id]
    return found && { flow_id, actions: checkActions(found, [], ids).actions, on_complete_flow_id: NIL_UUID }
  }
  const report = await testFlow(flow, script, { ids, clock, flowOf, ...(signal ? { signal } : {}) })
  const [first] = report.executions
  return { ...report, path: first?.executed_actions.slice(1).map(({ type }) => type) ?? [] }
}

const MENU = [
  { type: 'answer' },
  { id: 'ask', type: 'talk', option: { text: 'Press 1 for sales, 2 for support.' } },
  { type: 'digits_receive', option: { duration: 5_000, length: 1 } },
  { type: 'branch', option: { target_ids: { '1': 'sales', '2': 'support' }, default_target_id: 'again' } },
  { id: 'again', type: 'goto', option: { target_id: 'ask', loop_count: 2 } },
  { type: 'talk', option: { text: 'Goodbye.' } },
  { type: 'hangup' },
  { id: 'sales', type: 'talk', option: { text: 'Sales.' } },
  { type: 'connect', option: { destinations: [{ type: 'sip', target: 'sales@example.com' }] } },
  { type: 'hangup' },
  { id: 'support', type: 'talk', option: { text: 'Support.' } },
  { type: 'hangup' },
]

test('a caller of the script hears what a caller would hear, and his keys lead where they lead', async () => {
  const { heard, verdict, executions, path } = await run(MENU, {
    caller: [{ hears: 'Press 1', after_ms: 1_000, press: '2' }],
  })
  assert.deepEqual(heard, ['Press 1 for sales, 2 for support.', 'Support.'])
  assert.deepEqual(path, ['answer', 'talk', 'digits_receive', 'branch', 'talk'])
  assert.equal(verdict, 'ended')
  assert.equal(executions[0]?.ended_reason, 'call_hungup')
})

test('a caller who presses nothing is asked three times', async () => {
  const { heard, coverage } = await run(MENU)
  assert.deepEqual(heard, [...Array(3).fill('Press 1 for sales, 2 for support.'), 'Goodbye.'])
  const [, , byDefault] = coverage.branches
  assert.deepEqual([byDefault?.ways, byDefault?.times], [['default'], 3])
  assert.deepEqual(
    coverage.branches.map(({ ways, times }) => [ways.join(), times]),
    [
      ['=1', 0],
      ['=2', 0],
      ['default', 3],
      ['jump', 2],
      ['next', 1],
    ],
  )
  assert.equal(coverage.branches_covered, 3 / 5)
  assert.equal(coverage.actions.filter(({ times }) => times === 0).length, 5)
})

test('callees do what the script says, one after the other, and the last goes on so', async () => {
  const connect = { type: 'connect', option: { destinations: [{ type: 'sip', target: 'a@example.com' }] } }
  const status = (id: string) => ({ type: 'variable_set', option: { key: id, value: '${voipbin.call.status}' } })
  const { executions, timeline, duration_ms } = await run([connect, status('first'), connect, status('second')], {
    callees: [
      { outcome: 'unanswered', rings_ms: 20_000 },
      { outcome: 'talked', rings_ms: 5_000, talks_ms: 60_000 },
    ],
  })
  assert.equal(executions[0]?.variables.first, 'ringing')
  assert.equal(executions[0]?.variables.second, 'progressing')
  assert.equal(duration_ms, 85_000)
  assert.deepEqual(
    timeline.filter(({ who }) => who === 'outside').map(({ what, at_ms }) => [what, at_ms]),
    [
      ['connect', 0],
      ['connect_ended', 20_000],
      ['connect', 20_000],
      ['connect_answered', 25_000],
      ['connect_ended', 85_000],
    ],
  )
})

test('servers answer as the script says: variables, actions, a failure, or too late', async () => {
  const ask = { type: 'webhook_send', option: { uri: 'https://example.com/who', sync: true } }
  const { heard, executions } = await run(
    [
      ask,
      { type: 'talk', option: { text: 'Hello ${name}.' } },
      ask,
      { type: 'fetch', option: { event_url: 'https://example.com/next' } },
      { type: 'fetch', option: { event_url: 'https://example.com/late' } },
      { type: 'beep' },
    ],
    {
      requests: [
        { uri: 'https://example.com/who', body: '{"name":"Almon"}' },
        { uri: 'https://example.com/who', fails: 'connect' },
        { uri: 'https://example.com/next', body: '[{"type":"talk","option":{"text":"Fetched."}}]' },
        { uri: 'https://example.com/late', body: '[]', after_ms: 11_000 },
      ],
    },
  )
  assert.deepEqual(heard, ['Hello Almon.', 'Fetched.'])
  const causes = executions[0]?.executed_actions.flatMap(({ cause }) => (cause === undefined ? [] : [cause]))
  assert.deepEqual(causes, ['webhook_failed: connect'])
  assert.equal(executions[0]?.ended_detail, 'fetch: fetch_failed: timeout')
})

test('a caller may hang up whenever he likes, and what he did not come to is counted', async () => {
  const { executions, duration_ms, caller_steps_left, path } = await run(MENU, {
    caller: [{ after_ms: 700, hangup: true }, { press: '1' }],
  })
  assert.equal(executions[0]?.ended_reason, 'call_hungup')
  assert.equal(duration_ms, 700)
  assert.equal(caller_steps_left, 1)
  assert.deepEqual(path, ['answer'])
})

test('a flow without a caller is tested without one; the time of day is the script’s', async () => {
  const { path, verdict, executions } = await run(
    [
      { type: 'talk', option: { text: 'Nobody hears this.' } },
      { type: 'condition_datetime', option: { condition: '>=', hour: 9, false_target_id: 'closed' } },
      { type: 'block' },
      { id: 'closed', type: 'stop' },
    ],
    { reference_type: 'api', tm_start: '2026-03-02T09:30:00Z', continue_after_ms: 60_000 },
  )
  assert.deepEqual(path, ['talk', 'condition_datetime', 'block'])
  assert.equal(executions[0]?.executed_actions[1]?.cause, 'needs_call')
  assert.equal(verdict, 'ended')
})

test('a flow that waits for what never comes says so', async () => {
  assert.equal((await run([{ type: 'block' }], { reference_type: 'api' })).verdict, 'waits')
  const forever = await run([{ type: 'echo', option: { duration: 90_000_000 } }])
  assert.equal(forever.verdict, 'too_long')
})

test('flows that are fetched and flows that follow run in the test too', async () => {
  const { executions, heard } = await run(
    [{ type: 'fetch_flow', option: { flow_id: uuid(8) } }],
    {},
    {
      on_complete_flow_id: uuid(9),
      flows: {
        [uuid(8)]: [{ type: 'talk', option: { text: 'From another flow.' } }],
        [uuid(9)]: [
          { type: 'webhook_send', option: { uri: 'https://example.com', data: '${voipbin.call.direction}' } },
        ],
      },
    },
  )
  assert.deepEqual(heard, ['From another flow.'])
  assert.deepEqual(
    executions.map(({ ended_reason, flow_id }) => [flow_id, ended_reason]),
    [
      [uuid(1), 'finished'],
      [uuid(9), 'finished'],
    ],
  )
  assert.equal(executions[1]?.variables['voipbin.activeflow.complete_count'], '1')
})

test('what other managers would do is scripted, or not available', async () => {
  const join = { type: 'queue_join', option: { queue_id: uuid(7) } }
  const say = { type: 'talk', option: { text: '${voipbin.queue.name}' } }
  const scripted = await run([join, say], {
    others: { queue_join: { set: { 'voipbin.queue.name': 'sales' }, after_ms: 5 } },
  })
  assert.deepEqual(scripted.heard, ['sales'])
  const { executions } = await run([join, say])
  assert.equal(executions[0]?.ended_detail, 'queue_join: action_not_available: queue_join')
})

test('recordings, calls and sounds may fail', async () => {
  const { executions, heard } = await run(
    [
      { type: 'answer' },
      { type: 'recording_start' },
      { type: 'play', option: { stream_urls: ['https://example.com/a.wav'] } },
      { type: 'talk', option: { text: 'Still here, ${voipbin.recording.id}' } },
      { type: 'call', option: { destinations: [{ type: 'sip', target: 'a@example.com' }] } },
    ],
    { recordings_fail: 'no_balance', calls_fail: 'NO_ROUTE_TO_DESTINATION', sounds: [{ fits: '.wav', fails: true }] },
  )
  const causes = executions[0]?.executed_actions.flatMap(({ cause }) => (cause === undefined ? [] : [cause]))
  assert.deepEqual(causes, ['recording_refused: no_balance', 'playback_failed: script'])
  assert.equal(executions[0]?.ended_detail, 'call: calls_not_placed: NO_ROUTE_TO_DESTINATION')
  assert.deepEqual(heard, ['Still here, '])
})

test('twenty minutes of a flow take a moment', async () => {
  const startedMs = performance.now()
  const { duration_ms } = await run([{ type: 'answer' }, { type: 'echo', option: { duration: 20 * 60_000 } }])
  assert.equal(duration_ms, 20 * 60_000)
  assert.ok(performance.now() - startedMs < 1_000)
})

test('a script that never stops pressing ends the test, not the platform', async () => {
  const caller = Array.from({ length: 200 }, () => ({ press: '12345678901234567890' }))
  const flow = [{ type: 'echo', option: { duration: 86_000_000 } }]
  const { verdict, timeline } = await run(flow, { caller })
  assert.equal(verdict, 'ended')
  assert.equal(timeline.filter(({ what }) => what === 'press').length, 4_000)
})

test('the report of a flow with long texts stays short', async () => {
  const long = 'x'.repeat(30_000)
  const talk = { type: 'talk', option: { text: '${long}' } }
  const report = await run([...Array(100).fill(talk)], { variables: { long } })
  assert.ok(JSON.stringify(report).length < 1_048_576)
})

test('whether a person or a machine answers is for the script to say', async () => {
  const flow = [
    { type: 'amd', option: { machine_handle: 'hangup' } },
    { type: 'talk', option: { text: 'Hello.' } },
  ]
  const person = await run(flow, { direction: 'outgoing' })
  assert.deepEqual(person.heard, ['Hello.'])
  const machine = await run(flow, { direction: 'outgoing', answered_by: 'MACHINE' })
  assert.deepEqual(machine.heard, [])
  assert.equal(machine.executions[0]?.variables['voipbin.call.amd.status'], 'MACHINE')
  assert.deepEqual(machine.timeline.at(-1), { at_ms: 3_000, who: 'flow', what: 'hangup', text: 'amd' })
})

/** A machine on which whatever lies between two looks at the clock has taken so long. */
function slowMachine(lookMs: number): Clock {
  const clock = new ManualClock()
  return {
    wallMs: () => clock.wallMs(),
    after: (ms, run) => clock.after(ms, run),
    monotonicMs: () => {
      clock.advance(lookMs)
      return clock.monotonicMs()
    },
  }
}

/** Keys without end: thousands of inputs. */
const KEYS = Array.from({ length: 200 }, () => ({ press: '12345678901234567890' }))
const LISTENS = [{ type: 'echo', option: { duration: 86_000_000 } }]

test('others get their turn every few milliseconds of a test, however many inputs that is', async () => {
  const turnsIn = async (clock: Clock) => {
    let turns = 0
    let goesOn = true
    const others = () => {
      turns++
      if (goesOn) setImmediate(others)
    }
    setImmediate(others)
    await run(LISTENS, { caller: KEYS.slice(0, 10) }, { clock })
    goesOn = false
    return turns
  }
  assert.ok((await turnsIn(slowMachine(5))) >= 90) // 200 keys, each of at least 5 ms
  assert.ok((await turnsIn(new ManualClock())) <= 1) // what takes no time makes nobody wait
})

test('a test that works too long ends as one that did too much', async () => {
  const { verdict, timeline } = await run(LISTENS, { caller: KEYS }, { clock: slowMachine(10) })
  assert.equal(verdict, 'too_busy')
  assert.ok(timeline.length <= 201)
})

test('waiting for a flow that is read is no work of the test', async () => {
  const clock = new ManualClock()
  const flow = { id: uuid(1), customer_id: uuid(2), actions: [action(1, 'fetch_flow', { flow_id: uuid(8) })] }
  const flowOf = async (flow_id: string) => {
    clock.advance(60_000)
    return { flow_id, actions: [], on_complete_flow_id: NIL_UUID }
  }
  const needs = { ids: sequentialIds(), clock, flowOf: (id: string) => Promise.resolve(id).then(flowOf) }
  assert.equal((await testFlow({ ...flow, on_complete_flow_id: NIL_UUID }, {}, needs)).verdict, 'ended')
})

test('a test that nobody waits for any more is given up', async () => {
  const nobody = new Error('the client has gone')
  const asked = new AbortController()
  setImmediate(() => asked.abort(nobody))
  const given = run(LISTENS, { caller: KEYS }, { clock: slowMachine(5), signal: asked.signal })
  await assert.rejects(given, nobody)
})

test('what other managers write in a test has the bounds that it has in a call', async () => {
  const ids = Array.from({ length: 20 }, (_, at) => `join${at}`)
  const set = (of: number) => Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`v${of}-${at}`, '1']))
  const push = ids.map((_, at) => ({
    type: 'webhook_send',
    option: { uri: `https://example.com/${at}`, sync: true },
  }))
  const requests = ids.map((_, at) => ({ uri: `https://example.com/${at}`, body: JSON.stringify(set(at)) }))
  const join = { type: 'queue_join', option: { queue_id: uuid(7) } }
  const { executions } = await run([...push, join], { requests, others: { queue_join: { set: set(99) } } })
  assert.equal(Object.keys(executions[0]?.variables ?? {}).length, 1_000)
})
