// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { migrations as directMigrations } from '#managers/direct'
import { NIL_UUID, systemIds } from '#platform/ids'
import { timestamp } from '#platform/time'
import { eventually, freshDatabase } from '#testkit'
import { flowErrors } from './errors.ts'
import { migrations } from './migrations/index.ts'
import { dialledCall, FakeCall, ringingCall, SOUND_MS } from './testing/fake-call.ts'
import { FlowPlatform } from './testing/flow-platform.ts'

const platform = new FlowPlatform(await freshDatabase([...directMigrations, ...migrations]))
platform.runtime.start()
after(() => platform.stop())

const alice = systemIds.uuid()
const { activeflows, flows, clock } = platform

const save = (actions: object[], on_complete_flow_id = NIL_UUID) =>
  flows.create(alice, { name: 'f', detail: '', actions: actions as { type: string }[], on_complete_flow_id })
const start = (actions: object[], variables: Record<string, string> = {}) =>
  activeflows.create(alice, { actions: actions as { type: string }[], variables })
/** A call that comes in for a flow of these actions. */
async function callIn(actions: object[], on_complete_flow_id?: string) {
  const flow = await save(actions, on_complete_flow_id)
  const call = ringingCall(systemIds.uuid(), alice)
  const prepared = await platform.runtime.prepareIncoming({ call, flow: { flow_id: flow.id }, anonymous: false })
  assert.ok(prepared)
  const live = new FakeCall(clock, { ...call, activeflow_id: prepared.activeflow_id })
  prepared.start(live)
  return { live, id: prepared.activeflow_id, flow, call }
}
const row = async (id: string) => activeflows.get(alice, id)
const until = (id: string, stands: (activeflow: Awaited<ReturnType<typeof row>>) => boolean) =>
  eventually('the activeflow stands there', async () => {
    const activeflow = await row(id).catch(() => undefined) // a call's flow is written a moment after it began
    return activeflow && stands(activeflow) ? activeflow : undefined
  })
const untilEnded = (id: string) => until(id, ({ status }) => status === 'ended')
const untilAt = (id: string, type: string) => until(id, ({ current_action }) => current_action.type === type)
const childOf = (id: string) =>
  eventually('the on-complete flow is there', async () => {
    const { result } = await activeflows.list(alice, {})
    return result.find(({ reference_activeflow_id }) => reference_activeflow_id === id)
  })

const MENU = [
  { type: 'answer' },
  { type: 'talk', option: { text: 'Welcome. Press 1 for an echo test.' } },
  { type: 'digits_receive', option: { duration: 10_000, length: 1 } },
  { type: 'branch', option: { target_ids: { '1': 'one' }, default_target_id: 'bye' } },
  { id: 'one', type: 'talk', option: { text: 'You pressed one.' } },
  { type: 'echo', option: { duration: 20_000 } },
  { type: 'hangup' },
  { id: 'bye', type: 'talk', option: { text: 'Goodbye.' } },
  { type: 'hangup' },
]

test('a caller who presses 1 in the menu is understood and gets the echo', async () => {
  const { live, id } = await callIn(MENU)
  clock.advance(0)
  clock.advance(SOUND_MS)
  live.press('1')
  clock.advance(SOUND_MS)
  clock.advance(19_999)
  assert.deepEqual(live.heard, ['answered', '"Welcome. Press 1 for an echo test."', '"You pressed one."', 'echo 20000'])
  clock.advance(1)
  assert.equal(live.heard.at(-1), 'hangup normal')
  const { executed_actions, ended_reason } = await untilEnded(id)
  assert.equal(ended_reason, 'call_hungup')
  assert.deepEqual(
    executed_actions.map(({ type }) => type),
    ['', 'answer', 'talk', 'digits_receive', 'branch', 'talk', 'echo'],
  )
})

test('a caller who presses nothing is told goodbye after ten seconds', async () => {
  const { live, id } = await callIn(MENU)
  clock.advance(0)
  clock.advance(SOUND_MS)
  clock.advance(9_999)
  assert.equal(live.heard.length, 2)
  clock.advance(1)
  clock.advance(SOUND_MS)
  assert.deepEqual(live.heard.slice(2), ['"Goodbye."', 'hangup normal'])
  clock.advance(0)
  await untilEnded(id)
})

test('the call shows what the flow is doing', async () => {
  const { live } = await callIn(MENU)
  clock.advance(0)
  assert.deepEqual(
    live.actions.map(({ type }) => type),
    ['answer', 'talk'],
  )
  live.leave()
})

