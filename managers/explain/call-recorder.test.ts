import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { threadHub } from '#platform/bus'
import { LanesFull, type LaneWrite } from '#platform/db'
import { apiErrors } from '#platform/http'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock } from '#platform/time'
import type { CaptureTarget } from '#telecom/media'
import { eventually, freshDatabase, tempFolder } from '#testkit'
import { CallRecorder } from './call-recorder.ts'
import { NO_CAPTURES } from './capture-budget.ts'
import { Captures } from './captures.ts'
import { mediaEntries } from './media-entries.ts'
import { migrations } from './migrations/index.ts'
import { unpackRecord } from './record-codec.ts'
import { RECORDS } from './record-question.ts'
import { RecordSource } from './record-source.ts'
import { RecordSweeper } from './record-sweeper.ts'
import { testCall, testDialog, testMessages } from './test-record.ts'

const ends = [
  { address: '192.0.2.1', port: 5060 },
  { address: '192.0.2.2', port: 5062 },
] as const

/** A recorder on a clock turned by hand; what it writes is kept here. */
function testRecorder(t: TestContext) {
  const clock = new ManualClock()
  const bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
  const rows: Record<string, unknown>[] = []
  const lanes = {
    oldestMs: 0,
    waiting: 0,
    full: false,
    async write(_: string, writes: readonly LaneWrite[]) {
      if (this.full) throw new LanesFull()
      rows.push(...writes.map(({ row }) => row))
    },
  }
  const recorder = new CallRecorder({
    clock,
    log: silentLog,
    bus,
    lanes,
    captures: new Captures('/nowhere', NO_CAPTURES),
  })
  recorder.start()
  t.after(() => recorder.stop())
  const call = testCall(systemIds.uuid())
  const sipCallId = systemIds.uuid()
  const line = { id: systemIds.uuid(), dialog: testDialog(sipCallId), codec: 'PCMU', capture() {} }
  return {
    ...{ clock, bus, rows, lanes, recorder, call },
    /** The call lives: half of its messages were on the wire before it began. */
    begin() {
      const messages = testMessages(sipCallId)
      const wire = ({ direction, data }: (typeof messages)[number]) => recorder.tap(direction, data, 'udp', ...ends)
      messages.slice(0, 5).forEach(wire)
      recorder.began(call, line)
      messages.slice(5).forEach(wire)
    },
    written: (count: number) => eventually(`${count} rows`, () => rows.length >= count),
    record: (at: number) => unpackRecord(Buffer.from(String(rows[at]?.data).slice(2), 'hex')),
  }
}

test('a call is written once, two seconds after its end, whole and without secrets', async (t) => {
  const { begin, recorder, call, clock, rows, written, record } = testRecorder(t)
  begin()
  recorder.over(call)
  recorder.over(call)
  recorder.endAsked(call.id, 'platform_stop')
  clock.advance(1_500)
  assert.equal(rows.length, 0)
  clock.advance(1_000)
  await written(1)
  assert.equal(rows[0]?.complete, true)
  const { messages, call_id, facts } = record(0)
  assert.deepEqual(facts, [], 'who asks for the end of what is over has not ended it')
  assert.equal(call_id, call.id)
  assert.equal(messages.length, 10)
  assert.doesNotMatch(messages.map(({ text }) => text).join(), /0123456789abcdef/)
  await eventually('it is forgotten', () => recorder.counts.live === 0)
  clock.advance(10_000)
  assert.equal(rows.length, 1)
})

test('a long call is written each minute while something happens, and not otherwise', async (t) => {
  const { begin, recorder, call, clock, rows, written } = testRecorder(t)
  begin()
  clock.advance(61_000)
  await written(1)
  assert.equal(rows[0]?.complete, false)
  clock.advance(300_000)
  assert.equal(rows.length, 1)
  recorder.lineSaid(call.id, { type: 'held' }, 'PCMU')
  clock.advance(1_000)
  await written(2)
})

test('a stop writes what lives', async (t) => {
  const { begin, recorder, rows } = testRecorder(t)
  begin()
  await recorder.stop()
  assert.deepEqual([rows.length, rows[0]?.complete], [1, false])
})

test('while the database is behind nothing is written, and records wait', async (t) => {
  const { begin, recorder, call, clock, rows, lanes, written } = testRecorder(t)
  begin()
  recorder.over(call)
  lanes.oldestMs = 5_000
  clock.advance(60_000)
  assert.equal(rows.length, 0)
  lanes.oldestMs = 0
  clock.advance(1_000)
  await written(1)
})

