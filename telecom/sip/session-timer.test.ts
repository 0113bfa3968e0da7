import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reply as answerTo, type Test as Calling, calling, inDialog, sent } from './test-calling.ts'
import { ackOf, type Parts, reply, type Test, testStack, text } from './test-stack.ts'
import { until } from './udp-peer.ts'

const TIMER = 'Supported: timer'
const TAKES_UPDATE = 'Allow: INVITE, ACK, BYE, UPDATE'

/** Somebody calls and is answered; gives what our 200 said. */
async function called(at: Test, extra: string[]) {
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', extra }))
  await until('the call comes in', () => at.calls.length > 0)
  const dialog = at.calls.at(-1)?.accept({ sdp: 'answer', user: at.dialogUser })
  assert.ok(dialog)
  const ok = await at.phone.response(200)
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  return { dialog, ok, said: ok.headers.get('session-expires'), require: ok.headers.get('require') }
}

for (const [asked, said, require] of [
  [[], undefined, undefined],
  [[TIMER], '1800;refresher=uas', 'timer'],
  [[TIMER, 'Session-Expires: 600'], '600;refresher=uac', 'timer'],
  [[TIMER, 'x: 600;refresher=uas'], '600;refresher=uas', 'timer'],
  [[TIMER, 'Session-Expires: 600;refresher=UAC'], '600;refresher=uac', 'timer'],
  [['Session-Expires: 600'], '600;refresher=uas', undefined],
  [['Session-Expires: 30'], '90;refresher=uas', undefined],
  [[TIMER, 'Min-SE: 4000'], '4000;refresher=uas', 'timer'],
  [[TIMER, 'Session-Expires: 99999999999'], '604800;refresher=uac', 'timer'],
] as const)
  test(`a caller who says ${asked.join(', ') || 'nothing of timers'} hears ${said ?? 'nothing'}`, async (t) => {
    const at = await testStack(t)
    const heard = await called(at, [...asked])
    assert.deepEqual([heard.said, heard.require], [said, require])
  })

test('too short an interval is 422 with our least, and nobody is rung', async (t) => {
  const at = await testStack(t, { sessionTimer: { minSeconds: 120 } })
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', extra: [TIMER, 'Session-Expires: 119'] }))
  assert.equal((await at.phone.response(422)).headers.get('min-se'), '120')
  assert.equal(at.calls.length, 0)
})

for (const extra of [
  ['Session-Expires: soon'],
  ['Session-Expires: 600;refresher=me'],
  ['Session-Expires: 600', 'Session-Expires: 700'],
  ['Session-Expires:'],
  ['Min-SE: 1e3'],
  ['Min-SE: 100', 'Min-SE: 200'],
])
  test(`an INVITE with ${extra.join(', ')} is 400`, async (t) => {
    const at = await testStack(t)
    await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', extra: [TIMER, ...extra] }))
    await at.phone.response(400)
    assert.equal(at.calls.length, 0)
  })

test('who refreshes in time keeps the call, by re-INVITE or UPDATE; who does not is told goodbye shortly before the end', async (t) => {
  const at = await testStack(t)
  const { ok } = await called(at, [TIMER, 'Session-Expires: 300;refresher=uac'])
  const parts: Parts = { toTag: ok.toTag, extra: [TIMER, 'Session-Expires: 300;refresher=uac'] }
  at.clock.advance(250_000)
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: 2, ...parts }))
  assert.equal((await at.phone.response(200)).headers.get('session-expires'), '300;refresher=uac')
  at.clock.advance(250_000)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 3, ...parts, body: 'offer' }))
  await until('it is told', () => at.changes.length === 1)
  at.changes[0]?.accept({ sdp: 'answer' })
  const again = await at.phone.response(200)
  assert.equal(again.headers.get('session-expires'), '300;refresher=uac')
  await at.phone.send(ackOf(at.phone, again))
  await until('the ACK comes', () => at.stack.counters.requests_received === 5)
  at.clock.advance(267_999)
  assert.deepEqual(at.events, ['acked'])
  at.clock.advance(1)
  const bye = await at.phone.request('BYE')
  assert.match(bye.headers.get('reason') ?? '', /cause=408/)
  assert.deepEqual(at.events, ['acked', 'ended: session expired'])
  await at.phone.send(reply(bye, 200))
})

test('a refresh with too short an interval is 422, a bad one 400; both leave the time as it was', async (t) => {
  const at = await testStack(t)
  const { ok } = await called(at, [TIMER, 'Session-Expires: 300;refresher=uac'])
  for (const [cseq, method, value, status] of [
    [2, 'UPDATE', '10', 422],
    [3, 'INVITE', '10', 422],
    [4, 'UPDATE', 'x', 400],
    [5, 'INVITE', 'x', 400],
  ] as const) {
    const extra = [TIMER, `Session-Expires: ${value}`]
    await at.phone.send(
      text(at.phone, method, { cseq, toTag: ok.toTag, extra, body: method === 'INVITE' ? 'offer' : '' }),
    )
    await at.phone.response(status)
  }
  at.clock.advance(268_000)
  await at.phone.request('BYE')
})

