import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { Dialog, Outcome } from '#telecom/sip'
import { LineHold } from './line-hold.ts'
import { LineSession } from './line-session.ts'
import { sdp } from './test-lines.ts'

const LOST: Outcome = { type: 'transport failed', error: new Error('the connection is gone') }

/** An answered leg whose re-INVITEs have the outcome that a test gives them. */
function leg() {
  const clock = new ManualClock()
  const session = new LineSession({ address: '192.0.2.1', port: 20_000, sessionId: '77' })
  session.answer(sdp())
  const asked: { sdp: string; done(outcome: Outcome): void }[] = []
  const dialog: Pick<Dialog, 'ended' | 'reinvite'> = {
    ended: false,
    reinvite: (sdp, _, done) => asked.push({ sdp: String(sdp), done: (outcome) => done?.(outcome) }),
  }
  const hold = new LineHold({
    ...{ clock, log: silentLog },
    dialog: () => dialog as Dialog,
    session: () => session,
    renegotiated: () => hold.agreed(),
  })
  return { clock, session, asked, hold }
}

test('a hold that found no way to the phone is said again as long as the call lives', () => {
  const { clock, asked, hold } = leg()
  hold.want(true)
  asked[0]?.done(LOST)
  clock.advance(5_000)
  asked[1]?.done(LOST)
  clock.advance(5_000)
  assert.equal(asked.length, 3)
  assert.match(asked[2]?.sdp ?? '', /a=sendonly/)
  hold.stop()
  assert.equal(clock.pending, 0)
})

test('a hold that found no way to the phone and is taken back leaves the session open both ways', () => {
  const { clock, session, asked, hold } = leg()
  hold.want(true)
  asked[0]?.done(LOST)
  hold.want(false)
  const answered = session.answer(sdp({ port: 4_100 }))
  assert.ok('sdp' in answered)
  assert.match(answered.sdp, /a=sendrecv/)
  clock.advance(5_000)
  assert.equal(asked.length, 1, 'the phone never knew')
})

test('a hold offered in a 200 of ours and taken back before its ACK is taken back at the phone, too', () => {
  const { clock, session, asked, hold } = leg()
  hold.want(true)
  asked[0]?.done({ type: 'local glare', retryInMs: 1_000 })
  assert.match(session.offerAgain(undefined), /a=sendonly/)
  hold.want(false)
  session.accept(sdp({ lines: 'a=recvonly\r\n' }))
  hold.agreed()
  clock.advance(1_000)
  assert.match(asked[1]?.sdp ?? '', /a=sendrecv/)
})