test('a record that the lanes do not take is lost, counted, and nothing else happens', async (t) => {
  const { begin, recorder, call, clock, lanes } = testRecorder(t)
  begin()
  recorder.over(call)
  lanes.full = true
  clock.advance(3_000)
  await eventually('it is counted', () => recorder.counts.lost === 1)
  await eventually('it is forgotten', () => recorder.counts.live === 0)
})

test('INVITEs that become no call are forgotten, and a flood of them costs no memory', async (t) => {
  const { recorder, clock } = testRecorder(t)
  for (let n = 0; n < 1_000; n++)
    for (const { direction, data } of testMessages(`flood-${n}`).slice(0, 2))
      recorder.tap(direction, data, 'udp', ...ends)
  assert.equal(recorder.counts.messages_dropped, 500)
  clock.advance(40_000)
  recorder.began(testCall('a'), { id: 'l', dialog: testDialog('flood-999'), codec: undefined, capture() {} })
  assert.deepEqual(recorder.snapshotOf('a')?.messages, [])
})

/** What a record has, as `direction first line`. */
const heard = (recorder: CallRecorder, call_id: string) =>
  recorder.snapshotOf(call_id)?.messages.map(({ direction, text }) => `${direction} ${text.split('\r\n')[0]}`)

const said = (start: string, from: string, to = '') =>
  Buffer.from(`${start}\r\nFrom: <sip:a@x>;tag=${from}\r\nTo: <sip:b@x>${to && `;tag=${to}`}\r\nCall-ID: same\r\n\r\n`)
const INVITE = 'INVITE sip:b@x SIP/2.0'
const BYE = 'BYE sip:b@x SIP/2.0'
const OK = 'SIP/2.0 200 OK'

test("a caller who uses another customer's Call-ID again, or his tags, gets none of his messages and gives him none", (t) => {
  const { recorder } = testRecorder(t)
  const [ours, victim] = ends
  const thief = { address: '198.51.100.66', port: 5060 }
  const line = (id: string, dialog: ReturnType<typeof testDialog>) => ({ id, dialog, codec: undefined, capture() {} })
  recorder.tap('in', said(INVITE, 'va'), 'udp', ours, victim)
  recorder.tap('in', said(INVITE, 'va'), 'udp', ours, thief)
  recorder.began(testCall('victim'), line('l1', testDialog('same', { remote_tag: 'va', local_tag: 'o1' })))
  recorder.began(
    testCall('thief', { customer_id: systemIds.uuid() }),
    line(
      'l2',
      testDialog('same', { remote_tag: 'va', local_tag: 'o2', flow: 'udp;192.0.2.1;5060;198.51.100.66;5060' }),
    ),
  )
  recorder.tap('out', said(OK, 'va', 'o1'), 'udp', ours, victim)
  recorder.tap('out', said('SIP/2.0 603 Decline', 'va', 'o2'), 'udp', ours, thief)
  recorder.tap('in', said('CANCEL sip:b@x SIP/2.0', 'va'), 'udp', ours, thief)
  recorder.tap('in', said(BYE, 'va', 'o1'), 'udp', ours, victim)
  // a third one, whose call never begins, and answers and requests that name no line of ours
  recorder.tap('in', said(INVITE, 'va'), 'udp', ours, { address: '198.51.100.67', port: 5060 })
  recorder.tap('in', said(BYE, 'x', 'y'), 'udp', ours, thief)
  recorder.tap('in', said(OK, 'x', 'va'), 'udp', ours, thief)
  recorder.tap('out', said(BYE, 'x', 'va'), 'udp', ours, victim)
  assert.deepEqual(heard(recorder, 'victim'), [`in ${INVITE}`, `out ${OK}`, `in ${BYE}`])
  assert.deepEqual(heard(recorder, 'thief'), [`in ${INVITE}`, 'out SIP/2.0 603 Decline', 'in CANCEL sip:b@x SIP/2.0'])
})

test('a call that has the name of one that lives does not take it away', (t) => {
  const { recorder, call } = testRecorder(t)
  const [ours, phone] = ends
  const line = (id: string) => ({
    id,
    dialog: testDialog('same', { remote_tag: 'va' }),
    codec: undefined,
    capture() {},
  })
  recorder.began(call, line('l1'))
  recorder.began(testCall('second'), line('l2'))
  recorder.tap('in', said(INVITE, 'va'), 'udp', ours, phone)
  recorder.tap('in', said(BYE, 'va', 'ours'), 'udp', ours, phone)
  assert.deepEqual(heard(recorder, call.id), [`in ${INVITE}`, `in ${BYE}`])
  assert.deepEqual(heard(recorder, 'second'), [])
})

