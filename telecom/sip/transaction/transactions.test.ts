import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { Headers } from '../message/headers.ts'
import { SipRequest, SipResponse } from '../message/message.ts'
import { DEFAULT_TIMERS } from '../timers.ts'
import { ackOfRefusal } from './client-transaction.ts'
import { inviteClient } from './invite-client.ts'
import { inviteServer } from './invite-server.ts'
import { nonInviteClient } from './non-invite-client.ts'
import { nonInviteServer } from './non-invite-server.ts'
import { type OwnInput, Runner } from './runner.ts'
import type { Machine } from './step.ts'

/** A machine on a clock turned by hand: what it sent and told, with the milliseconds since the beginning. */
function run<Input, Message extends SipRequest | SipResponse, Tell extends { type: string }>(
  machine: Machine<{ at: string }, Input | OwnInput, Message, Tell>,
) {
  const clock = new ManualClock()
  const sent: [atMs: number, what: string][] = []
  const told: [atMs: number, what: string][] = []
  let fail: ((error: Error) => void) | undefined
  let endedAtMs: number | undefined
  const runner = new Runner<{ at: string }, Input, Message, Tell>(machine, {
    clock,
    send: (message, _again, failed) => {
      sent.push([clock.monotonicMs(), message.kind === 'request' ? message.method : String(message.status)])
      fail = failed
    },
    tell: (tell) => told.push([clock.monotonicMs(), tell.type]),
    ended: () => {
      endedAtMs = clock.monotonicMs()
    },
  })
  runner.begin()
  return {
    clock,
    sent,
    told,
    on: (input: Input) => runner.on(input),
    at: () => runner.at,
    endedAtMs: () => endedAtMs,
    sentAtMs: () => sent.map(([atMs]) => atMs),
    failTransport: () => fail?.(new Error('ENETUNREACH')),
  }
}

const timers = DEFAULT_TIMERS
const HEADERS = {
  Via: 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx',
  From: '<sip:a@b>;tag=1',
  To: '<sip:c@d>',
  'Call-ID': 'x',
}

function message(method: string): SipRequest {
  const headers = new Headers()
  headers.appendAll({ ...HEADERS, CSeq: `7 ${method}`, Route: '<sip:p;lr>', Subject: 'left out of an ACK' })
  return new SipRequest({ method, uri: 'sip:c@d', headers })
}

function reply(status: number): SipResponse {
  const headers = new Headers()
  headers.appendAll({ ...HEADERS, To: '<sip:c@d>;tag=2', CSeq: '7 INVITE' })
  return new SipResponse({ status, reason: '', headers })
}

const response = (status: number) => ({ type: 'response', response: reply(status) }) as const
const respond = (status: number) => ({ type: 'respond', response: reply(status) }) as const

const invites = (reliable = false) => {
  const invite = message('INVITE')
  return run(inviteClient({ invite, ackOf: (one) => ackOfRefusal(invite, one), reliable, timers }))
}
const requests = (reliable = false) => run(nonInviteClient({ request: message('OPTIONS'), reliable, timers }))
const inviteAnswers = (reliable = false) => {
  const tx = run(inviteServer<SipResponse>({ reliable, timers }))
  tx.on(respond(100))
  return tx
}
const answers = (reliable = false) => run(nonInviteServer<SipResponse>({ reliable, timers }))

test('an INVITE nobody answers over UDP is sent seven times, then fails after 32 s (RFC 3261 §17.1.1.2)', () => {
  const tx = invites()
  tx.clock.advance(31_999)
  assert.deepEqual(tx.sentAtMs(), [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500])
  assert.deepEqual(tx.told, [])
  tx.clock.advance(1)
  assert.deepEqual(tx.told, [[32_000, 'timeout']])
  assert.equal(tx.endedAtMs(), 32_000)
  assert.equal(tx.clock.pending, 0)
})

test('over a reliable transport an INVITE is sent once, and still fails after 32 s', () => {
  const tx = invites(true)
  tx.clock.advance(32_000)
  assert.deepEqual(tx.sentAtMs(), [0])
  assert.deepEqual(tx.told, [[32_000, 'timeout']])
})

test('a provisional response stops resending and the timeout; each goes up', () => {
  const tx = invites()
  tx.on(response(100))
  tx.on(response(180))
  tx.clock.advance(600_000)
  assert.deepEqual(tx.sentAtMs(), [0])
  assert.equal(tx.told.length, 2)
  assert.equal(tx.at(), 'proceeding')
})

test('a refusal is acknowledged by the transaction, each repetition again, for 32 s (timer D)', () => {
  const tx = invites()
  tx.on(response(486))
  assert.deepEqual(tx.sent, [
    [0, 'INVITE'],
    [0, 'ACK'],
  ])
  tx.clock.advance(31_999)
  tx.on(response(486))
  assert.equal(tx.sent.length, 3)
  assert.equal(tx.told.length, 1)
  tx.clock.advance(1)
  assert.equal(tx.at(), 'terminated')
  const reliable = invites(true)
  reliable.on(response(486))
  assert.equal(reliable.endedAtMs(), 0)
})

test('the ACK of a refusal has the branch and Route of the INVITE and the To of the response (§17.1.1.3)', () => {
  const ack = ackOfRefusal(message('INVITE'), reply(486))
  assert.equal(ack.topVia.branch, 'z9hG4bKx')
  assert.equal(ack.toTag, '2')
  assert.deepEqual(ack.cseq, { number: 7, method: 'ACK' })
  assert.deepEqual([ack.headers.get('route'), ack.headers.get('subject')], ['<sip:p;lr>', undefined])
})

