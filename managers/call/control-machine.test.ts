import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { ManualClock, Stopwatch } from '#platform/time'
import type { MuteDirection } from './call.ts'
import { CallActor } from './call-actor.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import { type Control, type MutedDirection, muted, unmuted } from './control.ts'
import { newIncomingCall, newOutgoingCall } from './new-call.ts'

type State = 'ringing' | 'dialing' | 'called' | 'progressing' | 'terminating' | 'cut' | 'hangup'

/** A call in this state, and what it is asked. */
function callThat(state: State) {
  const watch = new Stopwatch(new ManualClock())
  const ids = sequentialIds()
  const ends = { source: { type: 'sip' as const, target: 'a@b' }, destination: { type: 'sip' as const, target: 'c@d' } }
  const common = { customer_id: ids.uuid(), metadata: {}, owner_id: NIL_UUID }
  const isOutgoing = state === 'dialing' || state === 'called'
  const call = isOutgoing
    ? newOutgoingCall(ids.uuid(), { ...common, ...ends, master_call_id: NIL_UUID, groupcall_id: NIL_UUID }, watch.now())
    : newIncomingCall(ids.uuid(), { ...common, ...ends, flow: { flow_id: ids.uuid() } }, watch.now())
  const actor = new CallActor(call, { ids, now: () => watch.now() })
  const on = (input: CallInput) => actor.on(input)
  actor.begin()
  on({ type: 'stored' })
  if (state === 'called') on({ type: 'line', event: { type: 'ringing' } })
  if (state !== 'ringing' && !isOutgoing) {
    on({ type: 'answer', key: 'a:1' })
    on({ type: 'line', event: { type: 'answered' } })
  }
  if (state === 'terminating' || state === 'hangup') on({ type: 'hangup', reason: 'normal' })
  if (state === 'cut') on({ type: 'timer', timer: 'max_duration' })
  if (state === 'hangup') on({ type: 'line', event: { type: 'ended', by: 'local', cause: 16, why: 'bye' } })
  let asked = 0
  const ask = (control: Control) => on({ type: 'control', key: `k${++asked}`, control })
  return { actor, on, ask }
}

const talk = (text = 'Hello'): Control => ({ type: 'talk', text, voice: {} })
const CONTROLS: Control[] = [
  { type: 'hold', on: true },
  { type: 'hold', on: false },
  { type: 'moh', on: true },
  { type: 'silence', on: false },
  { type: 'mute', on: true, direction: 'in' },
  { type: 'mute', on: false, direction: 'both' },
  talk(),
]
const kindsOf = (effects: CallEffect[]) => effects.map((effect) => effect.do)
const refusalsOf = (effects: CallEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'controlled' ? [effect.refusal] : []))
const soundOf = (effects: CallEffect[]) => {
  for (const effect of effects) if (effect.do === 'render') return effect.sound
  throw new Error('nothing is spoken')
}

test('in a wrong state everything is refused at once with that state, and nothing else happens', () => {
  for (const [state, refusal] of [
    ['hangup', { why: 'over' }],
    ['terminating', { why: 'state', status: 'terminating' }],
    ['cut', { why: 'state', status: 'terminating' }],
    ['dialing', { why: 'state', status: 'dialing' }],
    ['called', { why: 'state', status: 'ringing' }],
    ['ringing', { why: 'state', status: 'ringing' }],
  ] as const)
    for (const control of CONTROLS) {
      if (state === 'ringing' && control.type === 'talk') continue
      const { actor, ask } = callThat(state)
      const before = actor.call
      assert.deepEqual(ask(control), [{ do: 'controlled', key: 'k1', refusal }], `${control.type} ${state}`)
      assert.equal(actor.call, before)
    }
})

test('hold, music and silence are done at once and change nothing of the record', () => {
  const { actor, ask } = callThat('progressing')
  const before = actor.call
  assert.deepEqual(ask({ type: 'hold', on: true }), [
    { do: 'hold', on: true },
    { do: 'controlled', key: 'k1' },
  ])
  assert.deepEqual(ask({ type: 'moh', on: true })[0], { do: 'cover', by: 'moh', on: true })
  assert.deepEqual(ask({ type: 'silence', on: false })[0], { do: 'cover', by: 'silence', on: false })
  assert.equal(actor.call, before)
})

