import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, sequentialIds } from '#platform/ids'
import { ManualClock, Stopwatch } from '#platform/time'
import { CallActor } from './call-actor.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import { newIncomingCall } from './new-call.ts'
import { MOST_STREAMS } from './stream-machine.ts'

/** A caller, answered unless said. */
function caller({ answered = true } = {}) {
  const watch = new Stopwatch(new ManualClock())
  const ids = sequentialIds()
  const call = newIncomingCall(
    ids.uuid(),
    {
      ...{ customer_id: ids.uuid(), flow: { flow_id: ids.uuid() }, metadata: {}, owner_id: NIL_UUID, anonymous: true },
      ...{ source: { type: 'sip', target: 'a@b' }, destination: { type: 'sip', target: 'c@d' }, leave: () => {} },
    },
    watch.now(),
  )
  const actor = new CallActor(call, { ids, now: () => watch.now() })
  const on = (input: CallInput) => actor.on(input)
  actor.begin()
  on({ type: 'stored' })
  on({ type: 'answer', key: 'a:1' })
  if (answered) on({ type: 'line', event: { type: 'answered' } })
  const start = (id: string) => on({ type: 'start_stream', key: `start ${id}`, stream: target(id) })
  const stop = (id?: string) => on({ type: 'stop_stream', key: 'stop', ...(id === undefined ? {} : { stream_id: id }) })
  const started = (stream_id: string) => on({ type: 'line', event: { type: 'stream_started', stream_id } })
  const ended = (stream_id: string) => on({ type: 'line', event: { type: 'stream_ended', stream_id, dropped: 0 } })
  return { on, start, stop, started, ended }
}

const target = (stream_id: string) => ({
  stream_id,
  address: '127.0.0.1',
  port: 9,
  listen: 'both' as const,
  speak: true,
})
const refusal = (key: string, why: string): CallEffect => ({ do: 'controlled', key, refusal: { why } }) as CallEffect

test('a stream is answered when its program is there, once', () => {
  const { start, started } = caller()
  assert.deepEqual(start('one'), [{ do: 'stream', stream: target('one') }])
  assert.deepEqual(started('one'), [{ do: 'controlled', key: 'start one' }])
  assert.deepEqual(started('one'), [])
})

test('a program that is not there, and a call that ends meanwhile, refuse it', () => {
  const { start, ended } = caller()
  start('one')
  assert.deepEqual(ended('one'), [refusal('start one', 'no_program')])
  const over = caller()
  over.start('one')
  const effects = over.on({ type: 'line', event: { type: 'ended', by: 'remote', cause: 16, why: 'bye' } })
  assert.ok(effects.some((effect) => effect.do === 'controlled' && effect.refusal?.why === 'over'))
  assert.deepEqual(over.start('two'), [refusal('start two', 'over')])
})

test('five may be open; one that has gone makes room, and the same one again is one', () => {
  const { start, started, ended } = caller()
  for (let n = 0; n < MOST_STREAMS; n++) {
    start(`s${n}`)
    started(`s${n}`)
  }
  assert.deepEqual(start('s0'), [{ do: 'controlled', key: 'start s0' }])
  assert.deepEqual(start('more'), [refusal('start more', 'too_many_streams')])
  assert.deepEqual(ended('s1'), [])
  assert.equal(start('more')[0]?.do, 'stream')
})

test('before the answer nothing hears a call', () => {
  const { start } = caller({ answered: false })
  assert.deepEqual(start('one'), [{ do: 'controlled', key: 'start one', refusal: { why: 'state', status: 'ringing' } }])
})

test('one stream is ended, or all of them; ending what is not there is done already', () => {
  const { start, started, stop } = caller()
  for (const id of ['one', 'two', 'three']) {
    start(id)
    started(id)
  }
  const done: CallEffect = { do: 'controlled', key: 'stop' }
  assert.deepEqual(stop('two'), [{ do: 'end_stream', stream_id: 'two' }, done])
  assert.deepEqual(stop('none'), [done])
  assert.equal(stop().filter((effect) => effect.do === 'end_stream').length, 3)
})
