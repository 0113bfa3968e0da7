import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DialogState } from './dialog/dialog-state.ts'
import { ownerOf } from './identity.ts'
import { SipError } from './message/sip-error.ts'
import { ackOf, answered, type Parts, reply, testStack, text } from './test-stack.ts'
import type { Outcome, TransactionUser } from './transaction-user.ts'
import { UdpPeer, until } from './udp-peer.ts'

test('a call comes in: 100 at once, 180 with our tag, 200 with the answer, ACK, BYE', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', extra: ['Record-Route: <sip:127.0.0.1:9;lr>'] }))
  const trying = await at.phone.response(100)
  assert.equal(trying.toTag, '')
  await until('the call comes in', () => at.calls.length === 1)
  const [call] = at.calls
  assert.equal(call?.request.sdp?.toString(), 'offer')
  assert.deepEqual(call?.source, { address: '127.0.0.1', port: at.phone.port })
  call?.progress(180)
  const ringing = await at.phone.response(180)
  assert.deepEqual(ownerOf(ringing.toTag), { node: 'n1', incarnation: 'i7' })
  const dialog = call?.accept({ sdp: 'v=0', user: at.dialogUser, headers: { 'X-Own': 'yes' } })
  const ok = await at.phone.response(200)
  assert.equal(ok.toTag, ringing.toTag)
  assert.equal(ok.body.toString(), 'v=0')
  assert.equal(ok.headers.get('X-Own'), 'yes')
  assert.equal(ok.headers.get('Record-Route'), '<sip:127.0.0.1:9;lr>')
  assert.equal(ok.contacts[0]?.uri.text, `sip:n1.i7@127.0.0.1:${at.local.port}`)
  assert.deepEqual(dialog?.state, { ...call?.dialogState })
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK is told', () => at.events.includes('acked'))
  await at.phone.send(text(at.phone, 'BYE', { cseq: 2, toTag: ok.toTag }))
  assert.equal((await at.phone.response(200)).cseq.method, 'BYE')
  assert.deepEqual(at.events, ['acked', 'bye'])
  assert.equal(dialog?.ended, true)
  assert.equal(at.stack.counters.dialogs, 0)
  await at.phone.send(text(at.phone, 'BYE', { cseq: 3, toTag: ok.toTag }))
  await at.phone.response(481)
})

test('a 200 without an ACK is repeated from T1 to T2; after 32 s the stack says BYE (RFC 3261 §13.3.1.4)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.accept({ sdp: 'v=0', user: at.dialogUser })
  await at.phone.response(200)
  for (const stepMs of [500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000]) {
    at.clock.advance(stepMs - 1)
    const before = at.stack.counters.retransmissions_sent
    at.clock.advance(1)
    assert.equal(at.stack.counters.retransmissions_sent, before + 1)
    await at.phone.response(200)
  }
  assert.deepEqual(at.events, [])
  at.clock.advance(500)
  const bye = await at.phone.request('BYE')
  assert.equal(bye.toTag, 'a1')
  assert.deepEqual(at.events, ['ack timeout', 'ended: ack timeout'])
  assert.equal(at.stack.counters.dialogs, 0)
  assert.equal(at.stack.counters.ack_timeouts, 1)
})

test('a BYE of ours waits for the ACK of our 200 (RFC 3261 §15)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  const dialog = at.calls[0]?.accept({ sdp: 'v=0', user: at.dialogUser })
  const ok = await at.phone.response(200)
  dialog?.bye({ Reason: 'Q.850;cause=16' })
  assert.equal(at.stack.counters.requests_sent, 0)
  await at.phone.send(ackOf(at.phone, ok))
  const bye = await at.phone.request('BYE')
  assert.equal(bye.headers.get('Reason'), 'Q.850;cause=16')
  await at.phone.send(reply(bye, 200))
  await until('the end is told', () => at.events.includes('ended: bye'))
})