test('a caller who hangs up ends the flow', async () => {
  const { live, id } = await callIn(MENU)
  clock.advance(0)
  live.leave()
  assert.equal((await untilEnded(id)).ended_reason, 'call_hungup')
  assert.equal(live.heard.at(-1), '"Welcome. Press 1 for an echo test."')
})

test('a flow that ends before it answered hangs the ringing call up', async () => {
  const { live, id } = await callIn([{ type: 'variable_set', option: { key: 'a', value: '1' } }])
  assert.deepEqual(live.heard, ['hangup normal'])
  assert.equal((await untilEnded(id)).ended_reason, 'finished')
})

test('the variables describe the call, and reference_data is the call as the API shows it', async () => {
  const { call } = await callIn([
    {
      type: 'webhook_send',
      option: { uri: 'https://example.com', data: '${voipbin.call.id} ${voipbin.call.source.target}' },
    },
    { type: 'webhook_send', option: { uri: 'https://example.com', data: '${voipbin.flow.reference_data}' } },
  ])
  const sent = await eventually('both are sent', () =>
    platform.sent.length >= 2 ? platform.sent.splice(0) : undefined,
  )
  assert.equal(sent[0]?.data, `${call.id} +4912345`)
  const shown = JSON.parse(sent[1]?.data ?? '')
  assert.deepEqual([shown.id, shown.direction, shown.hangup_reason], [call.id, 'incoming', undefined])
})

test('a call for a flow that is gone is not prepared', async () => {
  const { id: flow_id } = await save(MENU)
  await flows.delete(alice, flow_id)
  const call = ringingCall(systemIds.uuid(), alice)
  assert.equal(await platform.runtime.prepareIncoming({ call, flow: { flow_id }, anonymous: false }), undefined)
})

test("a call cannot run another customer's flow", async () => {
  const { id: flow_id } = await save(MENU)
  const call = ringingCall(systemIds.uuid(), systemIds.uuid())
  assert.equal(await platform.runtime.prepareIncoming({ call, flow: { flow_id }, anonymous: false }), undefined)
})

test('stopping a flow hangs its call up at once', async () => {
  const { live, id } = await callIn(MENU)
  clock.advance(0)
  const stopped = await activeflows.stop(alice, id)
  assert.deepEqual([stopped.status, stopped.ended_reason], ['ended', 'requested'])
  assert.equal(live.heard.at(-1), 'hangup normal')
})

test('the on-complete flow starts once, with the variables and without the call', async () => {
  const { id: on_complete } = await save([
    { type: 'talk', option: { text: 'nobody hears this' } },
    {
      type: 'webhook_send',
      option: { uri: 'https://example.com/end', data: '${mine} ${voipbin.activeflow.complete_count}' },
    },
  ])
  const { live, id, call } = await callIn(
    [
      { type: 'variable_set', option: { key: 'mine', value: 'kept' } },
      { type: 'sleep', option: { duration: 60_000 } },
    ],
    on_complete,
  )
  live.leave()
  const parent = await untilEnded(id)
  const child = await untilEnded((await childOf(id)).id)
  assert.equal(parent.on_complete_flow_id, on_complete)
  assert.deepEqual([child.flow_id, child.reference_type, child.reference_id], [on_complete, 'call', call.id])
  assert.equal(child.executed_actions[1]?.cause, 'call_over')
  assert.deepEqual(
    platform.sent.splice(0).map(({ data }) => data),
    ['kept 1'],
  )
  const events = await platform.events(alice)
  const ended = events.findIndex(({ resource_id, data }) => resource_id === id && data.status === 'ended')
  assert.deepEqual([events[ended + 1]?.type, events[ended + 1]?.resource_id], ['activeflow_created', child.id])
})

test('a fetched flow is the customer’s flow as it is now', async () => {
  const { id: flow_id } = await save([{ type: 'variable_set', option: { key: 'a', value: 'in' } }])
  const { id } = await start([{ type: 'fetch_flow', option: { flow_id } }, { type: 'block' }])
  const { executed_actions } = await untilAt(id, 'block')
  assert.deepEqual(
    executed_actions.map(({ type }) => type),
    ['', 'fetch_flow', 'variable_set'],
  )
  await activeflows.stop(alice, id)
})

test('the answer of a synchronous webhook becomes variables', async () => {
  platform.outcome = async () => ({ ok: true, status: 200, body: '{"mood":"good"}' })
  const { id } = await start([
    { type: 'webhook_send', option: { uri: 'https://example.com', sync: true } },
    { type: 'variable_set', option: { key: 'seen', value: '${mood}' } },
    { type: 'block' },
  ])
  const { executed_actions } = await untilAt(id, 'block')
  assert.deepEqual(executed_actions.at(-1)?.option, { key: 'seen', value: 'good' })
  assert.ok(platform.sent.splice(0).some(({ key }) => key === `${id}:1`))
  await activeflows.stop(alice, id)
})