/** Somebody whom we called has answered so. */
async function answered(at: Calling, extra: string[]) {
  const invite = await sent(at)
  await answerTo(at.phone, invite, 200, 'b1', extra)
  await at.phone.request('ACK')
  await at.told('answered')
  return invite
}

const WE_REFRESH = ['Session-Expires: 300;refresher=uac', 'Require: timer']

test('we refresh at half the time, by UPDATE where the other side takes it', async (t) => {
  const at = await calling(t)
  await answered(at, [...WE_REFRESH, TAKES_UPDATE])
  for (let nth = 1; nth <= 12; nth++) {
    at.clock.advance(150_000) // half an hour in all
    const update = await at.phone.request('UPDATE')
    assert.equal(update.headers.get('session-expires'), '300;refresher=uac')
    assert.equal(update.body.length, 0)
    await answerTo(at.phone, update, 200, '', WE_REFRESH)
    await until('it is taken', () => at.stack.counters.client_transactions <= 1 && at.clock.pending > 0)
    await until('the answer came', () => at.stack.counters.responses_received === 1 + nth)
  }
  assert.deepEqual(at.events, ['answered'])
})

test('where UPDATE is not taken, we refresh by the session as it is', async (t) => {
  const answers: string[] = []
  const at = await calling(t, {}, {}, () => ({
    sdp: 'the session',
    answered: (sdp) => answers.push(String(sdp)),
  }))
  await answered(at, WE_REFRESH)
  at.clock.advance(150_000)
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.sdp?.toString(), 'the session')
  await answerTo(at.phone, invite, 200, '', WE_REFRESH, 'their answer')
  await at.phone.request('ACK')
  assert.deepEqual(answers, ['their answer'])
  at.clock.advance(150_000)
  const second = await at.phone.request('INVITE')
  await answerTo(at.phone, second, 200, '', [...WE_REFRESH, TAKES_UPDATE], 'their answer')
  await at.phone.request('ACK')
  at.clock.advance(150_000)
  await answerTo(at.phone, await at.phone.request('UPDATE'), 405)
  await at.phone.request('INVITE')
  assert.deepEqual(at.events, ['answered'])
})

test('a refresh that meets 491 is tried again after a while, one that meets 422 with the longer interval', async (t) => {
  const at = await calling(t)
  await answered(at, [...WE_REFRESH, TAKES_UPDATE])
  at.clock.advance(150_000)
  await answerTo(at.phone, await at.phone.request('UPDATE'), 491)
  await until('it is refused', () => at.stack.counters.responses_received === 2)
  const before = at.stack.counters.requests_sent
  for (let ms = 0; ms <= 4_000 && at.stack.counters.requests_sent === before; ms += 10) at.clock.advance(10)
  await answerTo(at.phone, await at.phone.request('UPDATE'), 422, '', ['Min-SE: 600'])
  const longer = await at.phone.request('UPDATE')
  assert.equal(longer.headers.get('session-expires'), '600;refresher=uac')
  await answerTo(at.phone, longer, 200, '', ['Session-Expires: 600;refresher=uac'])
  await until('it is taken', () => at.stack.counters.responses_received === 4)
  at.clock.advance(299_000)
  assert.equal(at.clock.pending > 0, true)
  assert.deepEqual(at.events, ['answered'])
  at.clock.advance(1_000)
  await at.phone.request('UPDATE')
})

test('a session that no refresh reaches ends by BYE at its time', async (t) => {
  const at = await calling(t)
  await answered(at, [...WE_REFRESH, TAKES_UPDATE])
  at.clock.advance(150_000)
  for (let nth = 1; nth <= 15; nth++) {
    await answerTo(at.phone, await at.phone.request('UPDATE'), 500)
    await until('it is refused', () => at.stack.counters.responses_received === 1 + nth)
    at.clock.advance(10_000)
  }
  assert.equal((await at.phone.request('BYE')).toTag, 'b1')
  assert.deepEqual(at.events, ['answered', 'ended: session expired'])
})

test('a callee who refreshes himself is waited for; one without timers is not', async (t) => {
  const at = await calling(t)
  await answered(at, ['Session-Expires: 300;refresher=uas', 'Require: timer'])
  at.clock.advance(267_000)
  await at.phone.send(inDialog(at, 'UPDATE', 'b1'))
  const ok = await at.phone.response(200)
  assert.equal(ok.headers.get('session-expires'), '300;refresher=uas', 'now we do: he asks for none')
  const other = await calling(t)
  await answered(other, [])
  other.clock.advance(3_600_000)
  assert.deepEqual(other.events, ['answered'])
})

test('our own offers carry what was agreed, and their answers renew it', async (t) => {
  const at = await calling(t)
  await answered(at, [...WE_REFRESH, TAKES_UPDATE])
  at.clock.advance(100_000)
  at.dialogs[0]?.reinvite('offer')
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.headers.get('session-expires'), '300;refresher=uac')
  await answerTo(at.phone, invite, 200, '', WE_REFRESH, 'answer')
  await at.phone.request('ACK')
  const before = at.stack.counters.requests_sent
  at.clock.advance(149_000)
  assert.equal(at.stack.counters.requests_sent, before)
  at.clock.advance(1_000)
  await at.phone.request('UPDATE')
})
