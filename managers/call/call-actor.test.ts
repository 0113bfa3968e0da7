import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { ManualClock, Stopwatch } from '#platform/time'
import { CAUSE, type LineEvent } from '#telecom/line'
import { CallActor } from './call-actor.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import { newIncomingCall } from './new-call.ts'

function ringingCall() {
  const clock = new ManualClock()
  const watch = new Stopwatch(clock)
  const ids = sequentialIds()
  const call = newIncomingCall(
    ids.uuid(),
    {
      customer_id: ids.uuid(),
      flow: { flow_id: ids.uuid() },
      source: { type: 'sip', target: 'a@b' },
      destination: { type: 'tel', target: '+899001000001' },
    },
    watch.now(),
  )
  const actor = new CallActor(call, { ids, now: () => watch.now() })
  const on = (input: CallInput) => actor.on(input)
  const line = (event: LineEvent) => actor.on({ type: 'line', event })
  return { actor, clock, begun: actor.begin(), on, line }
}

function answeredCall() {
  const call = ringingCall()
  call.on({ type: 'stored' })
  call.on({ type: 'answer', key: 'a:1' })
  call.line({ type: 'answered' })
  return call
}

const eventsOf = (effects: CallEffect[]) => effects.flatMap((effect) => (effect.do === 'save' ? effect.events : []))
const toldBy = (effects: CallEffect[]) => effects.flatMap((effect) => (effect.do === 'tell' ? [effect.input] : []))
const kindsOf = (effects: CallEffect[]) => effects.map((effect) => effect.do)
const soundOf = (effects: CallEffect[]) => {
  for (const effect of effects) if ('sound' in effect) return effect.sound
  throw new Error('nothing sounds')
}
const ended = (cause: number): LineEvent => ({ type: 'ended', by: 'remote', cause, why: 'bye' })

test('a call that comes in rings, exists and is announced as created and ringing', () => {
  const { actor, begun } = ringingCall()
  assert.deepEqual(kindsOf(begun), ['ring', 'save', 'start'])
  assert.deepEqual(eventsOf(begun), ['call_created', 'call_ringing'])
  assert.equal(actor.call.status, 'ringing')
  assert.equal(actor.call.tm_ringing, actor.call.tm_create)
})

test('the 200 waits until the row with the dialog is on disk', () => {
  const { on, line } = ringingCall()
  assert.deepEqual(on({ type: 'answer', key: 'a:1' }), [])
  assert.deepEqual(on({ type: 'stored' }), [{ do: 'answer' }])
  const effects = line({ type: 'answered' })
  assert.deepEqual(eventsOf(effects), ['call_progressing'])
  assert.deepEqual(toldBy(effects), [{ type: 'answered', key: 'a:1' }])
})

test('a call whose row is on disk is answered at once, and only once', () => {
  const { on } = ringingCall()
  on({ type: 'stored' })
  assert.deepEqual(on({ type: 'answer', key: 'a:1' }), [{ do: 'answer' }])
  assert.deepEqual(on({ type: 'answer', key: 'a:1' }), [])
  assert.deepEqual(on({ type: 'stored' }), [{ do: 'answer' }]) // a later row: the line answers once by itself
})

test('answering an answered call says so again and does nothing', () => {
  const { on } = answeredCall()
  assert.deepEqual(on({ type: 'answer', key: 'a:9' }), [{ do: 'tell', input: { type: 'answered', key: 'a:9' } }])
})

test('a caller who hangs up ends the call as remote and normal', () => {
  const { actor, line, clock } = answeredCall()
  clock.advance(1_500)
  const effects = line(ended(CAUSE.normal))
  assert.deepEqual(eventsOf(effects), ['call_hangup'])
  assert.deepEqual(toldBy(effects), [{ type: 'hungup', hangup_by: 'remote', hangup_reason: 'normal' }])
  assert.equal(effects.at(-1)?.do, 'release')
  assert.equal(actor.call.status, 'hangup')
  assert.ok((actor.call.tm_hangup ?? '') > (actor.call.tm_progressing ?? ''))
})