test('every 2xx goes up for 64*T1, so that the dialog can acknowledge each (RFC 6026 §7.2, timer M)', () => {
  const tx = invites()
  tx.on(response(200))
  tx.clock.advance(31_000)
  tx.on(response(200))
  assert.equal(tx.told.length, 2)
  assert.equal(tx.at(), 'accepted')
  tx.clock.advance(1_000)
  assert.equal(tx.endedAtMs(), 32_000)
})

test('a request that the network refuses fails at once', () => {
  for (const tx of [invites(), requests()]) {
    tx.failTransport()
    assert.deepEqual(tx.told, [[0, 'transport failed']])
    assert.equal(tx.endedAtMs(), 0)
    assert.equal(tx.clock.pending, 0)
  }
})

test('another request nobody answers is sent eleven times, at most 4 s apart, and fails after 32 s (§17.1.2.2)', () => {
  const tx = requests()
  tx.clock.advance(32_000)
  assert.deepEqual(tx.sentAtMs(), [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
  assert.deepEqual(tx.told, [[32_000, 'timeout']])
})

test('after a provisional response another request is resent every 4 s (T2), and still fails after 32 s', () => {
  const tx = requests()
  tx.clock.advance(100)
  tx.on(response(100))
  tx.clock.advance(31_900)
  assert.deepEqual(tx.sentAtMs(), [0, 500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500])
  assert.deepEqual(tx.told.at(-1), [32_000, 'timeout'])
})

test('a final response ends resending; repetitions are absorbed for T4 (timer K), over TCP not at all', () => {
  const tx = requests()
  tx.on(response(200))
  tx.on(response(200))
  assert.equal(tx.told.length, 1)
  tx.clock.advance(5_000)
  assert.equal(tx.endedAtMs(), 5_000)
  assert.deepEqual(tx.sentAtMs(), [0])
  const reliable = requests(true)
  reliable.on(response(200))
  assert.equal(reliable.endedAtMs(), 0)
})

test('each repetition of an INVITE gets the last provisional response again (§17.2.1)', () => {
  const tx = inviteAnswers()
  tx.on({ type: 'invite again' })
  tx.on(respond(180))
  tx.on({ type: 'invite again' })
  assert.deepEqual(
    tx.sent.map(([, what]) => what),
    ['100', '100', '180', '180'],
  )
})

test('a refusal nobody acknowledges is resent on G, at most 4 s apart, until H after 32 s', () => {
  const tx = inviteAnswers()
  tx.on(respond(486))
  tx.clock.advance(32_000)
  assert.deepEqual(
    tx.sentAtMs().slice(1),
    [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
  )
  assert.deepEqual(tx.told, [[32_000, 'no ack']])
  assert.equal(tx.endedAtMs(), 32_000)
})

test('over a reliable transport a refusal is sent once; H waits all the same', () => {
  const tx = inviteAnswers(true)
  tx.on(respond(486))
  tx.clock.advance(32_000)
  assert.deepEqual(tx.sentAtMs(), [0, 0])
  assert.deepEqual(tx.told, [[32_000, 'no ack']])
})

test('an ACK ends the resending of a refusal; further ACKs are absorbed for T4 (timer I)', () => {
  const tx = inviteAnswers()
  tx.on(respond(486))
  tx.clock.advance(500)
  tx.on({ type: 'ack', ack: message('ACK') })
  tx.on({ type: 'ack', ack: message('ACK') })
  tx.on({ type: 'invite again' })
  tx.clock.advance(4_999)
  assert.equal(tx.at(), 'confirmed')
  tx.clock.advance(1)
  assert.equal(tx.endedAtMs(), 5_500)
  assert.deepEqual(tx.sentAtMs(), [0, 0, 500])
  assert.deepEqual(tx.told, [])
})

test('behind a 2xx repeated INVITEs are absorbed, ACKs and repeated 2xx pass, until L after 32 s (RFC 6026 §7.1)', () => {
  const tx = inviteAnswers()
  tx.on(respond(200))
  tx.on({ type: 'invite again' })
  assert.equal(tx.sent.length, 2)
  tx.on(respond(200))
  assert.equal(tx.sent.length, 3)
  tx.on(respond(486))
  assert.equal(tx.sent.length, 3)
  tx.on({ type: 'ack', ack: message('ACK') })
  assert.deepEqual(tx.told, [[0, 'ack']])
  tx.clock.advance(32_000)
  assert.equal(tx.endedAtMs(), 32_000)
})

test('another request gets its final response again for each repetition, for 32 s (timer J, §17.2.2)', () => {
  const tx = answers()
  tx.on({ type: 'request again' })
  assert.equal(tx.sent.length, 0)
  tx.on(respond(180))
  tx.on({ type: 'request again' })
  tx.on(respond(200))
  tx.on(respond(500))
  tx.on({ type: 'request again' })
  assert.deepEqual(
    tx.sent.map(([, what]) => what),
    ['180', '180', '200', '200'],
  )
  tx.clock.advance(32_000)
  assert.equal(tx.endedAtMs(), 32_000)
  const reliable = answers(true)
  reliable.on(respond(200))
  assert.equal(reliable.endedAtMs(), 0)
})

test('shorter timers make everything shorter in proportion', () => {
  const invite = message('INVITE')
  const ackOf = (one: SipResponse) => ackOfRefusal(invite, one)
  const tx = run(inviteClient({ invite, ackOf, reliable: false, timers: { ...timers, t1Ms: 10 } }))
  tx.clock.advance(640)
  assert.deepEqual(tx.sentAtMs(), [0, 10, 30, 70, 150, 310, 630])
  assert.deepEqual(tx.told, [[640, 'timeout']])
})
