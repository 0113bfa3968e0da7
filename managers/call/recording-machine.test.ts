import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { ManualClock, Stopwatch } from '#platform/time'
import { CAUSE, type LineEvent } from '#telecom/line'
import { CallActor } from './call-actor.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import type { RecordingOptions } from './live-call.ts'
import { newIncomingCall } from './new-call.ts'
import type { RecordingRefusal } from './recording-machine.ts'

const PLAIN: RecordingOptions = {
  format: 'wav',
  end_of_silence: 0,
  end_of_key: '',
  duration: 0,
  beep_start: false,
  on_end_flow_id: NIL_UUID,
}

/** A call that is up, and what its recordings did so far. */
function answeredCall() {
  const clock = new ManualClock()
  const watch = new Stopwatch(clock)
  const ids = sequentialIds()
  const call = newIncomingCall(
    ids.uuid(),
    {
      customer_id: ids.uuid(),
      flow: { flow_id: ids.uuid() },
      source: {},
      destination: {},
    },
    watch.now(),
  )
  const actor = new CallActor(call, { ids, now: () => watch.now() })
  const on = (input: CallInput) => actor.on(input)
  const line = (event: LineEvent) => on({ type: 'line', event })
  actor.begin()
  on({ type: 'stored' })
  on({ type: 'answer', key: 'a:1' })
  line({ type: 'answered' })
  const ask = (key: string, options: Partial<RecordingOptions> = {}) =>
    on({ type: 'start_recording', key, options: { ...PLAIN, ...options } })
  const prepared = (key: string, refusal?: RecordingRefusal) =>
    on({ type: 'recording_prepared', key, ...(refusal ? { refusal } : {}) })
  const current = () => actor.call.recording_id
  /** Asked for, prepared and begun; gives its id. */
  const record = (key: string, options: Partial<RecordingOptions> = {}) => {
    ask(key, options)
    prepared(key)
    const recording_id = current()
    line({ type: 'recording_started', recording_id })
    return recording_id
  }
  const ended = (recording_id: string, complete = true) =>
    line({ type: 'recording_ended', recording_id, duration_ms: 2_500, complete })
  const measured = (id: string) => on({ type: 'recording_measured', id, sound: { size: 80_088, duration: 2.5 } })
  return { actor, clock, on, line, ask, prepared, record, ended, measured, current }
}

const kindsOf = (effects: CallEffect[]) => effects.map((effect) => effect.do)
const toldBy = (effects: CallEffect[]) => effects.flatMap((effect) => (effect.do === 'tell' ? [effect.input] : []))
const eventsOf = (effects: CallEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'save' || effect.do === 'save_recording' ? effect.events : []))
const rowsOf = (effects: CallEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'save_recording' ? [effect.recording] : []))
const reasonOf = (effects: CallEffect[]) => {
  const [told] = toldBy(effects)
  return told?.type === 'recording_refused' ? told.reason : told?.type
}
const gone: LineEvent = { type: 'ended', by: 'remote', cause: CAUSE.normal, why: 'bye' }