test('a stack that stops says the BYE that still waits for an ACK, and leaves no timer', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.accept({ sdp: 'v=0', user: at.dialogUser })?.bye()
  await at.stack.stop()
  await at.phone.request('BYE')
  assert.equal(at.clock.pending, 0)
})

test('CANCEL before the answer: 200 to the CANCEL, 487 to the INVITE, with one tag; nothing can be answered after', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKcancel' }))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.progress(180)
  await at.phone.send(text(at.phone, 'CANCEL', { branch: 'z9hG4bKcancel' }))
  const toCancel = await at.phone.response(200)
  const terminated = await at.phone.response(487)
  assert.equal(toCancel.toTag, terminated.toTag)
  assert.deepEqual(at.events, ['cancelled by CANCEL'])
  assert.equal(at.calls[0]?.accept({ sdp: 'x', user: at.dialogUser }), undefined)
  at.clock.advance(500)
  await at.phone.response(487)
  await at.phone.send(ackOf(at.phone, terminated, { branch: 'z9hG4bKcancel' }))
  await until('the ACK is absorbed', () => at.stack.counters.requests_received === 3)
  const sent = at.stack.counters.responses_sent
  at.clock.advance(60_000)
  assert.equal(at.stack.counters.responses_sent, sent)
  assert.equal(at.stack.counters.server_transactions, 0)
})

test('CANCEL that crosses the 200 gets 200 and changes nothing; one for nothing gets 481', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKlate' }))
  await until('the call comes in', () => at.calls.length === 1)
  const dialog = at.calls[0]?.accept({ sdp: 'v=0', user: at.dialogUser })
  const ok = await at.phone.response(200)
  await at.phone.send(text(at.phone, 'CANCEL', { branch: 'z9hG4bKlate' }))
  assert.equal((await at.phone.response(200)).cseq.method, 'CANCEL')
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  assert.equal(dialog?.ended, false)
  await at.phone.send(text(at.phone, 'CANCEL', { branch: 'z9hG4bKother', callId: 'c2' }))
  await at.phone.response(481)
  assert.deepEqual(at.events, ['acked'])
})

test('a BYE in an early dialog ends the call like a CANCEL (RFC 3261 §15.1.2)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.progress(183, { sdp: 'early' })
  const progress = await at.phone.response(183)
  await at.phone.send(text(at.phone, 'BYE', { cseq: 2, toTag: progress.toTag }))
  await at.phone.response(200)
  await at.phone.response(487)
  assert.deepEqual(at.events, ['cancelled by BYE'])
})

test('an INVITE whose Expires passes is terminated with 487; a ringing call is repeated every minute', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { extra: ['Expires: 90'] }))
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.progress(180)
  await at.phone.response(180)
  at.clock.advance(60_000)
  await at.phone.response(180)
  at.clock.advance(30_000)
  await at.phone.response(487)
  assert.deepEqual(at.events, ['cancelled by INVITE'])
})

test('a refusal is repeated until its ACK; a repeated INVITE reaches nobody twice', async (t) => {
  const at = await testStack(t)
  const invite = text(at.phone, 'INVITE', { branch: 'z9hG4bKr' })
  await at.phone.send(invite)
  await until('the call comes in', () => at.calls.length === 1)
  at.calls[0]?.reject(404, undefined, { Warning: '399 x "y"' })
  const refused = await at.phone.response(404)
  assert.equal(refused.headers.get('Warning'), '399 x "y"')
  at.clock.advance(500)
  await at.phone.response(404)
  await at.phone.send(invite)
  await at.phone.response(404)
  assert.equal(at.calls.length, 1)
})

test('the same request over two paths is 482 (RFC 3261 §8.2.2.2)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKp1' }))
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKp2' }))
  await at.phone.response(482)
  assert.equal(at.calls.length, 1)
  assert.equal(at.stack.counters.merged_requests, 1)
  at.calls[0]?.accept({ sdp: 'v=0', user: at.dialogUser })
  await at.phone.send(text(at.phone, 'INVITE', { branch: 'z9hG4bKp3' }))
  await at.phone.response(482)
})

