import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineVerdict } from '#telecom/media'
import { action, VirtualFlow } from '../testing/virtual-flow.ts'

const STATUS = 'voipbin.call.amd.status'
const run = (option: object, more = {}) =>
  new VirtualFlow([action(1, 'amd', { ...option }), action(2, 'echo')], more).start()
/** The detector says so. */
function detected(flow: VirtualFlow, status: MachineVerdict['status'], cause: MachineVerdict['cause']): boolean {
  const { key, hangup } = flow.last('detect_machine')
  return flow.take({ type: 'machine_detected', key, hangup, status, cause })
}

test('amd waits for the verdict, writes it and goes on', () => {
  const flow = run({})
  assert.deepEqual(flow.path, [1])
  detected(flow, 'HUMAN', 'short_greeting')
  assert.deepEqual(flow.path, [1, 2])
  assert.equal(flow.state.variables[STATUS], 'HUMAN')
  assert.equal(flow.state.variables['voipbin.call.amd.cause'], 'short_greeting')
})

test('a machine is hung up as amd where that was asked for, and the flow waits for the end', () => {
  const flow = run({ machine_handle: 'hangup' })
  detected(flow, 'MACHINE', 'tone')
  assert.equal(flow.last('hangup').reason, 'amd')
  assert.deepEqual(flow.path, [1])
  flow.take({ type: 'hungup' })
  assert.equal(flow.state.ended_reason, 'call_hungup')
})

test('a machine may be spoken to, and a person is never hung up', () => {
  const machine = run({ machine_handle: 'continue' })
  detected(machine, 'MACHINE', 'long_greeting')
  assert.deepEqual(machine.path, [1, 2])
  const person = run({ machine_handle: 'hangup' })
  detected(person, 'HUMAN', 'short_greeting')
  assert.deepEqual(person.path, [1, 2])
})

test('with async the flow goes on at once; a machine is hung up whatever the flow does by then', () => {
  const flow = run({ async: true, machine_handle: 'hangup' })
  assert.deepEqual(flow.path, [1, 2])
  detected(flow, 'MACHINE', 'tone')
  assert.equal(flow.state.variables[STATUS], 'MACHINE')
  assert.equal(flow.last('hangup').reason, 'amd')
})

test('where nothing is heard at all nobody is guessed at', () => {
  const flow = run({ machine_handle: 'hangup' })
  flow.clock.advance(8_000)
  assert.deepEqual(flow.path, [1, 2])
  assert.equal(flow.state.variables[STATUS], 'NOTSURE')
})

test('who hangs up while it listens is known as that', () => {
  const flow = run({})
  flow.take({ type: 'hungup' })
  assert.equal(flow.state.variables[STATUS], 'HANGUP')
})

test('a call that nobody has answered is not listened to', () => {
  const flow = run({}, { call: { answered: false, over: false } })
  assert.equal(flow.moves.find(({ executed }) => executed?.type === 'amd')?.executed?.cause, 'call_not_answered')
})
