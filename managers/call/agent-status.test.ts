import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { systemClock, timestamp } from '#platform/time'
import { eventually, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const sip = (user: string) => ({ type: 'sip' as const, target: `${user}@127.0.0.1:5999` })

/** An agent of this status with two phones. */
async function agentWho(status: string, on = calls): Promise<string> {
  const user = systemIds.uuid().slice(0, 8)
  const id = await on.agent([sip(`${user}a`), sip(`${user}b`)])
  await on.db.query('update agents set status = $2 where id = $1', [id, status])
  return id
}

/** Calls the agent; gives its phones. */
async function callTo(agent: string, on = calls) {
  const from = on.lines.length
  const request = { destinations: [{ type: 'agent' as const, target: agent }], flow: { actions: [] } }
  const call = { customer_id: on.customer, ...request, anonymous: 'auto' as const, variables: {} }
  await on.engine.place(call, `status:${systemIds.uuid()}`)
  const [one, other] = on.lines.slice(from)
  if (!one || !other) throw new Error('nobody was dialled')
  return { one, other }
}

const statusOf = async (id: string, on = calls) =>
  (await on.db.query<{ status: string }>('select status from agents where id = $1', [id]))[0]?.status
const becomes = (id: string, status: string, on = calls) =>
  eventually(`the agent is ${status}`, async () => (await statusOf(id, on)) === status)
const announced = async (id: string) =>
  (await calls.events(calls.customer, 'agent'))
    .filter(({ type, data }) => type === 'agent_status_updated' && data.id === id)
    .map(({ data }) => data.status)
const ringsLeft = (id: string) => calls.db.query('select 1 from agent_rings where agent_id = $1', [id])

test('an available agent rings while it is called, and is busy once it answers, also after the call', async () => {
  const id = await agentWho('available')
  const { one, other } = await callTo(id)
  one.rings()
  await becomes(id, 'ringing')
  one.answers()
  await becomes(id, 'busy')
  one.goes()
  other.goes()
  await eventually('nothing is left of it', async () => (await ringsLeft(id)).length === 0)
  assert.equal(await statusOf(id), 'busy')
  assert.deepEqual(await announced(id), ['ringing', 'busy'])
})

test('an agent who does not answer is available again, and ringing sticks to nobody', async () => {
  const id = await agentWho('available')
  const { one, other } = await callTo(id)
  await becomes(id, 'ringing')
  one.goes(19, 480)
  other.goes(17, 486)
  await becomes(id, 'available')
  assert.deepEqual(await announced(id), ['ringing', 'available'])
  assert.deepEqual(await ringsLeft(id), [])
})

test('an agent whom two call rings until neither does', async () => {
  const id = await agentWho('available')
  const [first, second] = [await callTo(id), await callTo(id)]
  await becomes(id, 'ringing')
  for (const line of [first.one, first.other]) line.goes(19, 480)
  await eventually('one call is over', async () => (await ringsLeft(id)).length === 1)
  assert.equal(await statusOf(id), 'ringing')
  for (const line of [second.one, second.other]) line.goes(19, 480)
  await becomes(id, 'available')
})

test('what an agent said of itself is not overruled by a call that nobody answers', async () => {
  const away = await agentWho('away')
  const { one, other } = await callTo(away)
  one.goes(19, 480)
  other.goes(19, 480)
  await eventually('it is over', async () => (await ringsLeft(away)).length === 0)
  assert.deepEqual(await announced(away), [])
  const leaving = await agentWho('available')
  const second = await callTo(leaving)
  await becomes(leaving, 'ringing')
  await calls.db.query(`update agents set status = 'offline' where id = $1`, [leaving])
  for (const line of [second.one, second.other]) line.goes(19, 480)
  await eventually('it is over', async () => (await ringsLeft(leaving)).length === 0)
  assert.equal(await statusOf(leaving), 'offline')
})

test('an agent who rang when its node died is available again once that is cleared up', async () => {
  const id = await agentWho('available')
  await callTo(id)
  await becomes(id, 'ringing')
  const second = await TestCalls.start({ over: calls })
  const last_beat = timestamp(systemClock.wallMs())
  await second.recovery.recover([{ node: calls.node, incarnation: calls.incarnation, last_beat }])
  await becomes(id, 'available', second)
})
