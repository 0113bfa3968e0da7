import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOBODY } from '#managers/billing'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { Effects, type EffectsNeeds } from './effects.ts'
import type { Input } from './engine/index.ts'
import type { Flow } from './flow.ts'
import { FakeCall, ringingCall } from './testing/fake-call.ts'
import { uuid } from './testing/virtual-flow.ts'

/** Lets everything that is ready happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

function setUp(needs: Partial<EffectsNeeds> = {}) {
  const clock = new ManualClock()
  const inputs: Input[] = []
  const call = new FakeCall(clock, ringingCall(uuid(1), uuid(2)))
  const all: EffectsNeeds = {
    clock,
    ids: sequentialIds(),
    log: silentLog,
    flows: { find: async () => undefined },
    sendWebhook: async () => ({ ok: true, status: 200, body: '' }),
    placeCalls: async () => ({ calls: [], groupcalls: [], skipped: [] }),
    ...needs,
  }
  const effects = new Effects(
    all,
    { id: uuid(3), customer_id: uuid(2), spender: NOBODY },
    () => call,
    (input) => inputs.push(input),
  )
  return { clock, inputs, call, effects }
}

test('a flow that cannot be read for the moment is read again until it can', async () => {
  let reads = 0
  const find = async (): Promise<Flow | undefined> => {
    if (++reads < 3) throw new Error('no database')
    return undefined
  }
  const { clock, inputs, effects } = setUp({ flows: { find } })
  effects.carryOut({ type: 'fetch_flow', key: 'k', flow_id: uuid(4) })
  for (let second = 0; second < 3; second++) {
    await settle()
    clock.advance(1_000)
  }
  assert.equal(reads, 3)
  assert.deepEqual(inputs, [{ type: 'flow_fetched', key: 'k', flow: undefined }])
})

test('a read that nobody waits for any more is not repeated', async () => {
  let reads = 0
  const { clock, effects } = setUp({
    flows: {
      find: async () => {
        reads++
        throw new Error('no database')
      },
    },
  })
  effects.carryOut({ type: 'fetch_flow', key: 'k', flow_id: uuid(4) })
  await settle()
  effects.keepTimers([])
  clock.advance(10_000)
  assert.equal(reads, 1)
  assert.equal(clock.pending, 0)
})

test('a timer that nobody waits for any more does not fall due', () => {
  const { clock, inputs, effects } = setUp()
  effects.carryOut({ type: 'timer', key: 'a', after_ms: 10 })
  effects.carryOut({ type: 'timer', key: 'b', after_ms: 10 })
  effects.keepTimers([{ key: 'b' }])
  clock.advance(10)
  assert.deepEqual(inputs, [{ type: 'timer', key: 'b' }])
})

for (const [what, hangupReasonOf, expected] of [
  ['is over', async () => 'busy' as const, 'busy'],
  ['lives', async () => undefined, 'normal'],
  ['cannot be read', () => Promise.reject(new Error('no database')), 'normal'],
] as const)
  test(`hangup with the reason of a call that ${what} is ${expected}`, async () => {
    const { call, effects } = setUp({ hangupReasonOf })
    effects.carryOut({ type: 'hangup', key: 'k', reason: 'failed', reference_id: uuid(5) })
    await settle()
    assert.deepEqual(call.heard, [`hangup ${expected}`])
  })