test('a branch that is not unique does not mix up two requests', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'OPTIONS', { branch: 'z9hG4bKsame', callId: 'c1' }))
  assert.equal((await at.phone.response(200)).callId, 'c1')
  await at.phone.send(text(at.phone, 'OPTIONS', { branch: 'z9hG4bKsame', callId: 'c2' }))
  assert.equal((await at.phone.response(200)).callId, 'c2')
})

test('responses go where rport, received and Via say (RFC 3261 §18.2, RFC 3581)', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'OPTIONS', { rport: true, via: 'SIP/2.0/UDP 192.0.2.9:5060' }))
  const natted = await at.phone.response(200)
  assert.equal(natted.topVia.parameters.get('received'), '127.0.0.1')
  assert.equal(natted.topVia.parameters.get('rport'), String(at.phone.port))
  const other = await UdpPeer.open(at.local)
  t.after(() => other.close())
  // who names his true address gets the answer at the port that he names
  await at.phone.send(text(other, 'OPTIONS', { callId: 'c2' }))
  const there = await other.response(200)
  assert.equal(there.topVia.parameters.has('received'), false)
})

test('OPTIONS says what we can do; while draining it says 503, and a new call gets 503 with Retry-After', async (t) => {
  const at = await testStack(t, { product: 'Strowger', supported: ['path'] })
  await at.phone.send(text(at.phone, 'OPTIONS'))
  const ok = await at.phone.response(200)
  assert.ok(ok.headers.get('Allow')?.includes('INVITE'))
  assert.equal(ok.headers.get('Accept'), 'application/sdp')
  assert.equal(ok.headers.get('Supported'), '100rel, timer, replaces, norefersub, path')
  assert.equal(ok.headers.get('Server'), 'Strowger')
  at.stack.draining = true
  await at.phone.send(text(at.phone, 'OPTIONS', { cseq: 2 }))
  await at.phone.response(503)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 3 }))
  const refused = await at.phone.response(503)
  assert.ok(Number(refused.headers.get('Retry-After')) > 0)
  assert.equal(at.calls.length, 0)
})

test('what we do not do gets its own answer: 489, 405, 501, 416, 420, 415, 406, 481, 403, 400', async (t) => {
  const at = await testStack(t)
  let cseq = 0
  const expect = async (status: number, method: string, parts: Parts = {}) => {
    await at.phone.send(text(at.phone, method, { cseq: ++cseq, ...parts }))
    const response = await at.phone.next((one) => one.kind === 'response' && one.status !== 100)
    assert.ok(response.kind === 'response')
    assert.deepEqual([method, response.status], [method, status])
    return response
  }
  await expect(489, 'SUBSCRIBE')
  assert.ok((await expect(405, 'MESSAGE')).headers.get('Allow'))
  assert.ok((await expect(501, 'DANCE')).headers.get('Allow'))
  await expect(416, 'OPTIONS', { uri: 'http://example.com' })
  const extension = await expect(420, 'INVITE', { extra: ['Require: foo, bar'] })
  assert.equal(extension.headers.get('Unsupported'), 'foo, bar')
  const media = await expect(415, 'INVITE', plain)
  assert.equal(media.headers.get('Accept'), 'application/sdp')
  await expect(406, 'INVITE', { extra: ['Accept: text/plain'] })
  await expect(481, 'BYE', { toTag: 'unknown' })
  await expect(481, 'INFO')
  await expect(481, 'PRACK', { extra: ['RAck: 1 1 INVITE'] })
  await expect(403, 'REFER', { extra: ['Refer-To: <sip:a@b>'] })
  await expect(400, 'INVITE', { extra: ['Replaces: 12;to-tag=a'] })
  await expect(400, 'INVITE', { extra: ['Replaces: 1;to-tag=a;from-tag=b', 'Replaces: 2;to-tag=a;from-tag=b'] })
  assert.equal(at.calls.length, 0)
})