test('a webhook whose sender throws stops nothing', async () => {
  platform.outcome = () => Promise.reject(new Error('broken'))
  const { id } = await start([{ type: 'webhook_send', option: { uri: 'https://example.com' } }])
  const { executed_actions } = await untilEnded(id)
  assert.equal(executed_actions[1]?.cause, 'webhook_failed: not_sent')
  platform.outcome = async () => ({ ok: true, status: 200, body: '{}' })
  platform.sent.splice(0)
})

test('an activeflow without a call goes on in the next life of the node, where it stood', async () => {
  const { id } = await start([
    { type: 'variable_set', option: { key: 'a', value: '1' } },
    { type: 'sleep', option: { duration: 100_000 } },
    { type: 'webhook_send', option: { uri: 'https://example.com', data: '${a}' } },
  ])
  await untilAt(id, 'sleep')
  clock.advance(40_000)
  await platform.crash()
  clock.advance(59_999)
  assert.equal((await row(id)).status, 'running')
  clock.advance(1)
  const { executed_actions, ended_reason } = await untilEnded(id)
  assert.equal(ended_reason, 'finished')
  assert.deepEqual(
    executed_actions.map(({ type }) => type),
    ['', 'variable_set', 'sleep', 'webhook_send'],
  )
  assert.deepEqual(
    platform.sent.splice(0).map(({ data }) => data),
    ['1'],
  )
})

test('a webhook that was under way at a crash is sent again under the same key', async () => {
  platform.outcome = () => new Promise(() => {})
  const { id } = await start([{ type: 'webhook_send', option: { uri: 'https://example.com', sync: true } }])
  await untilAt(id, 'webhook_send')
  await eventually('it is sent', () => platform.sent.length === 1)
  platform.outcome = async () => ({ ok: true, status: 200, body: '{}' })
  await platform.crash()
  await untilEnded(id)
  const [first, second] = platform.sent.splice(0)
  assert.equal(first?.key, second?.key)
})

test('after a crash a flow whose call went with its process ends, and its on-complete flow starts', async () => {
  const { id: on_complete } = await save([
    { type: 'webhook_send', option: { uri: 'https://example.com', data: 'bye' } },
  ])
  const { id } = await callIn([{ type: 'sleep', option: { duration: 100_000 } }], on_complete)
  await untilAt(id, 'sleep')
  await platform.crash()
  assert.equal((await untilEnded(id)).ended_reason, 'interrupted')
  assert.equal((await untilEnded((await childOf(id)).id)).ended_reason, 'finished')
  assert.equal(platform.sent.splice(0).length, 1)
})

test('calls that are closed after a crash end their flows in the same transaction', async () => {
  const { id: on_complete } = await save([{ type: 'variable_set', option: { key: 'a', value: '1' } }])
  const { id, call } = await callIn([{ type: 'sleep', option: { duration: 100_000 } }], on_complete)
  await untilAt(id, 'sleep')
  const dead = platform.life
  platform.runtime.abandon()
  const next = platform.newLife()
  const roll = new Error('rolled back')
  await assert.rejects(
    platform.db.transaction(async (trx) => {
      await next.endWithCalls(trx, [call])
      throw roll
    }),
    roll,
  )
  assert.equal((await row(id)).status, 'running')
  await platform.db.transaction((trx) => next.endWithCalls(trx, [call]))
  assert.equal((await row(id)).ended_reason, 'interrupted')
  await next.recover([{ incarnation: dead }])
  next.start()
  const child = await childOf(id)
  assert.equal((await untilEnded(child.id)).ended_reason, 'finished')
  const { id: flow_id } = await save([
    { type: 'webhook_send', option: { uri: 'https://example.com', data: '${voipbin.call.id}' } },
  ])
  await untilEnded((await startDetached(flow_id, id)) ?? '')
  assert.equal(platform.sent.splice(0)[0]?.data, call.id, 'what follows a recording of it inherits all the same')
})

test('an orderly stop ends what holds a call and hands the rest to whoever comes next', async () => {
  const { id } = await start([{ type: 'sleep', option: { duration: 30_000 } }])
  const { id: onCall, live } = await callIn([{ type: 'sleep', option: { duration: 30_000 } }])
  await untilAt(id, 'sleep')
  await platform.runtime.stop()
  assert.equal(live.heard.at(-1), 'hangup normal')
  assert.equal((await row(onCall)).ended_reason, 'interrupted')
  platform.newLife().start()
  await eventually('it is taken', () => platform.runtime.running > 0)
  clock.advance(30_000)
  assert.equal((await untilEnded(id)).ended_reason, 'finished')
})

