import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipResponse } from './message/message.ts'
import { ackOf, reply as answerOf, type Parts, type Test, testStack, text } from './test-stack.ts'
import type { IncomingInvite } from './transaction-user.ts'
import { until } from './udp-peer.ts'

const SUPPORTED = 'Supported: 100rel'
const REQUIRED = 'Require: 100rel'

/** A caller whose INVITE has come in. */
async function calling(at: Test, parts: Parts): Promise<IncomingInvite> {
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', ...parts }))
  await at.phone.response(100)
  await until('the call comes in', () => at.calls.length > 0)
  const call = at.calls.at(-1)
  assert.ok(call)
  return call
}

let cseqs = 1

function prack(at: Test, response: SipResponse, parts: Parts & { rack?: string } = {}) {
  const { rack = `${response.headers.get('rseq')} 1 INVITE`, extra = [], ...rest } = parts
  const cseq = ++cseqs
  return at.phone.send(
    text(at.phone, 'PRACK', { cseq, toTag: response.toTag, extra: [`RAck: ${rack}`, ...extra], ...rest }),
  )
}

async function okTo(at: Test, method: string): Promise<SipResponse> {
  const response = await at.phone.response(200)
  assert.equal(response.cseq.method, method)
  return response
}

test('a 183 with a description is resent until its PRACK, doubling from T1; the 200 waits for it and has none', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [SUPPORTED] })
  call.progress(180)
  assert.equal((await at.phone.response(180)).headers.get('require'), undefined, 'plain: nothing is lost with it')
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  assert.equal(first.headers.get('require'), '100rel')
  assert.match(first.headers.get('allow') ?? '', /UPDATE/)
  for (const stepMs of [500, 1_000, 2_000, 4_000, 8_000]) {
    at.clock.advance(stepMs)
    const again = await at.phone.response(183)
    assert.equal(again.headers.get('rseq'), first.headers.get('rseq'))
  }
  const dialog = call.accept({ sdp: 'answer', user: at.dialogUser })
  assert.ok(dialog)
  at.clock.advance(10_000)
  assert.ok(
    at.phone.received.every((one) => one.kind !== 'response' || one.status !== 200),
    'not before the PRACK',
  )
  await prack(at, first)
  await okTo(at, 'PRACK')
  const ok = await okTo(at, 'INVITE')
  assert.equal(ok.body.length, 0)
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  assert.deepEqual(at.events, ['pracked ', 'acked'])
  await prack(at, first)
  await at.phone.response(481)
  await at.phone.send(text(at.phone, 'BYE', { cseq: ++cseqs, toTag: ok.toTag }))
  await okTo(at, 'BYE')
})

test('no re-INVITE of ours overtakes our own 200 while that waits for a PRACK, nor its ACK', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [SUPPORTED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  const dialog = call.accept({ sdp: 'answer', user: at.dialogUser })
  assert.ok(dialog)
  const outcomes: string[] = []
  const reinvite = () => dialog.reinvite('hold', undefined, ({ type }) => outcomes.push(type))
  reinvite()
  await until('it is told', () => outcomes.length === 1)
  await prack(at, first)
  await okTo(at, 'PRACK')
  const ok = await okTo(at, 'INVITE')
  reinvite()
  await until('it is told', () => outcomes.length === 2)
  assert.deepEqual(outcomes, ['local glare', 'local glare'])
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  reinvite()
  const invite = await at.phone.request('INVITE')
  await at.phone.send(answerOf(invite, 200, [`Contact: <sip:alice@127.0.0.1:${at.phone.port}>`], 'answer'))
  await until('it is told', () => outcomes.at(-1) === 'response')
  await at.phone.send(text(at.phone, 'BYE', { cseq: ++cseqs, toTag: ok.toTag }))
  await okTo(at, 'BYE')
})

test('who requires it gets every 18x reliably, one after the other', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [REQUIRED] })
  call.progress(180)
  call.progress(183, { sdp: 'answer' })
  const ringing = await at.phone.response(180)
  at.clock.advance(100)
  await prack(at, ringing)
  await okTo(at, 'PRACK')
  const described = await at.phone.response(183)
  assert.equal(Number(described.headers.get('rseq')), Number(ringing.headers.get('rseq')) + 1)
  await prack(at, described)
  await okTo(at, 'PRACK')
  call.reject(486)
  await at.phone.response(486)
  assert.equal(at.stack.counters.dialogs, 0)
})

test('a PRACK that means nothing gets 481, one that cannot be read 400, and the right one still counts', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [SUPPORTED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  const rseq = Number(first.headers.get('rseq'))
  for (const rack of [`${rseq + 1} 1 INVITE`, `${rseq} 2 INVITE`, `${rseq} 1 UPDATE`]) {
    await prack(at, first, { rack })
    await at.phone.response(481)
  }
  for (const rack of [
    '',
    'x 1 INVITE',
    `${rseq}`,
    `${rseq} 1 INVITE more`,
    '99999999999 1 INVITE',
    `${rseq} 1 IN(VITE`,
  ]) {
    await prack(at, first, { rack })
    await at.phone.response(400)
  }
  await at.phone.send(text(at.phone, 'PRACK', { cseq: ++cseqs, toTag: first.toTag }))
  await at.phone.response(400)
  await prack(at, first, { extra: [`RAck: ${rseq} 1 INVITE`] })
  await at.phone.response(400)
  await prack(at, first)
  await okTo(at, 'PRACK')
  call.reject(480)
  await at.phone.response(480)
})