test('mute shows in the record and is announced once; repeating it is not', () => {
  const { actor, ask } = callThat('progressing')
  const first = ask({ type: 'mute', on: true, direction: 'in' })
  assert.deepEqual(kindsOf(first), ['mute', 'save', 'controlled'])
  assert.equal(actor.call.mute_direction, 'in')
  assert.deepEqual(kindsOf(ask({ type: 'mute', on: true, direction: 'in' })), ['controlled'])
  assert.deepEqual(ask({ type: 'mute', on: true, direction: 'out' })[0], { do: 'mute', direction: 'both' })
  assert.deepEqual(ask({ type: 'mute', on: false, direction: 'in' })[0], { do: 'mute', direction: 'out' })
  assert.equal(actor.call.mute_direction, 'out')
})

test('what stays muted follows from what was and what is taken back (calls.md §7)', () => {
  const rows: [MuteDirection, MutedDirection, MuteDirection, MuteDirection][] = [
    ['', 'in', 'in', ''],
    ['', 'both', 'both', ''],
    ['in', 'in', 'in', ''],
    ['in', 'out', 'both', 'in'],
    ['in', 'both', 'both', ''],
    ['out', 'in', 'both', 'out'],
    ['both', 'in', 'both', 'out'],
    ['both', 'out', 'both', 'in'],
    ['both', 'both', 'both', ''],
  ]
  for (const [current, asked, whenMuted, whenUnmuted] of rows) {
    assert.equal(muted(current, asked), whenMuted, `${current} + ${asked}`)
    assert.equal(unmuted(current, asked), whenUnmuted, `${current} - ${asked}`)
  }
})

test('words are answered when they begin to sound, and leave what the flow does alone', () => {
  const { on, ask } = callThat('progressing')
  const prompt = on({ type: 'prompt', key: 'f:1', files: ['/p.wav'] })
  assert.deepEqual(kindsOf(prompt).at(-1), 'play')
  const asked = ask(talk())
  assert.deepEqual(kindsOf(asked), ['render', 'start'])
  const sound = soundOf(asked)
  const spoken = on({ type: 'sound_ready', sound, parts: [{ file: '/t.wav' }] })
  assert.deepEqual(spoken, [
    { do: 'stop', timer: 'announcement' },
    { do: 'announce', sound, parts: [{ file: '/t.wav' }] },
    { do: 'controlled', key: 'k1' },
  ])
  assert.deepEqual(on({ type: 'line', event: { type: 'played', id: sound, outcome: 'finished' } }), [])
})

test('words answer a caller who was not answered yet, and sound once both are ready', () => {
  for (const first of ['answered', 'spoken'] as const) {
    const { on, ask } = callThat('ringing')
    const asked = ask(talk())
    assert.deepEqual(kindsOf(asked), ['answer', 'render', 'start'])
    const ready: CallInput = { type: 'sound_ready', sound: soundOf(asked), parts: [{ file: '/t.wav' }] }
    const answered: CallInput = { type: 'line', event: { type: 'answered' } }
    const [one, other] = first === 'answered' ? [answered, ready] : [ready, answered]
    assert.ok(!kindsOf(on(one)).includes('announce'))
    const then = on(other)
    assert.ok(kindsOf(then).includes('announce'))
    assert.deepEqual(refusalsOf(then), [undefined])
  }
})

test('newer words take the place of those that did not sound yet; both are answered', () => {
  const { on, ask } = callThat('progressing')
  const first = soundOf(ask(talk('One')))
  const second = ask(talk('Two'))
  assert.deepEqual(kindsOf(second), ['abort', 'controlled', 'render', 'start'])
  assert.deepEqual(on({ type: 'sound_ready', sound: first, parts: [] }), [], 'it is none any more')
  assert.ok(kindsOf(on({ type: 'sound_ready', sound: soundOf(second), parts: [] })).includes('announce'))
})

test('words that nobody can speak, that take too long, or whose call ends are refused for that', () => {
  const failing: [CallInput | ((sound: string) => CallInput), string][] = [
    [(sound) => ({ type: 'sound_failed', sound, issue: 'empty', isTextAtFault: true }), 'text'],
    [(sound) => ({ type: 'sound_failed', sound, issue: 'busy', isTextAtFault: false }), 'no_speech'],
    [{ type: 'timer', timer: 'announcement' }, 'no_speech'],
    [{ type: 'line', event: { type: 'ended', by: 'remote', cause: 16, why: 'bye' } }, 'over'],
  ]
  for (const [failure, why] of failing) {
    const { on, ask } = callThat('progressing')
    const sound = soundOf(ask(talk()))
    const effects = on(typeof failure === 'function' ? failure(sound) : failure)
    assert.deepEqual(refusalsOf(effects), [{ why }])
    assert.deepEqual(on({ type: 'sound_ready', sound, parts: [] }), [])
  }
})
