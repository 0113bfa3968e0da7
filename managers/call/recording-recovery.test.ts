import assert from 'node:assert/strict'
import { readFileSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { systemClock, timestamp } from '#platform/time'
import { decodeWav } from '#telecom/media'
import { eventually, type Json, TestCalls } from '#testkit'
import type { Recording } from './recording.ts'
import { closeOrphan } from './recording-recovery.ts'

const NUMBER = '+899008000001'
const OPTIONS = { format: 'wav', end_of_silence: 0, end_of_key: '', duration: 0, beep_start: false } as const

/** A call that is being recorded, and a moment later nothing of its node is there any more. */
async function crashed(on_end_flow_id: string) {
  const first = await TestCalls.start()
  await first.number(NUMBER)
  first.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    if (input.type === 'answered') live.startRecording('f:2', { ...OPTIONS, on_end_flow_id })
  }
  first.recorder.closes = false
  await (await first.phone('somebody')).call(NUMBER)
  await eventually('it is recorded', async () => (await first.events(first.customer, 'recording')).length === 1)
  await first.sip.stop()
  const asked = first.recorder.asked[0]
  assert.ok(asked)
  truncateSync(asked.out, 44 + 16_001) // the writer had got further with one of them
  return { first, asked, dead: { node: first.node, incarnation: first.incarnation } }
}

test('after a crash a recording is closed with what there is of it, readable, and its event and flow follow', async () => {
  const flow_id = systemIds.uuid()
  const { first, asked, dead } = await crashed(flow_id)
  const second = await TestCalls.start({ over: first })
  const life = { ...dead, last_beat: timestamp(systemClock.wallMs()) }
  await second.recovery.recover([life])
  assert.equal(await second.recordingRecovery.recover([life]), 1)
  const [row] = await second.db.query<Json>('select * from recordings')
  assert.equal(row.status, 'ended')
  assert.equal(row.complete, false)
  assert.equal(row.duration, 2)
  assert.equal(row.size, 2 * (44 + 32_000))
  assert.ok(row.tm_end >= row.tm_start)
  const [call] = await second.db.query<Json>('select * from calls')
  assert.equal(call.recording_id, NIL_UUID)
  assert.deepEqual(call.recording_ids, [row.id])
  for (const path of [asked.in, asked.out]) assert.equal(decodeWav(readFileSync(path)).length, 16_000)
  const events = await second.events(second.customer, 'recording')
  assert.deepEqual(
    events.map(({ type }) => type),
    ['recording_started', 'recording_finished'],
  )
  assert.equal(events.at(-1)?.data.status, 'ended')
  assert.deepEqual(
    second.followed.map(({ key }) => key),
    [`recording_end:${row.id}`],
  )
  assert.equal(second.followed[0]?.variables['voipbin.recording.complete'], 'false')

  assert.equal(await second.recordingRecovery.recover([life]), 0, 'a second time there is nothing to do')
  assert.equal(second.followed.length, 1)
  first.recorder.end(asked.recording_id) // the dead life was only slow: what it writes now changes nothing
  await eventually('its write was refused', () => first.lanes.counts.fenced > 0)
  assert.equal((await second.events(second.customer, 'recording')).length, 2)
})

test('a flow that should have followed a recording is started by the next life', async () => {
  const calls = await TestCalls.start()
  const dead = { node: systemIds.uuid(), incarnation: 'dead' }
  const [id, flow_id] = [systemIds.uuid(), systemIds.uuid()]
  await calls.db.query(
    `insert into recordings values ($1, $2, '', $3, $3, 'call', $3, 'ended', 'wav', $4, 'call_x', 1, 2, true,
       now(), now(), now(), null, null, $5, $6)`,
    [id, calls.customer, NIL_UUID, flow_id, dead.node, dead.incarnation],
  )
  await calls.db.query('insert into recording_ends values ($1, $2, $3)', [id, dead.node, dead.incarnation])
  const life = { ...dead, last_beat: timestamp(systemClock.wallMs()) }
  assert.equal(await calls.recordingRecovery.recover([life]), 0)
  assert.deepEqual(
    calls.followed.map((next) => next.flow_id),
    [flow_id],
  )
  await calls.recordingRecovery.recover([life])
  assert.equal(calls.followed.length, 1)
})

test('what a life of this node left open is found, whether it crashed or had no time; other nodes have their own disks', async () => {
  const calls = await TestCalls.start()
  const row = (node: string, incarnation: string, status: string) =>
    calls.db.query(
      `insert into recordings values (gen_random_uuid(), $1, '', $2, $2, 'call', $2, $5, 'wav', $2, 'call_x', null, null,
         null, now(), null, now(), null, null, $3, $4)`,
      [calls.customer, NIL_UUID, node, incarnation, status],
    )
  await row(calls.node, 'earlier', 'recording')
  await row(calls.node, 'fine', 'ended')
  await row(calls.node, calls.incarnation, 'recording')
  await row(systemIds.uuid(), 'elsewhere', 'recording')
  await calls.db.query('insert into recording_ends values (gen_random_uuid(), $1, $2)', [calls.node, 'hasty'])
  const lives = await calls.recordingRecovery.livesWithOpen()
  assert.deepEqual(lives.map(({ incarnation }) => incarnation).toSorted(), ['earlier', 'hasty'])
})

const orphan = { status: 'recording', tm_create: at('00'), tm_start: at('10') } as Recording

for (const [what, recording, seconds, beat, end] of [
  ['as long as there is sound of it', orphan, 12, '50', '22'],
  ['when its node was last seen, where there is no sound', orphan, 0, '30', '30'],
  ['never before it began', orphan, 0, '05', '10'],
  ['never in the future', orphan, 90, '55', '59'],
  ['when its node was last seen, where it had not begun', { ...orphan, tm_start: null }, 0, '20', '20'],
] as const)
  test(`an orphan went on ${what}`, () => {
    const closed = closeOrphan(recording, { size: 0, duration: seconds }, at(beat), at('59'))
    assert.equal(closed.tm_end, at(end))
    assert.equal(closed.complete, false)
  })

function at(second: string): string {
  return `2026-01-01T00:00:${second}.000000Z`
}