/** A body that is no session description. */
const plain: Parts = { extra: ['Content-Type: text/plain', 'Content-Length: 2', '', 'hi'] }

test('a malformed request is answered without a transaction, with the same tag each time; an ACK never', async (t) => {
  const at = await testStack(t)
  const broken = text(at.phone, 'INVITE').replace('To: <', 'To: "unterminated <')
  await at.phone.send(broken)
  const first = await at.phone.response(400)
  assert.equal(first.headers.get('To')?.includes('unterminated'), true)
  await at.phone.send(broken)
  const second = await at.phone.response(400)
  assert.equal(second.headers.get('To'), first.headers.get('To'))
  await at.phone.send(broken.replaceAll('INVITE', 'ACK'))
  await at.phone.send('\r\n\r\n')
  await at.phone.send('not sip at all')
  await at.phone.send('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\r\n')
  await until(
    'all are counted',
    () => at.stack.counters.dropped_not_sip === 1 && at.stack.counters.dropped_malformed === 2,
  )
  assert.equal(at.stack.counters.keepalives_received, 1)
  assert.equal(at.stack.counters.server_transactions, 0)
})

test('a phone re-INVITEs from a new address: the answer goes back, the remote target and the flow move', async (t) => {
  const at = await testStack(t)
  const { dialog, ok } = await answered(at)
  const moved = await UdpPeer.open(at.local)
  t.after(() => moved.close())
  await moved.send(text(moved, 'INVITE', { cseq: 2, toTag: ok.toTag, body: 'hold' }))
  await until('the change comes', () => at.changes.length === 1)
  assert.equal(at.changes[0]?.offer?.toString(), 'hold')
  at.changes[0]?.accept({ sdp: 'held' })
  const held = await moved.response(200)
  assert.equal(held.body.toString(), 'held')
  await moved.send(ackOf(moved, held))
  assert.equal(dialog.state.remote_target, `sip:alice@127.0.0.1:${moved.port}`)
  assert.equal(dialog.state.remote_cseq, 2)
  dialog.bye()
  const bye = await moved.request('BYE')
  assert.equal(bye.uriText, `sip:alice@127.0.0.1:${moved.port}`)
})

test('a re-INVITE that is refused leaves the call as it was (T.38: 488)', async (t) => {
  const at = await testStack(t)
  const { dialog, ok } = await answered(at)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 2, toTag: ok.toTag, body: 'm=image', branch: 'z9hG4bKt38' }))
  await until('the change comes', () => at.changes.length === 1)
  at.changes[0]?.reject(488)
  const refused = await at.phone.response(488)
  await at.phone.send(ackOf(at.phone, refused, { branch: 'z9hG4bKt38' }))
  assert.equal(dialog.ended, false)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 3, toTag: ok.toTag }))
  await until('an INVITE without an offer comes', () => at.changes.length === 2)
  assert.equal(at.changes[1]?.offer, undefined)
  let answer = ''
  at.changes[1]?.accept({ sdp: 'our offer', acked: (ack) => (answer = ack.body.toString()) })
  const offered = await at.phone.response(200)
  await at.phone.send(ackOf(at.phone, offered, { body: 'their answer' }))
  await until('the answer comes in the ACK', () => answer === 'their answer')
})

