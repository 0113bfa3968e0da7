// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what this is about
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID } from '#platform/ids'
import { DIGITS } from '../engine/variables.ts'
import { action, uuid, VirtualFlow } from '../testing/virtual-flow.ts'

const end = action(99, 'sleep', { duration: 1_000_000 })
const isAtEnd = (flow: VirtualFlow) => flow.state.current.id === uuid(99)
const starting = (option: object = {}, bound = {}) =>
  new VirtualFlow([action(1, 'recording_start', { ...option }), end], { bound }).start()

const RECORDING = {
  id: uuid(5),
  reference_type: 'call',
  reference_id: uuid(6),
  format: 'wav',
  recording_name: 'call_x',
  filenames: 'call_x_in.wav,call_x_out.wav',
} as const
const VARIABLES = {
  'voipbin.recording.id': uuid(5),
  'voipbin.recording.reference_type': 'call',
  'voipbin.recording.reference_id': uuid(6),
  'voipbin.recording.format': 'wav',
  'voipbin.recording.recording_name': 'call_x',
  'voipbin.recording.filenames': 'call_x_in.wav,call_x_out.wav',
}
const recordingVariables = (flow: VirtualFlow) =>
  Object.fromEntries(Object.entries(flow.state.variables).filter(([name]) => name.startsWith('voipbin.recording.')))

test('recording_start passes on all that it is told', () => {
  const option = { format: 'wav', end_of_silence: 4, end_of_key: '#', duration: 600, beep_start: true }
  const flow = starting({ ...option, on_end_flow_id: '${after}' }, { after: uuid(8) })
  const { key: _, type: __, ...asked } = flow.last('start_recording')
  assert.deepEqual(asked, { ...option, on_end_flow_id: uuid(8) })
})

test('recording_start without options records to the end of the call', () => {
  const { key: _, type: __, ...asked } = starting().last('start_recording')
  assert.deepEqual(asked, {
    format: 'wav',
    end_of_silence: 0,
    end_of_key: '',
    duration: 0,
    beep_start: false,
    on_end_flow_id: NIL_UUID,
  })
})

test('when the recording has begun the flow knows it by its six variables and goes on', () => {
  const flow = starting()
  flow.take({ type: 'recording_started', key: flow.last('start_recording').key, recording: RECORDING })
  assert.ok(isAtEnd(flow))
  assert.deepEqual(recordingVariables(flow), VARIABLES)
})

test('a recording that the API asked for is known to the flow too, which stays where it is', () => {
  const flow = new VirtualFlow([end]).start()
  assert.equal(flow.take({ type: 'recording_started', key: 'of the API', recording: RECORDING }), true)
  assert.deepEqual(recordingVariables(flow), VARIABLES)
  assert.ok(isAtEnd(flow))
})

test('a recording that is refused is noted, and the flow goes on', () => {
  const flow = starting()
  flow.take({ type: 'recording_refused', key: flow.last('start_recording').key, reason: 'RECORDING_ALREADY_ACTIVE' })
  assert.ok(isAtEnd(flow))
  assert.equal(flow.moves[1]?.executed?.cause, 'recording_refused: RECORDING_ALREADY_ACTIVE')
  assert.deepEqual(recordingVariables(flow), {})
})

test('a recording that is slow to begin does not keep the caller in silence; it is known when it does begin', () => {
  const flow = starting()
  flow.clock.advance(4_999)
  assert.ok(!isAtEnd(flow))
  flow.clock.advance(1)
  assert.ok(isAtEnd(flow))
  assert.equal(flow.moves[1]?.executed?.cause, 'recording_late')
  flow.take({ type: 'recording_started', key: flow.last('start_recording').key, recording: RECORDING })
  assert.deepEqual(recordingVariables(flow), VARIABLES)
})

for (const [option, cause] of [
  [{ format: '${x}' }, 'format_not_made: ogg'],
  [{ end_of_key: '${x}' }, 'key_unknown: ogg'],
] as const)
  test(`what a variable makes of ${JSON.stringify(option)} is noted, and nothing is recorded`, () => {
    const flow = starting(option, { x: 'ogg' })
    assert.ok(isAtEnd(flow))
    assert.equal(flow.moves[1]?.executed?.cause, cause)
    assert.ok(!flow.types.includes('start_recording'))
  })

test('a key that is pressed while the recording begins counts', () => {
  const flow = starting()
  flow.press('1')
  assert.equal(flow.state.variables[DIGITS], '1')
})

test('recording_stop goes on when the recording has ended, or does not end in time', () => {
  const stopping = () => new VirtualFlow([action(1, 'recording_stop'), end]).start()
  const flow = stopping()
  assert.ok(!isAtEnd(flow))
  flow.take({ type: 'recording_stopped', key: flow.last('stop_recording').key })
  assert.ok(isAtEnd(flow))
  const late = stopping()
  late.clock.advance(5_000)
  assert.ok(isAtEnd(late))
  assert.equal(late.moves[1]?.executed?.cause, 'recording_stop_late')
})