test('a life that has been taken over writes nothing more', async () => {
  const { id } = await start([{ type: 'sleep', option: { duration: 5_000 } }, { type: 'block' }])
  await untilAt(id, 'sleep')
  const zombie = platform.runtime
  const before = zombie.running - 1
  await platform.db.query(`update activeflows set incarnation = 'heir' where id = $1`, [id])
  clock.advance(5_000)
  await eventually('the old life lets go', () => zombie.running === before)
  assert.equal((await row(id)).current_action.type, 'sleep')
  assert.deepEqual((await row(id)).executed_actions.length, 1)
})

test('an order to an activeflow of another node that is gone says that it cannot be carried out now', async () => {
  const { id } = await start([{ type: 'block' }])
  await untilAt(id, 'block')
  const dead = platform.life
  platform.runtime.abandon()
  const other = platform.newLife()
  other.start()
  await assert.rejects(activeflows.stop(alice, id), { name: 'NoResponder' })
  await other.recover([{ incarnation: dead }])
  assert.equal((await activeflows.stop(alice, id)).ended_reason, 'requested')
  await assert.rejects(activeflows.stop(alice, id), flowErrors.ACTIVEFLOW_ALREADY_STOPPED.is)
})

test('an activeflow that nobody was told of is found within a second', async () => {
  await platform.runtime.stop()
  const { id } = await start([])
  const next = platform.newLife()
  next.start()
  await untilEnded(id)
  await platform.db.query(
    `insert into activeflows select gen_random_uuid(), customer_id, flow_id, 'running', reference_type, reference_id,
       reference_activeflow_id, on_complete_flow_id, '', '', current_action, forward_action_id, '', '',
       $2::jsonb, '', '', now(), null, null from activeflows where id = $1`,
    [id, JSON.stringify({ ...freshState, activeflow_id: id })],
  )
  const waiting = async () =>
    (await platform.db.query<{ n: number }>(`select count(*)::int n from activeflows where incarnation = ''`))[0]?.n
  assert.equal(await waiting(), 1)
  clock.advance(1_000)
  await eventually('it is taken', async () => (await waiting()) === 0)
})

const freshState = {
  customer_id: alice,
  flow_id: NIL_UUID,
  reference_type: 'api',
  reference_id: NIL_UUID,
  reference_activeflow_id: NIL_UUID,
  on_complete_flow_id: NIL_UUID,
  complete_count: 0,
  status: 'running',
  ended_reason: '',
  ended_detail: '',
  stacks: [],
  current: { id: '00000000-0000-0000-0000-000000000001', next_id: NIL_UUID, type: '', tm_execute: null },
  forward: null,
  execute_count: 0,
  step: 0,
  variables: {},
  memory: null,
  awaited: [],
  parked: false,
  call: null,
}

test('a flow that repeats large text keeps what is written about it small', async () => {
  const large = { key: 'b', value: '${a}', note: '${a}'.repeat(6) }
  const { id } = await start(
    [
      { id: 'again', type: 'variable_set', option: large },
      { type: 'goto', option: { target_id: 'again', loop_count: 1_000 } },
    ],
    { a: 'x'.repeat(32_000) },
  )
  const ended = await untilEnded(id)
  assert.equal(ended.ended_reason, 'step_limit')
  assert.equal(ended.executed_actions.length, 101)
  assert.ok(JSON.stringify(ended).length < 200_000)
  const [events] = await platform.db.query<{ bytes: number }>(
    'select sum(length(data::text))::int as bytes from event_inbox where resource_id = $1',
    [id],
  )
  assert.ok((events?.bytes ?? 0) < 20_000_000, `${events?.bytes} characters of events`)
})

/** A call that we make to Bob, for a flow or for actions; nobody has answered it. */
async function callOut(
  flow: { flow_id: string } | { actions: object[] },
  more: {
    variables?: Record<string, string>
    free_only?: boolean
    travelled?: { hops: number; max_forwards: number }
    customer?: string
  } = {},
) {
  const { customer = alice, variables = {}, ...rest } = more
  const call = dialledCall(systemIds.uuid(), customer, { type: 'sip', target: 'bob@example.com' })
  const prepared = await platform.runtime.prepareOutgoing({ call, flow, variables, ...rest })
  assert.ok(prepared)
  const live = new FakeCall(clock, { ...call, activeflow_id: prepared.activeflow_id })
  platform.live.set(call.id, live)
  return { live, id: prepared.activeflow_id, call, ...prepared }
}
const SAY_WHO = { type: 'talk', option: { text: 'Hi ${who}, this is ${voipbin.call.source.target}' } }