for (const accepts of [false, true])
  test(`without a PRACK for 32 s the call is refused by 504${accepts ? ', also where it was accepted' : ''}`, async (t) => {
    const at = await testStack(t)
    const call = await calling(at, { extra: [SUPPORTED] })
    call.progress(183, { sdp: 'answer' })
    await at.phone.response(183)
    const ends: string[] = []
    if (accepts) call.accept({ sdp: 'answer', user: at.dialogUser })?.bye({}, ({ type }) => ends.push(type))
    at.clock.advance(32_000)
    const refused = await at.phone.response(504)
    await at.phone.send(ackOf(at.phone, refused))
    assert.deepEqual(at.events, accepts ? ['ack timeout', 'ended: bye'] : ['ack timeout'])
    assert.deepEqual(ends, accepts ? ['timeout'] : [])
    assert.equal(at.stack.counters.dialogs, 0)
  })

test('a caller who hangs up while the 200 waits for his PRACK gets 487', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [SUPPORTED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  call.accept({ sdp: 'answer', user: at.dialogUser })
  await at.phone.send(text(at.phone, 'BYE', { cseq: ++cseqs, toTag: first.toTag }))
  await okTo(at, 'BYE')
  await at.phone.response(487)
  assert.deepEqual(at.events, ['bye'])
})

test('a CANCEL ends the early dialog with the call', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { branch: 'z9hG4bKc', extra: [SUPPORTED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  await at.phone.send(text(at.phone, 'CANCEL', { branch: 'z9hG4bKc' }))
  await at.phone.response(487)
  await prack(at, first)
  await at.phone.response(481)
  assert.deepEqual(at.events, ['cancelled by CANCEL'])
})

test('our offer to an INVITE without one goes out in the 183, and its PRACK brings the answer', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { body: '', extra: [SUPPORTED] })
  call.progress(183, { sdp: 'our offer' })
  const first = await at.phone.response(183)
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: ++cseqs, toTag: first.toTag, body: 'offer' }))
  await at.phone.response(491)
  await prack(at, first, { body: 'their answer' })
  await okTo(at, 'PRACK')
  assert.deepEqual(at.events, ['pracked their answer'])
  assert.equal(at.changes.length, 0)
  call.accept({ sdp: 'again', user: at.dialogUser })
  const ok = await okTo(at, 'INVITE')
  assert.equal(ok.body.length, 0)
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
})

test('before the answer: a PRACK may carry a new offer, then each side may offer by UPDATE', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [SUPPORTED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  const { toTag } = first
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: ++cseqs, toTag, body: 'too early' }))
  assert.ok((await at.phone.response(500)).headers.has('retry-after'))
  await at.phone.send(text(at.phone, 'INVITE', { cseq: ++cseqs, toTag, body: 'too early' }))
  assert.ok((await at.phone.response(500)).headers.has('retry-after'))
  await prack(at, first, { body: 'offer in PRACK' })
  await until('it is told', () => at.changes.length === 1)
  const [inPrack] = at.changes
  assert.deepEqual([inPrack?.method, String(inPrack?.offer)], ['PRACK', 'offer in PRACK'])
  inPrack?.accept({ sdp: 'answer in 200' })
  assert.equal((await okTo(at, 'PRACK')).body.toString(), 'answer in 200')

  await at.phone.send(text(at.phone, 'UPDATE', { cseq: ++cseqs, toTag, body: 'offer in UPDATE' }))
  await until('it is told', () => at.changes.length === 2)
  const outcomes: string[] = []
  call.early?.update('ours', {}, ({ type }) => outcomes.push(type))
  await until('it crosses', () => outcomes.length === 1)
  assert.deepEqual(outcomes, ['local glare'])
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: ++cseqs, toTag, body: 'another' }))
  assert.ok((await at.phone.response(500)).headers.has('retry-after'))
  at.changes[1]?.accept({ sdp: 'answer' })
  assert.equal((await okTo(at, 'UPDATE')).body.toString(), 'answer')

  call.early?.update('ours', {}, ({ type }) => outcomes.push(type))
  const update = await at.phone.request('UPDATE')
  assert.equal(update.sdp?.toString(), 'ours')
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: ++cseqs, toTag, body: 'crosses' }))
  await at.phone.response(491)
  await at.phone.send(answerOf(update, 200, ['Content-Type: application/sdp'], 'their answer'))
  await until('it is answered', () => outcomes.length === 2)
  const dialog = call.accept({ user: at.dialogUser })
  const ok = await okTo(at, 'INVITE')
  assert.equal(dialog?.state.local_cseq, update.cseq.number, 'both go on counting')
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  dialog?.bye()
  assert.equal((await at.phone.request('BYE')).cseq.number, update.cseq.number + 1)
})

test('a reliable 18x is renewed every minute by one of its own', async (t) => {
  const at = await testStack(t)
  const call = await calling(at, { extra: [REQUIRED] })
  call.progress(183, { sdp: 'answer' })
  const first = await at.phone.response(183)
  await prack(at, first)
  await okTo(at, 'PRACK')
  at.clock.advance(60_000)
  const second = await at.phone.response(183)
  assert.equal(Number(second.headers.get('rseq')), Number(first.headers.get('rseq')) + 1)
  assert.equal(second.body.length, 0)
  await prack(at, second)
  await okTo(at, 'PRACK')
  call.reject(480)
  await at.phone.response(480)
})
