import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipRequest } from '#telecom/sip'
import { IncomingLine } from './incoming-line.ts'
import { dialled, inDialog, lines, reply, sdp, type Test } from './test-lines.ts'
import { until } from './test-phone.ts'

const RELIABLY = ['Require: 100rel', 'RSeq: 1']
const WE_REFRESH = ['Session-Expires: 300;refresher=uac', 'Require: timer']

test('the sound of a callee before his answer may move by UPDATE; his 200 then says nothing new', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 183, { tag: 'b1', sdp: sdp(), extra: RELIABLY })
  await reply(at.phone, await at.phone.request('PRACK'), 200)
  await leg.told('early_media')
  await at.phone.send(inDialog(at, leg.line, 'UPDATE', 1, sdp({ port: 4_700, payloads: '8' })))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /m=audio \d+ RTP\/AVP 8/)
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_700)
  // another fork has no place in the session
  await reply(at.phone, leg.invite, 183, { tag: 'b2', sdp: sdp(), extra: RELIABLY })
  await reply(at.phone, await at.phone.request('PRACK'), 200)
  const other = inDialog(at, leg.line, 'UPDATE', 1, sdp({ port: 4_900 })).replace('tag=b1', 'tag=b2')
  await at.phone.send(other)
  await at.phone.response(488)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp() })
  await at.phone.request('ACK')
  await leg.told('answered')
  assert.equal(leg.line.codec, 'PCMA')
  assert.equal(leg.sound.wanted.at(-1)?.remote?.port, 4_700)
  assert.deepEqual(
    leg.types().filter((type) => type !== 'dialog_changed'),
    ['early_media', 'answered'],
  )
})

/** Somebody who understands these extensions calls. */
async function calling(at: Test, extra: string[]) {
  const offer = sdp()
  await at.phone.send(
    [
      'INVITE sip:bob@example.com SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bKearly`,
      'Max-Forwards: 70',
      'From: <sip:alice@example.com>;tag=a1',
      'To: <sip:bob@example.com>',
      'Call-ID: early',
      'CSeq: 1 INVITE',
      `Contact: <sip:alice@127.0.0.1:${at.phone.port}>`,
      ...extra,
      'Content-Type: application/sdp',
      `Content-Length: ${offer.length}`,
      '',
      offer,
    ].join('\r\n'),
  )
  await until('it comes in', () => at.invites.length === 1)
  const [invite] = at.invites
  assert.ok(invite)
  const line = new IncomingLine(invite, at.needs)
  const types: string[] = []
  line.listen(({ type }) => types.push(type))
  await line.open()
  return { line, types }
}

test('a caller hears early media reliably, may hold it by UPDATE, and is told of as held with the answer', async (t) => {
  const at = await lines(t)
  const { line, types } = await calling(at, ['Supported: 100rel'])
  line.ringback()
  const early = await at.phone.response(183)
  assert.match(early.sdp?.toString() ?? '', /m=audio/)
  const rseq = early.headers.get('rseq')
  const prack = inDialog(at, line, 'PRACK', 2).replace('Content-Length', `RAck: ${rseq} 1 INVITE\r\nContent-Length`)
  await at.phone.send(prack)
  await at.phone.response(200)
  await at.phone.send(inDialog(at, line, 'UPDATE', 3, sdp({ lines: 'a=sendonly\r\n' })))
  assert.match((await at.phone.response(200)).sdp?.toString() ?? '', /a=recvonly/)
  assert.ok(line.answer())
  const ok = await at.phone.response(200)
  assert.equal(ok.body.length, 0, 'the session stands')
  assert.deepEqual(types, ['answered', 'held'])
  line.hangup(16)
  await at.phone.send(inDialog(at, line, 'ACK', 1))
  await reply(at.phone, await at.phone.request('BYE'), 200)
  await until('it ends', () => types.includes('ended'))
})

test('a line of a phone without UPDATE is refreshed with the session word for word; its answer may move it', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp(), extra: WE_REFRESH })
  await at.phone.request('ACK')
  await leg.told('answered')
  const refreshed = async (description: string): Promise<SipRequest> => {
    at.clock.advance(150_000)
    const invite = await at.phone.request('INVITE')
    await reply(at.phone, invite, 200, { sdp: description, extra: WE_REFRESH })
    await at.phone.request('ACK')
    return invite
  }
  const first = await refreshed(sdp())
  assert.equal(first.sdp?.toString(), leg.invite.sdp?.toString())
  await refreshed(sdp({ port: 4_800 }))
  await until('it moved', () => leg.sound.wanted.at(-1)?.remote?.port === 4_800)
  // after an answer of ours that one is what stands
  await at.phone.send(inDialog(at, leg.line, 'INVITE', 1, sdp({ payloads: '8 101', lines: 'a=sendonly\r\n' })))
  const answer = await at.phone.response(200)
  const { requests_received: before } = at.sip.counters
  await at.phone.send(inDialog(at, leg.line, 'ACK', 1))
  await until('the ACK is taken', () => at.sip.counters.requests_received > before)
  await leg.told('held')
  assert.equal(
    (await refreshed(sdp({ payloads: '8 101', lines: 'a=sendonly\r\n' }))).sdp?.toString(),
    answer.sdp?.toString(),
  )
  assert.ok(!leg.types().includes('resumed'))
  assert.equal(leg.line.codec, 'PCMA')
})

test('a phone that says nothing any more in time loses its call', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  const extra = ['Session-Expires: 90;refresher=uas', 'Require: timer']
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: sdp(), extra })
  await at.phone.request('ACK')
  await leg.told('answered')
  at.clock.advance(60_000)
  await at.phone.request('BYE')
  assert.deepEqual(await leg.told('ended'), { type: 'ended', by: 'local', cause: 102, why: 'peer_gone' })
})