test('the flow of a call that we make exists while it is dialled and runs when it is answered', async () => {
  const { id: flow_id } = await save([SAY_WHO])
  const { live, id, call, start, cancel } = await callOut({ flow_id }, { variables: { who: 'Bob' } })
  const waiting = await until(id, ({ status }) => status === 'running')
  assert.deepEqual(
    [waiting.flow_id, waiting.reference_type, waiting.reference_id, waiting.current_action.type],
    [flow_id, 'call', call.id, ''],
  )
  assert.equal(waiting.executed_actions.length, 0)
  live.answered()
  start(live)
  clock.advance(0)
  assert.deepEqual(live.heard, [`"Hi Bob, this is ${call.source.target}"`])
  cancel()
  clock.advance(SOUND_MS)
  assert.equal((await untilEnded(id)).ended_reason, 'finished')
  const events = (await platform.events(alice)).filter(({ resource_id }) => resource_id === id)
  assert.deepEqual([events[0]?.type, events[1]?.type], ['activeflow_created', 'activeflow_updated'])
})

test('a call that is not answered ends its flow without a run, and the on-complete flow is told', async () => {
  const { id: on_complete } = await save([
    { type: 'webhook_send', option: { uri: 'https://example.com', data: '${voipbin.call.destination.target}' } },
  ])
  const { id: flow_id } = await save([SAY_WHO], on_complete)
  const { id, live, cancel } = await callOut({ flow_id })
  cancel()
  cancel()
  const { executed_actions, ended_reason } = await untilEnded(id)
  assert.deepEqual([executed_actions, ended_reason], [[], 'call_hungup'])
  assert.deepEqual(live.heard, [])
  await untilEnded((await childOf(id)).id)
  assert.deepEqual(
    platform.sent.splice(0).map(({ data }) => data),
    ['bob@example.com'],
  )
})

test('stopping the flow of a call that is being dialled ends the dialling', async () => {
  const { id, live, start } = await callOut({ actions: [SAY_WHO] })
  assert.equal((await activeflows.stop(alice, id)).ended_reason, 'requested')
  assert.deepEqual(live.heard, ['hangup normal'])
  start(live)
  assert.equal((await untilEnded(id)).ended_reason, 'requested')
})

test('a flow that runs while it rings hears that nobody answered', async () => {
  const { id, live, start } = await callOut({ actions: [{ type: 'sleep', option: { duration: 60_000 } }] })
  start(live)
  await untilAt(id, 'sleep')
  live.leave()
  assert.equal((await untilEnded(id)).ended_reason, 'call_hungup')
})

test("a call cannot be made for a flow that is gone or somebody else's", async () => {
  const { id: flow_id } = await save([])
  const call = dialledCall(systemIds.uuid(), systemIds.uuid(), { type: 'sip', target: 'bob@example.com' })
  const outgoing = { call, flow: { flow_id }, variables: {} }
  assert.equal(await platform.runtime.prepareOutgoing(outgoing), undefined)
  await flows.delete(alice, flow_id)
  assert.equal(
    await platform.runtime.prepareOutgoing({ ...outgoing, call: { ...call, customer_id: alice } }),
    undefined,
  )
})

test('after a crash the flow of a call that was being dialled ends without a run', async () => {
  const { id } = await callOut({ actions: [SAY_WHO] })
  await until(id, ({ status }) => status === 'running')
  await platform.crash()
  const { executed_actions, ended_reason } = await untilEnded(id)
  assert.deepEqual([executed_actions, ended_reason], [[], 'interrupted'])
})

test('the calls of one request have one temporary flow, which can be read and is not listed', async () => {
  const actions = [SAY_WHO]
  const first = await callOut({ actions })
  const second = await callOut({ actions })
  const other = await callOut({ actions: [SAY_WHO] })
  const foreign = await callOut({ actions }, { customer: systemIds.uuid() })
  assert.equal(first.flow_id, second.flow_id)
  assert.equal(new Set([first.flow_id, other.flow_id, foreign.flow_id]).size, 3)
  const flow = await eventually('it is written', () => flows.get(alice, first.flow_id ?? '').catch(() => undefined))
  assert.deepEqual([flow.persist, flow.direct_hash, flow.actions[0]?.option], [false, '', SAY_WHO.option])
  assert.equal((await row(first.id)).flow_id, first.flow_id)
  const { result } = await flows.list(alice, {})
  assert.ok(!result.some(({ id }) => id === first.flow_id))
  for (const { cancel } of [first, second, other, foreign]) cancel()
})

