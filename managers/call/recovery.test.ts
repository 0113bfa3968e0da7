import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, timestamp } from '#platform/time'
import { eventually, TestCalls } from '#testkit'
import { closeOrphan } from './recovery.ts'
import type { CallRow } from './store.ts'

const NUMBER = '+899005000001'

test('after a crash the phones get a BYE, every call is closed as failed, and its event follows', async () => {
  const first = await TestCalls.start()
  await first.number(NUMBER)
  first.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await first.phone('somebody')
  const up = await phone.call(NUMBER)
  await eventually('it is on disk', async () => (await first.events()).some(({ type }) => type === 'call_progressing'))
  const before = timestamp(systemClock.wallMs())
  await first.sip.stop() // the process is gone: nobody says goodbye

  const second = await TestCalls.start({ over: first })
  const dead = { node: first.node, incarnation: first.incarnation, last_beat: before }
  assert.equal(await second.recovery.recover([dead]), 1)
  await eventually('the phone got its BYE', () => up.bye)
  assert.ok((up.bye?.cseq.number ?? 0) >= 1_000, 'its CSeq is well above the last one')
  const [row] = await second.db.query<CallRow>('select * from calls')
  assert.equal(row?.status, 'hangup')
  assert.equal(row?.hangup_reason, 'failed')
  assert.equal(row?.tm_hangup, before)
  assert.equal(row?.dialog, null)
  const types = (await second.events()).map(({ type }) => type)
  assert.deepEqual(types, ['call_created', 'call_ringing', 'call_progressing', 'call_hangup'])

  assert.equal(await second.recovery.recover([dead]), 0, 'a second time there is nothing to do')
  first.lives[0]?.live.hangup('normal') // the dead life was only slow: what it writes now changes nothing
  await eventually('its write was refused', () => first.lanes.counts.fenced > 0)
  assert.equal((await second.events()).length, 4)
})

test('after a crash a transfer that was under way has failed, and says so', async () => {
  const first = await TestCalls.start()
  const sip = (user: string) => ({ type: 'sip' as const, target: `${user}@127.0.0.1:5999` })
  const mine = (await first.api())(first.customer)
  first.script = (live, input) => {
    const options = { early_media: false, relay_reason: false, anonymous: 'auto' as const }
    if (input.type === 'started') live.connect('f:1', { ...options, destinations: [sip('bob')] })
  }
  const { body } = await mine.post('/v1.0/calls', { destinations: [sip('alice')], actions: [{ type: 'answer' }] })
  const answers = async (nth: number) =>
    (
      await eventually('somebody is dialled', () => first.lines.filter(({ said }) => said.includes('dial'))[nth])
    ).answers()
  await answers(0)
  await answers(1)
  const transferer_call_id = body.calls[0].id
  const request = { transfer_type: 'attended', transferer_call_id, transferee_addresses: [sip('carol')] }
  const { body: transfer } = await mine.post('/v1.0/transfers', request)
  assert.equal(transfer.status, 'progressing')

  const second = await TestCalls.start({ over: first })
  const last_beat = timestamp(systemClock.wallMs())
  await second.recovery.recover([{ node: first.node, incarnation: first.incarnation, last_beat }])
  assert.equal((await mine.get(`/v1.0/transfers/${transfer.id}`)).body.status, 'failed')
  const types = (await second.events(second.customer, 'transfer')).map(({ type }) => type)
  assert.deepEqual(types, ['transfer_created', 'transfer_failed'])
})

test('after a crash calls that were being dialled, and the groupcall that called them, are closed', async () => {
  const first = await TestCalls.start()
  const agent = await first.agent([
    { type: 'sip', target: 'a@127.0.0.1:5999' },
    { type: 'sip', target: 'b@127.0.0.1:5999' },
  ])
  await first.engine.place(
    {
      customer_id: first.customer,
      destinations: [{ type: 'agent', target: agent }],
      flow: { actions: [] },
      anonymous: 'auto',
      variables: {},
    },
    'crash:1',
  )
  first.lines[0]?.rings()
  await eventually('one rings', async () => (await first.events()).some(({ type }) => type === 'call_ringing'))
  const before = timestamp(systemClock.wallMs())

  const second = await TestCalls.start({ over: first })
  const dead = { node: first.node, incarnation: first.incarnation, last_beat: before }
  assert.equal(await second.recovery.recover([dead]), 2)
  const rows = await second.db.query<CallRow>('select * from calls')
  for (const { status, hangup_reason, dialog } of rows)
    assert.deepEqual([status, hangup_reason, dialog], ['hangup', 'failed', null])
  const [group] = await second.db.query<Record<string, unknown>>('select * from groupcalls')
  assert.deepEqual([group?.status, group?.call_count], ['hangup', 0])
  const types = (await second.events(second.customer, 'groupcall')).map(({ type }) => type)
  assert.deepEqual(types, ['groupcall_created', 'groupcall_hangup'])
})

const row = {
  status: 'progressing',
  tm_create: '2026-01-01T00:00:00.000000Z',
  tm_ringing: '2026-01-01T00:00:00.000000Z',
  tm_progressing: '2026-01-01T00:00:10.000000Z',
  tm_update: null,
} as CallRow
const at = (second: string) => `2026-01-01T00:00:${second}.000000Z`

for (const [what, beat, hangup] of [
  ['when its node was last seen', at('30'), at('30')],
  ['never before it was answered', at('05'), at('10')],
  ['never in the future', at('59'), at('40')],
] as const)
  test(`an orphan is closed ${what}`, () => {
    assert.equal(closeOrphan(row, beat, at('40')).tm_hangup, hangup)
  })

test('a stop ends live calls by BYE, with their rows on disk', async () => {
  const calls = await TestCalls.start()
  await calls.number(NUMBER)
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('somebody')
  const up = [await phone.call(NUMBER), await phone.call(NUMBER)]
  await calls.engine.stop()
  assert.ok(up.every((call) => call.bye))
  const open = await calls.db.query(`select 1 from calls where status <> 'hangup'`)
  assert.deepEqual(open, [])
  assert.equal((await phone.call(NUMBER)).status, 503)
})

test('a stop does not wait for a phone that acknowledges nothing: its call is over, and on disk', async () => {
  const calls = await TestCalls.start()
  await calls.number(NUMBER)
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('somebody')
  assert.equal((await phone.call(NUMBER, { ack: false })).status, 200)
  await calls.engine.stop()
  assert.deepEqual(await calls.db.query(`select 1 from calls where status <> 'hangup'`), [])
})

test('an ACK that never comes ends the call', async () => {
  const calls = await TestCalls.start({ sipTimers: { t1Ms: 20 } })
  await calls.number(NUMBER)
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const phone = await calls.phone('somebody')
  const call = await phone.call(NUMBER, { ack: false })
  assert.equal(call.status, 200)
  await eventually('the flow hears of the end', () => calls.lives[0]?.inputs.find((input) => input.type === 'hungup'))
  await eventually('the phone got a BYE', () => call.bye)
})

test('a call in which nothing is heard ends as timeout', async () => {
  const calls = await TestCalls.start({ line: { deadMediaMs: 600 } })
  await calls.number(NUMBER)
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
  }
  const call = await (await calls.phone('somebody')).call(NUMBER)
  await eventually('the phone got a BYE', () => call.bye)
  const hungup = await eventually('the flow hears of it', () =>
    calls.lives[0]?.inputs.find((input) => input.type === 'hungup'),
  )
  assert.deepEqual(hungup, { type: 'hungup', hangup_by: 'remote', hangup_reason: 'timeout' })
})