test('our re-INVITE is acknowledged by the stack, its repeated 200 too; 491 says when to try again', async (t) => {
  const at = await testStack(t)
  const { dialog } = await answered(at)
  const outcomes: Outcome[] = []
  dialog.reinvite('offer 2', undefined, (outcome) => outcomes.push(outcome))
  const invite = await at.phone.request('INVITE')
  assert.equal(invite.body.toString(), 'offer 2')
  assert.equal(invite.toTag, 'a1')
  const ok = reply(
    invite,
    200,
    [`Contact: <sip:alice@127.0.0.1:${at.phone.port};new>`, 'Content-Type: application/sdp'],
    'a2',
  )
  await at.phone.send(ok)
  const ack = await at.phone.request('ACK')
  assert.deepEqual(ack.cseq, { number: invite.cseq.number, method: 'ACK' })
  assert.notEqual(ack.topVia.branch, invite.topVia.branch)
  assert.equal(ack.uriText, `sip:alice@127.0.0.1:${at.phone.port};new`)
  await at.phone.send(ok)
  await at.phone.request('ACK')
  assert.equal(outcomes.length, 1)
  dialog.reinvite('offer 3', undefined, (outcome) => outcomes.push(outcome))
  await at.phone.send(reply(await at.phone.request('INVITE'), 491))
  await at.phone.request('ACK')
  const [, glare] = outcomes
  assert.ok(glare?.type === 'response' && glare.retryInMs !== undefined && glare.retryInMs <= 2_000)
  assert.equal(dialog.ended, false)
})

test('offers that cross: the peer gets 491 while ours is open, 500 with Retry-After while his own is', async (t) => {
  const at = await testStack(t)
  const { dialog, ok } = await answered(at)
  const outcomes: Outcome[] = []
  dialog.reinvite('ours', undefined, (outcome) => outcomes.push(outcome))
  const ours = await at.phone.request('INVITE')
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 2, toTag: ok.toTag, body: 'theirs' }))
  await at.phone.response(491)
  await at.phone.send(reply(ours, 488))
  await until('ours is over', () => outcomes.length === 1)
  await at.phone.send(text(at.phone, 'INVITE', { cseq: 3, toTag: ok.toTag, body: 'theirs' }))
  await until('his comes', () => at.changes.length === 1)
  await at.phone.send(text(at.phone, 'UPDATE', { cseq: 4, toTag: ok.toTag, body: 'again' }))
  const busy = await at.phone.response(500)
  assert.ok(busy.headers.has('Retry-After'))
  dialog.reinvite('ours', undefined, (outcome) => outcomes.push(outcome))
  await until('we are told', () => outcomes.length === 2)
  assert.equal(outcomes[1]?.type, 'local glare')
})

test('in a dialog: INFO and UPDATE reach their user, OPTIONS is answered, an old CSeq is 500, PRACK 481', async (t) => {
  const at = await testStack(t)
  const { ok } = await answered(at)
  const inDialog = { toTag: ok.toTag }
  await at.phone.send(text(at.phone, 'INFO', { ...inDialog, cseq: 5 }))
  await until('the INFO comes', () => at.infos.length === 1)
  at.infos[0]?.respond(200)
  await at.phone.response(200)
  await at.phone.send(text(at.phone, 'INFO', { ...inDialog, cseq: 4 }))
  await at.phone.response(500)
  await at.phone.send(text(at.phone, 'UPDATE', { ...inDialog, cseq: 6 }))
  assert.ok((await at.phone.response(200)).contacts.length === 1)
  await at.phone.send(text(at.phone, 'UPDATE', { ...inDialog, cseq: 7, body: 'offer' }))
  await until('the UPDATE comes', () => at.changes.length === 1)
  at.changes[0]?.accept({ sdp: 'answer' })
  assert.equal((await at.phone.response(200)).body.toString(), 'answer')
  await at.phone.send(text(at.phone, 'OPTIONS', { ...inDialog, cseq: 8 }))
  await at.phone.response(200)
  await at.phone.send(text(at.phone, 'PRACK', { ...inDialog, cseq: 9 }))
  await at.phone.response(481)
  await at.phone.send(text(at.phone, 'REFER', { ...inDialog, cseq: 10 }))
  await until('the REFER comes', () => at.infos.length === 2)
  at.infos[1]?.respond(603)
  await at.phone.response(603)
})