test('what was dialled runs as actions of the platform, and nothing that a phone sends is taken for a variable', async () => {
  const call = ringingCall(systemIds.uuid(), alice)
  const source = { type: 'sip' as const, target: 'a@b', target_name: '${voipbin.call.id} $${x}' }
  const destinations = [{ type: 'extension', target_name: '1001' }]
  const flow = { actions: [{ type: 'connect', option: { source, destinations, relay_reason: true } }] }
  const prepared = await platform.runtime.prepareIncoming({ call, flow, anonymous: true })
  assert.ok(prepared)
  const live = new FakeCall(clock, { ...call, activeflow_id: prepared.activeflow_id })
  prepared.start(live)
  assert.deepEqual(live.connects[0]?.source, source)
  const shown = await until(prepared.activeflow_id, ({ current_action }) => current_action.type === 'connect')
  assert.equal(shown.flow_id, prepared.flow_id)
  live.connectEnds({ outcome: 'unanswered', hangup_reason: 'failed', cause: 1 })
  assert.deepEqual(live.heard, ['hangup failed 1'])
  clock.advance(0)
  assert.equal((await untilEnded(prepared.activeflow_id)).ended_reason, 'call_hungup')
})

test('connect joins the caller, and the flow goes on after the conversation', async () => {
  const { live, id } = await callIn([
    { type: 'connect', option: { destinations: [{ type: 'extension', target_name: '1001' }] } },
    { type: 'talk', option: { text: 'Goodbye.' } },
  ])
  assert.equal(live.connects.length, 1)
  live.connectEnds({ outcome: 'talked' })
  assert.deepEqual(live.heard, ['"Goodbye."'])
  clock.advance(SOUND_MS)
  assert.equal((await untilEnded(id)).ended_reason, 'finished')
})

test('stopping a flow while others are being called for the caller hangs up', async () => {
  const { live, id } = await callIn([
    { type: 'connect', option: { destinations: [{ type: 'extension', target_name: '1001' }] } },
  ])
  await activeflows.stop(alice, id)
  assert.deepEqual(live.heard, ['hangup normal'])
  live.connectEnds({ outcome: 'unanswered' })
  assert.equal((await untilEnded(id)).ended_reason, 'requested')
})

for (const [outcome, heard] of [
  ['unanswered', ['answered', '"Leave a message."']],
  ['talked', ['hangup normal']],
] as const)
  test(`a flow tells by the status of the call that the caller was ${outcome}`, async () => {
    const { live } = await callIn([
      { type: 'connect', option: { destinations: [{ type: 'extension', target_name: '1001' }] } },
      {
        type: 'condition_variable',
        option: {
          ...{ condition: '==', variable: '${voipbin.call.status}', value_type: 'string', value_string: 'ringing' },
          false_target_id: 'bye',
        },
      },
      { type: 'talk', option: { text: 'Leave a message.' } },
      { id: 'bye', type: 'hangup' },
    ])
    live.connectEnds({ outcome })
    clock.advance(0)
    assert.deepEqual(live.heard, heard)
    live.leave()
  })

const CALL_BOB = { type: 'call', option: { destinations: [{ type: 'sip', target: 'bob@example.com' }] } }

test('calls that a flow asks for are placed under its key, chained ones to its call while that lives', async () => {
  const { id: on_complete } = await save([{ ...CALL_BOB, option: { ...CALL_BOB.option, chained: true } }])
  const chained = { ...CALL_BOB, option: { ...CALL_BOB.option, chained: true, actions: [SAY_WHO] } }
  const { live, id, call } = await callIn(
    [CALL_BOB, chained, { type: 'sleep', option: { duration: 60_000 } }],
    on_complete,
  )
  await untilAt(id, 'sleep')
  live.leave()
  const child = await childOf(id)
  await untilEnded(child.id)
  const placed = platform.placed.splice(0)
  assert.deepEqual(
    placed.map(({ key, request }) => [key, request.master_call_id]),
    [
      [`${id}:1`, undefined],
      [`${id}:3`, call.id],
      [`${child.id}:2`, undefined],
    ],
  )
  const { customer_id, destinations, flow, variables } = placed[0]?.request ?? {}
  assert.deepEqual([customer_id, destinations, variables], [alice, CALL_BOB.option.destinations, {}])
  assert.deepEqual(flow, { actions: [] })
})