test('a hangup of ours passes through terminating and ends as local', () => {
  const { actor, on, line } = answeredCall()
  const effects = on({ type: 'hangup', reason: 'normal' })
  assert.deepEqual(eventsOf(effects), ['call_terminating'])
  assert.ok(effects.some((effect) => effect.do === 'hangup' && effect.cause === CAUSE.normal))
  assert.equal(actor.call.status, 'terminating')
  assert.deepEqual(on({ type: 'hangup', reason: 'busy' }), [])
  line(ended(CAUSE.normal))
  assert.equal(actor.call.hangup_by, 'local')
  assert.equal(actor.call.hangup_reason, 'normal')
})

test('an unanswered incoming call that we end is terminated, never canceled', () => {
  const { actor, on } = ringingCall()
  on({ type: 'hangup', reason: 'busy' })
  assert.equal(actor.call.status, 'terminating')
})

test('a call that is ending is not answered and plays nothing', () => {
  const { on } = ringingCall()
  on({ type: 'hangup', reason: 'normal' })
  assert.deepEqual(on({ type: 'answer', key: 'a:1' }), [])
  assert.deepEqual(on({ type: 'beep', key: 'a:2' }), [])
  assert.deepEqual(on({ type: 'stored' }), [])
})

for (const [what, input] of [
  ['its longest duration is over', { type: 'timer', timer: 'max_duration' }],
  ['nothing is heard any more', { type: 'line', event: { type: 'media_lost', silentMs: 60_000 } }],
] as const)
  test(`an answered call ends as timeout when ${what}`, () => {
    const { actor, on, line } = answeredCall()
    assert.deepEqual(on(input), [{ do: 'hangup', cause: CAUSE.timeout }])
    assert.equal(actor.call.status, 'progressing')
    assert.deepEqual(on({ type: 'hangup', reason: 'normal' }), [])
    line(ended(CAUSE.timeout))
    assert.equal(actor.call.hangup_reason, 'timeout')
    assert.equal(actor.call.hangup_by, 'remote')
  })

test('nothing changes a call that is over', () => {
  const { actor, on, line } = answeredCall()
  line(ended(CAUSE.normal))
  const before = actor.call
  assert.deepEqual(on({ type: 'action', action: { id: NIL_UUID, next_id: NIL_UUID, type: 'talk' } }), [])
  assert.deepEqual(on({ type: 'hangup', reason: 'normal' }), [])
  assert.equal(actor.call, before)
})

test('speech is made, played, and its end is told under the key that asked for it', () => {
  const { on, line } = answeredCall()
  const asked = on({ type: 'say', key: 'a:2', text: 'Welcome', voice: {} })
  assert.deepEqual(kindsOf(asked), ['silence', 'render', 'start'])
  const sound = soundOf(asked)
  const ready = on({ type: 'sound_ready', sound, parts: [{ file: '/tmp/w.wav' }] })
  assert.deepEqual(ready, [
    { do: 'stop', timer: 'sound' },
    { do: 'play', sound, parts: [{ file: '/tmp/w.wav' }] },
  ])
  const played = line({ type: 'played', id: sound, outcome: 'finished' })
  assert.deepEqual(toldBy(played), [{ type: 'played', key: 'a:2', outcome: 'finished' }])
})

test('speech that is not ready within 10 s has failed, and what comes later is not played', () => {
  const { on } = answeredCall()
  const asked = on({ type: 'say', key: 'a:2', text: 'Welcome', voice: {} })
  assert.ok(asked.some((effect) => effect.do === 'start' && effect.ms === 10_000))
  const late = on({ type: 'timer', timer: 'sound' })
  assert.deepEqual(toldBy(late), [
    { type: 'played', key: 'a:2', outcome: 'failed', reason: 'it was not ready in time' },
  ])
  assert.deepEqual(on({ type: 'sound_ready', sound: soundOf(asked), parts: [] }), [])
})

test('a repeated effect key is recognised: nothing sounds twice, its outcome is told again', () => {
  const { on, line } = answeredCall()
  const sound = soundOf(on({ type: 'beep', key: 'a:2' }))
  assert.deepEqual(on({ type: 'beep', key: 'a:2' }), [])
  line({ type: 'played', id: sound, outcome: 'finished' })
  assert.deepEqual(toldBy(on({ type: 'beep', key: 'a:2' })), [{ type: 'played', key: 'a:2', outcome: 'finished' }])
})