test('a recording is checked, begun, confirmed and ended: the row goes forward, the call names it meanwhile', () => {
  const { actor, ask, prepared, line, ended, measured, current, on, clock } = answeredCall()
  assert.deepEqual(kindsOf(ask('f:2')), ['prepare_recording'])
  assert.equal(current(), NIL_UUID)
  const begun = prepared('f:2')
  assert.deepEqual(kindsOf(begun), ['save_recording', 'save', 'record', 'start'])
  assert.equal(rowsOf(begun)[0]?.status, 'initiating')
  assert.deepEqual(eventsOf(begun), ['call_updated'])
  const id = current()
  assert.deepEqual(actor.call.recording_ids, [id])

  clock.advance(20)
  const started = line({ type: 'recording_started', recording_id: id })
  assert.deepEqual(eventsOf(started), ['recording_started'])
  assert.equal(rowsOf(started)[0]?.status, 'recording')
  const [told] = toldBy(started)
  assert.ok(told?.type === 'recording_started')
  assert.equal(told.key, 'f:2')
  assert.equal(told.recording.id, id)
  assert.match(told.recording.recording_name, /^call_[0-9a-f-]{36}_\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(
    told.recording.filenames,
    `${told.recording.recording_name}_in.wav,${told.recording.recording_name}_out.wav`,
  )

  clock.advance(2_500)
  const stopped = on({ type: 'stop_recording', key: 'f:3' })
  assert.deepEqual(toldBy(stopped), [{ type: 'recording_stopped', key: 'f:3' }])
  assert.deepEqual(eventsOf(stopped), ['call_updated'])
  assert.equal(rowsOf(stopped)[0]?.status, 'stopping')
  assert.equal(current(), NIL_UUID)
  assert.deepEqual(actor.call.recording_ids, [id])

  assert.deepEqual(kindsOf(ended(id)), ['stop', 'measure_recording'])
  const over = measured(id)
  assert.deepEqual(eventsOf(over), ['recording_finished'])
  const [row] = rowsOf(over)
  assert.equal(row?.status, 'ended')
  assert.equal(row?.duration, 2.5)
  assert.equal(row?.size, 80_088)
  assert.equal(row?.complete, true)
  assert.ok((row?.tm_end ?? '') > (row?.tm_start ?? ''))
  assert.equal(over.at(-1)?.do, 'recording_over')
})

test('only an answered call is recorded', () => {
  const { ask, on, prepared } = answeredCall()
  on({ type: 'hangup', reason: 'normal' })
  assert.equal(reasonOf(ask('f:2')), 'call_state_invalid')
  assert.deepEqual(prepared('f:2'), [])
})

test('of two that are asked for at the same time one is made, and the other one hears why not', () => {
  const { actor, ask, prepared } = answeredCall()
  assert.deepEqual(kindsOf(ask('f:2')), ['prepare_recording'])
  assert.deepEqual(kindsOf(ask('f:3')), ['prepare_recording'])
  assert.ok(kindsOf(prepared('f:3')).includes('record'))
  const late = prepared('f:2')
  assert.equal(reasonOf(late), 'already_active')
  assert.deepEqual(kindsOf(late), ['tell', 'discard_recording'])
  assert.equal(reasonOf(ask('f:4')), 'already_active')
  assert.equal(actor.call.recording_ids.length, 1)
})

test('a balance that is too low makes no row and leaves the call as it is', () => {
  const { actor, ask, prepared } = answeredCall()
  ask('f:2')
  const refused = prepared('f:2', 'insufficient_balance')
  assert.equal(reasonOf(refused), 'insufficient_balance')
  assert.deepEqual(rowsOf(refused), [])
  assert.deepEqual(actor.call.recording_ids, [])
})

test('a repeated effect key records nothing twice; its outcome is told again', () => {
  const { ask, record } = answeredCall()
  record('f:2')
  assert.deepEqual(
    toldBy(ask('f:2')).map(({ type }) => type),
    ['recording_started'],
  )
})

test('a line that does not begin within 6 s is given up: the row ends without sound, and nothing is billed', () => {
  const { ask, prepared, on, measured, current } = answeredCall()
  ask('f:2')
  assert.ok(prepared('f:2').some((effect) => effect.do === 'start' && effect.ms === 6_000))
  const id = current()
  const late = on({ type: 'timer', timer: `recording:${id}` })
  assert.ok(kindsOf(late).includes('stop_recording'))
  assert.equal(reasonOf(late), 'unavailable')
  assert.equal(current(), NIL_UUID)
  const [row] = rowsOf(measured(id))
  assert.equal(row?.tm_start, null)
  assert.equal(row?.complete, false)
})

for (const [what, options, input] of [
  ['its duration is over', { duration: 30 }, 'timer'],
  ['its key is pressed', { end_of_key: '#' }, '#'],
  ['any key is pressed', { end_of_key: 'any' }, '7'],
] as const)
  test(`a recording ends by itself when ${what}: the call is free for another at once`, () => {
    const { record, on, line, current, ended } = answeredCall()
    const id = record('f:2', options)
    const effects =
      input === 'timer'
        ? on({ type: 'timer', timer: `recording:${id}` })
        : line({ type: 'digit', digit: input, durationMs: 100, method: 'rfc4733' })
    assert.ok(kindsOf(effects).includes('stop_recording'))
    assert.deepEqual(eventsOf(effects), ['call_updated'])
    assert.equal(current(), NIL_UUID)
    const second = record('f:3')
    assert.notEqual(second, id)
    assert.ok(kindsOf(ended(id)).includes('measure_recording'), 'the first one closes its files meanwhile')
    assert.equal(current(), second)
  })

test('other keys go to the flow and end nothing', () => {
  const { record, line, current } = answeredCall()
  const id = record('f:2', { end_of_key: '#' })
  const effects = line({ type: 'digit', digit: '*', durationMs: 100, method: 'rfc4733' })
  assert.deepEqual(kindsOf(effects), ['tell'])
  assert.equal(current(), id)
})

test('seconds of silence are the line’s to watch; the duration counts from the first sound', () => {
  const { ask, prepared, line, current } = answeredCall()
  ask('f:2', { end_of_silence: 5, duration: 90_000 })
  const begun = prepared('f:2').find((effect) => effect.do === 'record')
  assert.equal(begun?.do === 'record' && begun.endOfSilenceMs, 5_000)
  const started = line({ type: 'recording_started', recording_id: current() })
  assert.ok(started.some((effect) => effect.do === 'start' && effect.ms === 86_400_000))
})

test('a recording that the line ends, for silence or a full disk, frees the call and says what is missing', () => {
  const { record, ended, measured, current } = answeredCall()
  const id = record('f:2')
  assert.deepEqual(eventsOf(ended(id, false)), ['call_updated'])
  assert.equal(current(), NIL_UUID)
  assert.equal(rowsOf(measured(id))[0]?.complete, false)
})

test('a beep sounds first, in place of what sounds, and recording begins behind it', () => {
  const { ask, prepared, on, line, current } = answeredCall()
  on({ type: 'beep', key: 'f:1' })
  ask('f:2', { beep_start: true })
  const beeping = prepared('f:2')
  assert.deepEqual(
    toldBy(beeping).map(({ type }) => type),
    ['played'],
  )
  assert.ok(kindsOf(beeping).includes('play'))
  assert.ok(!kindsOf(beeping).includes('record'))
  const begun = line({ type: 'played', id: current(), outcome: 'finished' })
  assert.deepEqual(kindsOf(begun), ['record', 'start'])
})

test('stopping during the beep ends it before a sound was kept', () => {
  const { ask, prepared, on, current, measured } = answeredCall()
  ask('f:2', { beep_start: true })
  prepared('f:2')
  const id = current()
  const stopped = on({ type: 'stop_recording', key: 'f:3' })
  assert.deepEqual(toldBy(stopped), [
    { type: 'recording_refused', key: 'f:2', reason: 'unavailable' },
    { type: 'recording_stopped', key: 'f:3' },
  ])
  assert.equal(rowsOf(measured(id))[0]?.status, 'ended')
})

test('one that is stopped before the line has begun is told and billed for what it became', () => {
  const { ask, prepared, on, line, current, ended, measured } = answeredCall()
  ask('f:2')
  prepared('f:2')
  const id = current()
  on({ type: 'stop_recording', key: 'f:3' })
  const started = line({ type: 'recording_started', recording_id: id })
  assert.deepEqual(eventsOf(started), ['recording_started'])
  assert.equal(rowsOf(started)[0]?.status, 'stopping', 'only forward')
  assert.equal(toldBy(started)[0]?.type, 'recording_started')
  ended(id)
  const over = measured(id)
  assert.deepEqual(eventsOf(over), ['recording_finished'])
  assert.ok(rowsOf(over)[0]?.tm_start)
})

test('a call that ends is announced at once; its recording follows when its files are closed', () => {
  const { actor, record, line, ended, measured } = answeredCall()
  const id = record('f:2')
  const over = line(gone)
  assert.deepEqual(eventsOf(over), ['call_hangup'])
  assert.equal(actor.call.recording_id, NIL_UUID)
  assert.ok(!kindsOf(over).includes('release'))
  assert.ok(kindsOf(ended(id)).includes('measure_recording'))
  const closed = measured(id)
  assert.deepEqual(eventsOf(closed), ['recording_finished'])
  assert.equal(closed.at(-1)?.do, 'release')
  assert.deepEqual(ended(id), [])
})

test('files that are not closed within 6 s are taken as they are', () => {
  const { record, line, on, measured } = answeredCall()
  const id = record('f:2')
  assert.ok(line(gone).some((effect) => effect.do === 'start' && effect.ms === 6_000))
  on({ type: 'timer', timer: `recording:${id}` })
  const [row] = rowsOf(measured(id))
  assert.equal(row?.duration, 2.5)
  assert.equal(row?.complete, false)
})

test('a call that ends while its recording is still being checked is over at once', () => {
  const { ask, line, prepared } = answeredCall()
  ask('f:2')
  const over = line(gone)
  assert.equal(reasonOf(over), 'call_state_invalid')
  assert.equal(over.at(-1)?.do, 'release')
  assert.deepEqual(prepared('f:2'), [])
})

test('stopping where nothing is recorded says so and does nothing', () => {
  const { on } = answeredCall()
  assert.deepEqual(on({ type: 'stop_recording', key: 'f:2' }), [
    { do: 'tell', input: { type: 'recording_stopped', key: 'f:2' } },
  ])
})