for (const [what, placing, cause] of [
  ['a refusal', () => Promise.reject(flowErrors.FLOW_NOT_FOUND({ flow_id: NIL_UUID })), 'FLOW_NOT_FOUND'],
  ['a fault', () => Promise.reject(new Error('broken')), 'not_placed'],
  [
    'nothing but skipped destinations',
    async () => ({ calls: [], groupcalls: [], skipped: [{ index: 0, reason: 'NO_ROUTE', message: '' }] }),
    '[0] NO_ROUTE',
  ],
] as const)
  test(`a placing that comes to ${what} ends the flow`, async () => {
    const before = platform.placing
    platform.placing = placing as unknown as typeof before
    const { id } = await start([CALL_BOB, { type: 'block' }])
    const { ended_reason, ended_detail } = await untilEnded(id)
    platform.placing = before
    platform.placed.splice(0)
    assert.deepEqual([ended_reason, ended_detail], ['action_failed', `call: calls_not_placed: ${cause}`])
  })

test('a placing that was under way at a crash is asked for again under the same key', async () => {
  const before = platform.placing
  platform.placing = () => new Promise(() => {})
  const { id } = await start([CALL_BOB])
  await eventually('it is asked for', () => platform.placed.length === 1)
  await untilAt(id, 'call')
  platform.placing = before
  await platform.crash()
  assert.equal((await untilEnded(id)).ended_reason, 'finished')
  const [first, second] = platform.placed.splice(0)
  assert.deepEqual([first?.key, first?.request], [second?.key, second?.request])
})

test('what a caller without credentials started stays free, in its on-complete flow and in calls that follow', async () => {
  const { id: on_complete } = await save([CALL_BOB])
  const { id: flow_id } = await save([CALL_BOB], on_complete)
  const call = ringingCall(systemIds.uuid(), alice)
  const prepared = await platform.runtime.prepareIncoming({ call, flow: { flow_id }, anonymous: true })
  prepared?.start(new FakeCall(clock, call))
  await eventually('both are asked for', () => platform.placed.length === 2)
  const { live, start: begin } = await callOut({ flow_id: flow_id }, { free_only: true })
  begin(live)
  await eventually('two more are asked for', () => platform.placed.length === 4)
  assert.ok(platform.placed.splice(0).every(({ request }) => request.free_only))
})

test('how far a call has come goes on to the calls of its flow, chained or not, and to the flow that follows', async () => {
  const { id: on_complete } = await save([CALL_BOB])
  const chained = { ...CALL_BOB, option: { ...CALL_BOB.option, chained: true } }
  const { id: flow_id } = await save([CALL_BOB, chained], on_complete)
  const call = ringingCall(systemIds.uuid(), alice)
  const travelled = { hops: 3, max_forwards: 60 }
  const prepared = await platform.runtime.prepareIncoming({ call, flow: { flow_id }, anonymous: false, travelled })
  prepared?.start(new FakeCall(clock, call))
  await eventually('all are asked for', () => platform.placed.length === 3)
  const { live, start: begin } = await callOut({ flow_id }, { travelled })
  begin(live)
  await eventually('three more are asked for', () => platform.placed.length === 6)
  for (const { request } of platform.placed.splice(0)) assert.deepEqual(request.travelled, travelled)
})

test('the variables of a recording are there for what follows it', async () => {
  const { live, id } = await callIn([
    { type: 'recording_start', option: { end_of_key: '#' } },
    { type: 'talk', option: { text: '${voipbin.recording.id}' } },
    { type: 'recording_stop' },
    { type: 'sleep', option: { duration: 60_000 } },
  ])
  assert.deepEqual(live.recordings[0]?.end_of_key, '#')
  const recording = systemIds.uuid()
  live.recordingStarts(recording)
  clock.advance(SOUND_MS)
  assert.deepEqual(live.heard, ['answered', `"${recording}"`, 'recording stopped'])
  clock.advance(0)
  await untilAt(id, 'sleep')
  live.leave()
})

/** The flow that follows a recording of this execution. */
const startDetached = (flow_id: string, reference_activeflow_id: string, key = systemIds.uuid(), customer_id = alice) =>
  platform.runtime.startDetached({
    ...{ key, customer_id, flow_id, reference_activeflow_id },
    ...({ reference_type: 'recording', reference_id: RECORDING } as const),
    variables: { 'voipbin.recording.id': 'new' },
  })
const RECORDING = systemIds.uuid()
const AFTERWARDS = [
  { type: 'talk', option: { text: 'nobody hears this' } },
  {
    type: 'webhook_send',
    option: {
      uri: 'https://example.com',
      data: '${mine} ${voipbin.recording.id} ${voipbin.activeflow.complete_count}',
    },
  },
]

