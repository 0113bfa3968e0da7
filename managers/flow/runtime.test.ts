// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { migrations as directMigrations } from '#managers/direct'
import { NIL_UUID, systemIds } from '#platform/ids'
import { eventually, freshDatabase } from '#testkit'
import { flowErrors } from './errors.ts'
import { migrations } from './migrations/index.ts'
import { FakeCall, ringingCall, SOUND_MS } from './testing/fake-call.ts'
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
