import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { ManagedEndpoint } from './managed-endpoint.ts'
import type { MediaEvent } from './media-event.ts'
import type { ToWorker } from './protocol.ts'
import { Recorder } from './recording/recorder.ts'

/** An endpoint whose worker is played by the test. */
function endpoint() {
  const clock = new ManualClock()
  const sent: ToWorker['type'][] = []
  const events: MediaEvent['type'][] = []
  const one = new ManagedEndpoint({
    ...{ id: 'e1', address: '127.0.0.1', port: 20_000, worker: 0, clock, log: silentLog },
    recorder: new Recorder({ clock, log: silentLog }),
    on: ({ type }) => events.push(type),
    send: ({ type }) => sent.push(type),
    onHears() {},
    askStatistics: () => Promise.reject(new Error('none')),
    onGone() {},
  })
  one.want({
    ...{ sdpVersion: 1, remote: null, codec: 'PCMU', payloadTypeSend: 0, payloadTypeReceive: 0 },
    ...{ telephoneEventSend: null, telephoneEventReceive: null, ptimeMs: 20, direction: 'sendrecv' },
    ...{ signallingAddress: '127.0.0.1', deadMediaMs: 0, sending: { kind: 'silence' } },
  })
  /** What a new worker is told. */
  const restart = (meanwhile = () => {}) => {
    one.onDown()
    meanwhile()
    one.reopen()
    sent.length = 0
    one.onMessage({ type: 'opened', id: 'e1' })
    return sent
  }
  return { one, events, restart }
}

test('whoever asked who answered still learns it when the worker that listened crashes', () => {
  const { one, events, restart } = endpoint()
  one.detect()
  assert.deepEqual(restart(), ['want', 'detect'])
  assert.deepEqual(restart(), ['want', 'detect'], 'and when the next one does')
  const event = { type: 'answered_by', status: 'HUMAN', cause: 'short_greeting' } as const
  one.onMessage({ type: 'event', id: 'e1', event })
  assert.deepEqual(restart(), ['want'], 'once it is known nobody listens any more')
  assert.deepEqual(events, ['restarted', 'restarted', 'answered_by', 'restarted'])
})

test('who asks while the worker is down is heard by the next one', () => {
  const { one, restart } = endpoint()
  assert.deepEqual(
    restart(() => one.detect()),
    ['want', 'detect'],
  )
})