test('a call that comes back to us is two lines of one Call-ID, and each has its own messages', (t) => {
  const { recorder } = testRecorder(t)
  const here = ends[0]
  const flow = 'udp;192.0.2.1;5060;192.0.2.1;5060'
  const line = (id: string, dialog: ReturnType<typeof testDialog>) => ({ id, dialog, codec: undefined, capture() {} })
  const wire = (data: Buffer) => {
    recorder.tap('out', data, 'udp', here, here)
    recorder.tap('in', data, 'udp', here, here)
  }
  recorder.began(testCall('out'), line('l1', testDialog('same', { role: 'uac', local_tag: 'a', remote_tag: '', flow })))
  wire(said(INVITE, 'a'))
  recorder.began(testCall('in'), line('l2', testDialog('same', { local_tag: 'b', remote_tag: 'a', flow })))
  wire(said(OK, 'a', 'b'))
  wire(said(BYE, 'b', 'a'))
  wire(said(OK, 'b', 'a'))
  assert.deepEqual(heard(recorder, 'out'), [`out ${INVITE}`, `in ${OK}`, `in ${BYE}`, `out ${OK}`])
  assert.deepEqual(heard(recorder, 'in'), [`in ${INVITE}`, `out ${OK}`, `out ${BYE}`, `in ${OK}`])
})

test('who asks for the record of a live call is told; of a foreign one there is none; a call role that fails is unavailable', async (t) => {
  const { begin, recorder, call, bus } = testRecorder(t)
  const { db } = await freshDatabase([...migrations])
  const source = new RecordSource({ db, bus })
  begin()
  const found = await source.find(call.customer_id, call.id)
  assert.equal(found.state, 'live')
  assert.deepEqual(await source.find(systemIds.uuid(), call.id), { state: 'none' })
  const broken = bus.respond(RECORDS, () => {
    throw new Error('broken')
  })
  await assert.rejects(source.find(call.customer_id, call.id), apiErrors.SERVICE_UNAVAILABLE.is)
  broken.unsubscribe()
  await recorder.stop()
  assert.deepEqual(await source.find(call.customer_id, call.id), { state: 'none' })
})

test('a call whose sound is not captured although it should be says why', async (t) => {
  const { recorder, bus, lanes, clock } = testRecorder(t)
  await recorder.stop()
  // nothing has been counted yet
  const captures = new Captures('/nowhere', { perCall: 1, perCustomerAndDay: 1, total: 1 })
  const second = new CallRecorder({ clock, log: silentLog, bus, lanes, captures })
  const capture = () => assert.fail('it is captured')
  const line = { id: 'l', dialog: testDialog('x'), codec: undefined, capture }
  second.began(testCall('a', { metadata: { rtp_debug: true } as never }), line)
  second.began(testCall('b'), line)
  assert.deepEqual(
    ['a', 'b'].map((id) => mediaEntries(second.snapshotOf(id)?.facts ?? []).map(({ text, media }) => [text, media])),
    [[['Its sound is not captured: there is no place for it', { fact: 'not_captured', why: 'not_possible' }]], []],
  )
})

test('a line that is dialled again is captured into the same file', async (t) => {
  const { bus, lanes, clock } = testRecorder(t)
  const captures = new Captures(tempFolder(t), { perCall: 1e6, perCustomerAndDay: 1e7, total: 1e7 })
  await captures.measure()
  const recorder = new CallRecorder({ clock, log: silentLog, bus, lanes, captures })
  const targets: CaptureTarget[] = []
  const line = (id: string) => ({
    ...{ id, dialog: testDialog(id), codec: undefined },
    capture: (target: CaptureTarget) => void targets.push(target),
  })
  recorder.began(testCall('a', { metadata: { rtp_debug: true } as never }), line('first'))
  recorder.redialled('a', line('second'))
  recorder.began(testCall('b'), line('other'))
  recorder.redialled('b', line('another'))
  assert.equal(targets.length, 2)
  assert.deepEqual(targets[0], targets[1])
})

test('records, refused calls and captures are forgotten by age', async () => {
  const { db } = await freshDatabase([...migrations])
  const at = "('now'::timestamptz - $1::interval)"
  for (const age of ['40 days', '20 days']) {
    await db.query(`insert into call_records values (gen_random_uuid(), gen_random_uuid(), '', true, ${at}, now())`, [
      age,
    ])
    await db.query(
      `insert into refused_calls values (gen_random_uuid(), gen_random_uuid(), 'x', 404, '', '', '', 1, '', ${at})`,
      [age],
    )
  }
  const captures = new Captures('/nowhere', NO_CAPTURES)
  const sweeper = new RecordSweeper({ db, captures, clock: systemClock, log: silentLog, days: 30 })
  await sweeper.sweep()
  for (const table of ['call_records', 'refused_calls'])
    assert.equal((await db.query(`select 1 from ${table}`)).length, 1, table)
})
