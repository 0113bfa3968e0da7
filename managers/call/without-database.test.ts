import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LaneWrite, PostgresLanes, type WriteLanes } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, TestCalls } from '#testkit'

/** Lanes whose database stands still while `stalled`: what is written meanwhile waits, in order. */
class StallingLanes implements WriteLanes {
  readonly #lanes: WriteLanes
  readonly #held: (() => void)[] = []
  #sinceMs: number | undefined

  constructor(lanes: WriteLanes) {
    this.#lanes = lanes
  }

  write(key: string, writes: readonly LaneWrite[]): Promise<void> {
    if (this.#sinceMs === undefined) return this.#lanes.write(key, writes)
    return new Promise((resolve, reject) => {
      this.#held.push(() => this.#lanes.write(key, writes).then(resolve, reject))
    })
  }

  get oldestMs(): number {
    return this.#sinceMs === undefined || this.#held.length === 0 ? 0 : systemClock.monotonicMs() - this.#sinceMs
  }

  get waiting(): number {
    return this.#held.length
  }

  stall(sinceMs: number): void {
    this.#sinceMs = systemClock.monotonicMs() - sinceMs
  }

  resume(): void {
    this.#sinceMs = undefined
    for (const write of this.#held.splice(0)) write()
  }
}

const NUMBER = '+899004000001'

test('with writes standing still calls talk on and end within 200 ms, new ones get 503, and nothing is missing after', async () => {
  const other = await TestCalls.start()
  const { connection } = other
  const inner = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog, lanes: 1 })
  const lanes = new StallingLanes(inner)
  const calls = await TestCalls.start({ over: other, lanes })
  await calls.number(NUMBER)
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('somebody')
  const first = await phone.call(NUMBER)
  const second = await phone.call(NUMBER)
  const [one, two] = calls.lives.map(({ live }) => live)
  await eventually('both are on disk', async () => (await calls.events()).length === 6)

  lanes.stall(2_000)
  const startedMs = systemClock.monotonicMs()
  assert.equal((await first.hangUp()).status, 200)
  const command = {
    id: systemIds.uuid(),
    type: 'hangup',
    customer_id: calls.customer,
    call_id: two?.id,
    reason: 'normal',
  }
  const answered = calls.commands.ask('call.command', command, { deadlineMs: 1_000 })
  await eventually('the second phone got its BYE', () => second.bye)
  const answer = (await answered) as { live: boolean; call: { status: string } }
  assert.equal(answer.call.status, 'terminating')
  assert.ok(systemClock.monotonicMs() - startedMs < 200, 'no disk is in the way')
  const refused = await phone.call(NUMBER)
  assert.equal(refused.status, 503)
  assert.ok(refused.final?.headers.get('retry-after'))

  lanes.resume()
  await eventually('everything is on disk', async () => calls.engine.size === 0)
  const types = (id?: string) =>
    calls.events().then((all) => all.filter(({ data }) => data.id === id).map((e) => e.type))
  assert.deepEqual(await types(one?.id), ['call_created', 'call_ringing', 'call_progressing', 'call_hangup'])
  assert.deepEqual(await types(two?.id), [
    'call_created',
    'call_ringing',
    'call_progressing',
    'call_terminating',
    'call_hangup',
  ])
  await inner.stop(1_000)
})

test('with writes standing still a groupcall ends with everybody who rings, and its end is on disk after', async () => {
  const other = await TestCalls.start()
  const { connection } = other
  const inner = new PostgresLanes({ connection, clock: systemClock, ids: systemIds, log: silentLog, lanes: 1 })
  const lanes = new StallingLanes(inner)
  const calls = await TestCalls.start({ over: other, lanes })
  const destinations = ['ann', 'bob'].map((user) => ({ type: 'sip' as const, target: `${user}@127.0.0.1:5999` }))
  const actions = [{ type: 'answer' }]
  const { id } = await calls.groupcalls.create(calls.customer, { destinations, actions })
  await eventually('both are dialled', () => calls.lines.every(({ said }) => said.includes('dial')))
  lanes.stall(2_000)
  assert.equal((await calls.groupcalls.hangup(calls.customer, id)).status, 'hangingup')
  await eventually('nobody rings any more', () => calls.lines.every(({ ended }) => ended))
  lanes.resume()
  await eventually('its end is on disk', async () => {
    const { status } = await calls.groupcalls.get(calls.customer, id)
    return status === 'hangup'
  })
  await inner.stop(1_000)
})

test('while the database does not answer an INVITE gets 503 with Retry-After at once', async () => {
  const healthy = await TestCalls.start()
  const db = Object.create(healthy.db, { available: { value: () => false } })
  const calls = await TestCalls.start({ over: healthy, db })
  const call = await (await calls.phone('somebody')).call(NUMBER)
  assert.equal(call.status, 503)
  assert.ok(call.final?.headers.get('retry-after'))
})