test('a peer that answers 481, or not at all, has lost the dialog: BYE leaves and the user is told', async (t) => {
  const at = await testStack(t)
  const { dialog } = await answered(at)
  const outcomes: Outcome[] = []
  dialog.info({ type: 'application/dtmf-relay', content: 'Signal=5' }, undefined, (outcome) => outcomes.push(outcome))
  const info = await at.phone.request('INFO')
  assert.equal(info.body.toString(), 'Signal=5')
  await at.phone.send(reply(info, 481))
  await at.phone.request('BYE')
  assert.equal(outcomes[0]?.type, 'response')
  assert.deepEqual(at.events, ['acked', 'ended: peer gone'])
})

test('after a crash a BYE leaves from nothing but the written state, with a CSeq well above the last', async (t) => {
  const at = await testStack(t)
  const { dialog } = await answered(at, { extra: [] })
  const state: DialogState = JSON.parse(JSON.stringify(dialog.state))
  const next = await testStack(t, { incarnation: 'i8' })
  const outcomes: Outcome[] = []
  next.stack.byeFromState(
    state,
    { headers: { Reason: 'Q.850;cause=41' } },
    { done: (outcome) => outcomes.push(outcome) },
  )
  const bye = await at.phone.request('BYE')
  assert.deepEqual(bye.cseq, { number: 1_000, method: 'BYE' })
  assert.deepEqual([bye.callId, bye.fromTag, bye.toTag], ['c1', state.local_tag, 'a1'])
  assert.equal(bye.uriText, `sip:alice@127.0.0.1:${at.phone.port}`)
})

test('a BYE for a dead incarnation is 200, anything else and anybody else is 481', async (t) => {
  const at = await testStack(t, { foreignDialog: ({ incarnation }) => (incarnation === 'dead1' ? 'dead' : 'unknown') })
  await at.phone.send(text(at.phone, 'BYE', { toTag: 'n1.dead1.ff', callId: 'x1' }))
  await at.phone.response(200)
  await at.phone.send(text(at.phone, 'INFO', { toTag: 'n1.dead1.ff', callId: 'x2' }))
  await at.phone.response(481)
  await at.phone.send(text(at.phone, 'BYE', { toTag: 'n1.other.ff', callId: 'x3' }))
  await at.phone.response(481)
  await at.phone.send(text(at.phone, 'BYE', { toTag: 'n1.i7.ff', callId: 'x4' }))
  await at.phone.response(481)
})

test('REGISTER goes to the user; a request goes out over the flow that it came by', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'REGISTER', { rport: true, via: 'SIP/2.0/UDP 10.9.9.9:5060' }))
  await until('the REGISTER comes', () => at.requests.length === 1)
  const [register] = at.requests
  register?.respond(200, { headers: { Contact: ['<sip:a@b>;expires=60', '<sip:c@d>;expires=5'], Date: 'x' } })
  register?.respond(403)
  assert.equal((await at.phone.response(200)).contacts.length, 2)
  const flow = at.stack.flow(register?.flow.key ?? '')
  assert.ok(flow)
  const outcomes: Outcome[] = []
  at.stack.request(
    { method: 'OPTIONS', uri: 'sip:alice@10.9.9.9', flow },
    { done: (outcome) => outcomes.push(outcome) },
  )
  const options = await at.phone.request('OPTIONS')
  assert.equal(options.topVia.parameters.has('rport'), true)
  await at.phone.send(reply(options, 200))
  await until('the outcome is told', () => outcomes.length === 1)
  assert.ok(outcomes[0]?.type === 'response' && outcomes[0].response.status === 200)
  await at.phone.send(reply(options, 200))
  at.stack.request(
    { method: 'OPTIONS', uri: 'sip:alice@10.9.9.9', flow },
    { done: (outcome) => outcomes.push(outcome) },
  )
  at.clock.advance(32_000)
  assert.equal(outcomes[1]?.type, 'timeout')
})