test('a new sound stops the one before it', () => {
  const { on, line } = answeredCall()
  const first = soundOf(on({ type: 'beep', key: 'a:2' }))
  const second = on({ type: 'digits', key: 'a:3', digits: '12#', duration_ms: 5, interval_ms: 9_999 })
  assert.deepEqual(toldBy(second), [{ type: 'played', key: 'a:2', outcome: 'stopped' }])
  const play = second.find((effect) => effect.do === 'play')
  assert.deepEqual(play?.do === 'play' && play.parts, [{ digits: '12#', durationMs: 100, gapMs: 5_000 }])
  assert.deepEqual(line({ type: 'played', id: first, outcome: 'stopped' }), []) // told already
})

test('an echo ends by itself after its time', () => {
  const { on } = answeredCall()
  const echo = on({ type: 'echo', key: 'a:2', duration_ms: 20_000 })
  assert.deepEqual(echo, [{ do: 'echo' }, { do: 'start', timer: 'sound', ms: 20_000 }])
  const over = on({ type: 'timer', timer: 'sound' })
  assert.deepEqual(toldBy(over), [{ type: 'echoed', key: 'a:2', outcome: 'finished' }])
  assert.equal(over.at(-1)?.do, 'silence')
})

test('stopping what sounds says so, and in silence does nothing', () => {
  const { on } = answeredCall()
  assert.deepEqual(on({ type: 'stop_playing' }), [])
  on({ type: 'beep', key: 'a:2' })
  assert.deepEqual(toldBy(on({ type: 'stop_playing' })), [{ type: 'played', key: 'a:2', outcome: 'stopped' }])
})

test('digits that are none fail', () => {
  const { on } = answeredCall()
  const effects = on({ type: 'digits', key: 'a:2', digits: '12x', duration_ms: 200, interval_ms: 0 })
  assert.deepEqual(toldBy(effects), [{ type: 'digits_sent', key: 'a:2', outcome: 'failed' }])
})

test('a sound that is on when the call ends is told as stopped before the hangup is', () => {
  const { on, line } = answeredCall()
  on({ type: 'say', key: 'a:2', text: 'Welcome', voice: {} })
  const told = toldBy(line(ended(CAUSE.normal)))
  assert.deepEqual(
    told.map((input) => input.type),
    ['played', 'hungup'],
  )
})

test('what the flow does is shown on the call and announced', () => {
  const { actor, on } = answeredCall()
  const effects = on({
    type: 'action',
    action: { id: NIL_UUID, next_id: NIL_UUID, type: 'talk', option: { text: 'x' } },
  })
  assert.deepEqual(eventsOf(effects), ['call_updated'])
  assert.equal(actor.call.action.type, 'talk')
  assert.equal(actor.call.action.tm_execute, actor.call.tm_update)
})

test('a moved dialog is written without an event', () => {
  const { line } = answeredCall()
  const effects = line({ type: 'dialog_changed', dialog: {} as never })
  assert.deepEqual(kindsOf(effects), ['save'])
  assert.deepEqual(eventsOf(effects), [])
})

test('who answered is listened for once per key, and told with what is to become of a machine', () => {
  const { on, line } = answeredCall()
  assert.deepEqual(on({ type: 'detect', key: 'a:2', hangup: true }), [{ do: 'detect' }])
  assert.deepEqual(on({ type: 'detect', key: 'a:2', hangup: true }), [])
  const verdict = { status: 'MACHINE', cause: 'tone' } as const
  const outcome = { type: 'machine_detected', key: 'a:2', hangup: true, ...verdict }
  assert.deepEqual(toldBy(line({ type: 'answered_by', ...verdict })), [outcome])
  assert.deepEqual(toldBy(on({ type: 'detect', key: 'a:2', hangup: true })), [outcome])
  assert.deepEqual(line({ type: 'answered_by', ...verdict }), [])
})

test('nobody listens for who answered once the call ends', () => {
  const { on, line } = answeredCall()
  on({ type: 'detect', key: 'a:2', hangup: false })
  on({ type: 'hangup', reason: 'normal' })
  assert.deepEqual(line({ type: 'answered_by', status: 'HUMAN', cause: 'short_greeting' }), [])
  assert.deepEqual(on({ type: 'detect', key: 'a:3', hangup: false }), [])
})