for (const when of ['while it runs', 'when it has ended'])
  test(`a flow that follows a recording inherits the variables of the execution, ${when}`, async () => {
    const { id: flow_id } = await save(AFTERWARDS)
    const { live, id } = await callIn([
      { type: 'variable_set', option: { key: 'mine', value: 'kept' } },
      { type: 'recording_start' },
      { type: 'sleep', option: { duration: 60_000 } },
    ])
    live.recordingStarts('old')
    await untilAt(id, 'sleep')
    if (when === 'when it has ended') {
      live.leave()
      await untilEnded(id)
    }
    const after = (await startDetached(flow_id, id)) ?? ''
    const { reference_type, reference_id, reference_activeflow_id, executed_actions } = await untilEnded(after)
    assert.deepEqual([reference_type, reference_id, reference_activeflow_id], ['recording', RECORDING, id])
    assert.equal(executed_actions[1]?.cause, 'needs_call')
    assert.deepEqual(
      platform.sent.splice(0).map(({ data }) => data),
      ['kept new 1'],
    )
    live.leave()
  })

test('a flow that follows a recording starts once for its key, and not at all with a transaction that is rolled back', async () => {
  const { id: flow_id } = await save(AFTERWARDS)
  const key = systemIds.uuid()
  const roll = new Error('rolled back')
  let id: string | undefined
  await assert.rejects(
    platform.db.transaction(async (trx) => {
      const of = { reference_type: 'recording', reference_id: RECORDING, reference_activeflow_id: NIL_UUID } as const
      const start = { ...of, key, customer_id: alice, flow_id, variables: {} }
      id = await platform.runtime.startDetached(start, trx)
      throw roll
    }),
    roll,
  )
  await assert.rejects(row(id ?? ''), flowErrors.ACTIVEFLOW_NOT_FOUND.is)
  assert.equal(await startDetached(flow_id, NIL_UUID, key), id)
  await untilEnded(id ?? '')
  assert.equal(await startDetached(flow_id, NIL_UUID, key), id)
  assert.notEqual(await startDetached(flow_id, NIL_UUID), id)
  const created = (await platform.events(alice)).filter(
    ({ resource_id, type }) => resource_id === id && type === 'activeflow_created',
  )
  assert.equal(created.length, 1)
})

test('a chain of flows that follow each other has five at most', async () => {
  const { id: flow_id } = await save([])
  let last = (await startDetached(flow_id, NIL_UUID)) ?? ''
  for (let count = 1; count < 5; count++) {
    await untilEnded(last)
    last = (await startDetached(flow_id, last)) ?? ''
  }
  await untilEnded(last)
  assert.equal(await startDetached(flow_id, last), undefined)
})

test('a flow that follows a recording inherits nothing from another customer, and one that is gone ends at once', async () => {
  const { id } = await start([{ type: 'variable_set', option: { key: 'mine', value: 'kept' } }])
  await untilEnded(id)
  const bob = systemIds.uuid()
  const { id: flow_id } = await flows.create(bob, { name: '', detail: '', actions: AFTERWARDS })
  platform.sent.splice(0)
  await startDetached(flow_id, id, systemIds.uuid(), bob)
  await eventually('it is sent', () => platform.sent.length === 1)
  assert.equal(platform.sent.splice(0)[0]?.data, ' new 1')
  const gone = (await startDetached(systemIds.uuid(), NIL_UUID)) ?? ''
  assert.equal((await untilEnded(gone)).ended_reason, 'flow_not_found')
})

test('temporary flows go after a day, but not while something runs them', async () => {
  const idle = await start([])
  await untilEnded(idle.id)
  const busy = await start([{ type: 'block' }])
  await untilAt(busy.id, 'block')
  const saved = await save([])
  const made = timestamp(clock.wallMs() - 86_400_000 - 1)
  await platform.db.query('update flows set tm_create = $1 where id in ($2, $3, $4)', [
    ...[made, idle.flow_id, busy.flow_id, saved.id],
  ])
  const young = await start([])
  await untilEnded(young.id)
  clock.advance(600_000)
  await eventually('the old one is gone', async () =>
    flows.get(alice, idle.flow_id).then(
      () => false,
      () => true,
    ),
  )
  for (const id of [busy.flow_id, saved.id, young.flow_id]) assert.equal((await flows.get(alice, id)).id, id)
  await activeflows.stop(alice, busy.id)
  clock.advance(600_000)
  await eventually('the other one too', async () =>
    flows.get(alice, busy.flow_id).then(
      () => false,
      () => true,
    ),
  )
  assert.equal((await row(busy.id)).flow_id, busy.flow_id)
})
