import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { ManualClock, systemClock } from '#platform/time'
import { eventually, TestCalls } from '#testkit'
import { ClosedHistories } from './closed-histories.ts'
import { ClosedHistoryNotes } from './closed-history-notes.ts'
import { RecordingRetention } from './recording-retention.ts'

const NUMBER = '+899007000003'
const calls = await TestCalls.start()
await calls.number(NUMBER)
const mine = (await calls.api())(calls.customer)
const DAY_MS = 86_400_000
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
}

/** A call that is up and recorded. */
async function recorded() {
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const call = calls.lives.at(-1)?.live.id ?? ''
  const { body } = await mine.post(`/v1.0/calls/${call}/recording_start`, {})
  const id: string = body.recording_id
  const { in: incoming = '', out: outgoing = '' } = calls.recorder.asked.at(-1) ?? {}
  const end = async () => {
    await phone.hangUp()
    await eventually('it is over', async () => (await mine.get(`/v1.0/calls/${call}`)).body.status === 'hangup')
    await eventually('it has ended', async () => (await mine.get(`/v1.0/recordings/${id}`)).body.status === 'ended')
  }
  return { call, id, files: [incoming, outgoing], end }
}

const left = async () => {
  const counts = ['calls', 'groupcalls', 'recordings', 'transfers'].map(async (table) => {
    const [row] = await calls.db.query(`select count(*)::int as count from ${table} where tm_delete is null`)
    return (row as { count: number }).count
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

for (const kept of ['where they were written', 'in the storage'])
  test(`recordings are deleted so many days after their end, with the files ${kept}, and not before`, async () => {
    const old = await recorded()
    await old.end()
    if (kept === 'in the storage') await calls.recordingKeeper.run()
    assert.ok(old.files.every((path) => existsSync(path)))
    const later = (days: number) => ({ ...systemClock, wallMs: () => systemClock.wallMs() + days * DAY_MS })
    const deleteSome = (days: number, after: number) =>
      new RecordingRetention({ ...calls.removing, clock: later(after), days }).deleteSome()
    assert.equal(await deleteSome(0, 10_000), 0, 'for ever')
    assert.equal(await deleteSome(30, 29), 0)
    assert.equal(await deleteSome(30, 31), 1)
    assert.equal((await mine.get(`/v1.0/recordings/${old.id}`)).status, 404)
    assert.ok(old.files.every((path) => !existsSync(path)))
    const events = await calls.events(calls.customer, 'recording')
    assert.equal(events.at(-1)?.type, 'recording_deleted')
    assert.equal(await deleteSome(30, 31), 0)
  })

test('what a deleted customer had of calls is deleted, also what was still live when it was deleted', async () => {
  const over = await recorded()
  await over.end()
  const live = await recorded()
  const clock = new ManualClock()
  const histories = new ClosedHistories({ ...calls.removing, clock, accounts: calls.storageAccounts })
  const run = () => histories.run(new AbortController().signal)
  const noted = () => calls.db.query('select customer_id from closed_histories')
  await run()
  assert.ok((await left()) > 0, 'of nobody who was not deleted')
  await calls.db.transaction((trx) => new ClosedHistoryNotes({ db: calls.db, clock }).deleteAllOf(trx, calls.customer))
  await run()
  assert.equal(await left(), 2, 'the live call and its recording')
  assert.equal((await noted()).length, 1)
  await live.end()
  await run()
  assert.equal(await left(), 0)
  assert.deepEqual(await noted(), [])
  for (const path of [...over.files, ...live.files]) assert.equal(existsSync(path), false)
  const deleted = (await calls.events(calls.customer, 'call')).filter(({ type }) => type === 'call_deleted')
  assert.deepEqual(
    [over.call, live.call].filter((id) => !deleted.some(({ data }) => data.id === id)),
    [],
  )
})