test('nothing that a user hands in can break a message', async (t) => {
  const at = await testStack(t)
  await at.phone.send(text(at.phone, 'INVITE'))
  await until('the call comes in', () => at.calls.length === 1)
  const [call] = at.calls
  assert.throws(() => call?.progress(180, { headers: { 'X-A': 'a\r\nX-B: b' } }), SipError)
  assert.throws(() => call?.reject(404, 'No\r\nX-B: b'), SipError)
  assert.throws(() => call?.reject(404, undefined, { Via: 'mine' }), SipError)
  const flow = call?.flow
  assert.ok(flow)
  for (const wrong of [
    { uri: 'sip:a@b\r\nX: y' },
    { uri: 'nothing' },
    { method: 'A B' },
    { from: 'x\r\n' },
    { callId: 'a\nb' },
  ]) {
    assert.throws(() => at.stack.request({ method: 'OPTIONS', uri: 'sip:a@b', flow, ...wrong }), SipError)
  }
  assert.equal(call?.state, 'trying')
})

test('a user that throws answers 500, and the stack lives', async (t) => {
  const user: TransactionUser = {
    invite() {
      throw new Error('a bug')
    },
    request() {
      throw new Error('a bug')
    },
  }
  const at = await testStack(t, { user })
  await at.phone.send(text(at.phone, 'INVITE'))
  await at.phone.response(500)
  await at.phone.send(text(at.phone, 'REGISTER', { callId: 'c2' }))
  await at.phone.response(500)
  assert.equal(at.stack.counters.handler_errors, 2)
})

test('tables are bounded: above the limit a request gets 503 without a transaction', async (t) => {
  const at = await testStack(t, { limits: { serverTransactions: 2 } })
  for (const callId of ['c1', 'c2', 'c3']) await at.phone.send(text(at.phone, 'INVITE', { callId }))
  const refused = await at.phone.response(503)
  assert.ok(refused.headers.get('Retry-After'))
  assert.equal(at.calls.length, 2)
  assert.equal(at.stack.counters.refused_overload, 1)
})

test('the word of a configured edge about the source is believed, that of anybody else is not', async (t) => {
  const via =
    'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKedge;rport\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;received=198.51.100.7;rport=4242'
  const trusting = await testStack(t, { trustedEdges: ['127.0.0.0/8'] })
  await trusting.phone.send(text(trusting.phone, 'INVITE', { via }))
  await until('the call comes in', () => trusting.calls.length === 1)
  assert.deepEqual(trusting.calls[0]?.source, { address: '198.51.100.7', port: 4242 })
  const plainStack = await testStack(t)
  await plainStack.phone.send(text(plainStack.phone, 'INVITE', { via }))
  await until('the call comes in', () => plainStack.calls.length === 1)
  assert.deepEqual(plainStack.calls[0]?.source, { address: '127.0.0.1', port: plainStack.phone.port })
})

test('what server transactions hold is bounded in bytes too: large bodies cannot fill the memory', async (t) => {
  const at = await testStack(t, { limits: { serverTransactionBytes: 100_000 } })
  for (const callId of ['c1', 'c2', 'c3']) {
    const padded = text(at.phone, 'OPTIONS', { callId }).replace(/\r\n\r\n$/, `\r\n\r\n${'x'.repeat(45_000)}`)
    await at.phone.send(padded.replace(/Content-Length: 0/, 'Content-Length: 45000'))
  }
  assert.equal((await at.phone.response(503)).callId, 'c3')
  at.clock.advance(32_000)
  await at.phone.send(text(at.phone, 'OPTIONS', { callId: 'c4' }))
  assert.equal(
    (await at.phone.next((one) => one.callId === 'c4' && 'status' in one && one.status === 200)).callId,
    'c4',
  )
})
