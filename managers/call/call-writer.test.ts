import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { LanesFull, type LaneWrite, WriteFenced } from '#platform/db'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { CallWriter } from './call-writer.ts'
import { newIncomingCall } from './new-call.ts'

const ids = sequentialIds()
const call = newIncomingCall(
  ids.uuid(),
  {
    customer_id: ids.uuid(),
    flow: { flow_id: ids.uuid() },
    source: {},
    destination: {},
  },
  '2026-01-02T03:04:05.000000Z',
)

function writer() {
  const clock = new ManualClock()
  const log: string[][] = []
  const state = { full: false, fenced: false, stored: 0 }
  const lanes = {
    oldestMs: 0,
    waiting: 0,
    async write(_key: string, writes: readonly LaneWrite[]) {
      if (state.full) throw new LanesFull()
      if (state.fenced) throw new WriteFenced()
      log.push(writes.map(({ row }) => String(row.type === 'flow' ? row.status : row.type)))
    },
  }
  const needs = { clock, log: silentLog, lanes, node: 'n', incarnation: 'i' }
  const made = new CallWriter(needs, () => {
    state.stored++
  })
  return { writer: made, clock, log, state }
}

test('row and events go in one write, and the owner hears when it is on disk', async () => {
  const { writer: made, log, state } = writer()
  made.save(call, null, ['call_created', 'call_ringing'])
  await made.written
  assert.deepEqual(log, [['ringing', 'call_created', 'call_ringing']])
  assert.equal(state.stored, 1)
})

test('what the lanes cannot take follows later, once, in order, with the newest row', async () => {
  const { writer: made, log, state, clock } = writer()
  state.full = true
  made.save(call, null, ['call_created'])
  await setImmediate()
  made.save({ ...call, status: 'progressing' }, null, ['call_progressing'])
  await setImmediate()
  clock.advance(500) // still full
  await setImmediate()
  state.full = false
  made.save({ ...call, status: 'hangup' }, null, ['call_hangup'])
  await setImmediate()
  clock.advance(500)
  await made.written
  assert.equal(log.at(-1)?.[0], 'hangup')
  const events = log.flatMap((writes) => writes.slice(1))
  assert.deepEqual(events, ['call_created', 'call_progressing', 'call_hangup'])
  assert.equal(clock.pending, 0)
})

test('a write that is refused for good keeps nobody waiting', async () => {
  const { writer: made, state } = writer()
  state.fenced = true
  made.save(call, null, ['call_created'])
  await made.written
  assert.equal(state.stored, 0)
})
