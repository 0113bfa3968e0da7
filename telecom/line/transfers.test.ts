import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LineEvent } from './line-event.ts'
import { dialled, inDialog, lines, reply, type Test, talking } from './test-lines.ts'
import { until } from './test-phone.ts'

/** A REFER of the phone, with these header lines. */
function refer(at: Test, leg: Leg, cseq: number, ...headers: string[]) {
  const text = inDialog(at, leg.line, 'REFER', cseq)
  return at.phone.send(text.replace('Content-Length', [...headers, 'Content-Length'].join('\r\n')))
}

type Leg = Awaited<ReturnType<typeof talking>>

async function asked(leg: Leg, nth = 1) {
  const all = () => leg.events.filter((event): event is LineEvent & { type: 'transfer_asked' } => isAsked(event))
  await leg.told('transfer_asked')
  while (all().length < nth) await new Promise((resolve) => setImmediate(resolve))
  const event = all()[nth - 1]
  assert.ok(event)
  return event.transfer
}

function isAsked(event: LineEvent): boolean {
  return event.type === 'transfer_asked'
}

/** The next NOTIFY, answered. */
async function heard(at: Test, status = 200) {
  const notify = await at.phone.request('NOTIFY')
  const before = at.sip.counters.responses_received
  await reply(at.phone, notify, status)
  await until('the answer is taken', () => at.sip.counters.responses_received > before)
  return [notify.headers.get('subscription-state'), notify.body.toString().trim()]
}

test('a phone that asks for a transfer hears 202, and then how far the call is, to its end', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  await refer(
    at,
    leg,
    1,
    'Refer-To: "Carol" <sip:carol@example.com;method=INVITE>',
    'Referred-By: <sip:bob@example.com>',
  )
  const transfer = await asked(leg)
  assert.deepEqual(
    { ...transfer, id: '' },
    { id: '', target: 'sip:carol@example.com', referred_by: 'sip:bob@example.com' },
  )
  assert.ok(leg.line.acceptTransfer(transfer.id))
  assert.ok(!leg.line.acceptTransfer(transfer.id), 'once only')
  const accepted = await at.phone.response(202)
  assert.equal(accepted.headers.get('contact'), `<${leg.line.dialog.local_contact}>`)
  const first = await at.phone.request('NOTIFY')
  assert.equal(first.headers.get('event'), 'refer;id=1')
  assert.equal(first.headers.get('content-type'), 'message/sipfrag;version=2.0')
  assert.equal(first.body.toString(), 'SIP/2.0 100 Trying\r\n')
  leg.line.tellTransfer(transfer.id, 180)
  await reply(at.phone, first, 200)
  assert.deepEqual(await heard(at), ['active;expires=300', 'SIP/2.0 180 Ringing'])
  leg.line.tellTransfer(transfer.id, 486)
  leg.line.tellTransfer(transfer.id, 200)
  assert.deepEqual(await heard(at), ['terminated;reason=noresource', 'SIP/2.0 486 Busy Here'])
  assert.ok(!leg.line.ended, 'the old call lives')
})

test('the dialog that an attended transfer replaces is read out of the URI; other headers in there are not', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  const uri = 'sip:carol@example.com?Route=%3Csip:evil%3E&Replaces=12%40host%3Bto-tag%3Dt1%3Bfrom-tag%3Df1%3Bearly-only'
  await refer(at, leg, 1, `Refer-To: <${uri}>`)
  const { target, replaces, id } = await asked(leg)
  assert.equal(target, 'sip:carol@example.com')
  assert.deepEqual(replaces, { call_id: '12@host', to_tag: 't1', from_tag: 'f1', early_only: true })
  leg.line.refuseTransfer(id, 481)
  await at.phone.response(481)
})

for (const [what, status, ...headers] of [
  ['no Refer-To', 400],
  ['two Refer-To', 400, 'Refer-To: <sip:a@b>', 'Refer-To: <sip:c@d>'],
  ['a Refer-To that is no address', 400, 'Refer-To: <sip:'],
  ['a Refer-To that is too long', 400, `Refer-To: <sip:${'a'.repeat(3_000)}@b>`],
  ['a web page', 416, 'Refer-To: <http://example.com/>'],
  ['another method', 403, 'Refer-To: <sip:a@b;method=BYE>'],
  ['a Replaces without tags', 400, 'Refer-To: <sip:a@b?Replaces=12>'],
  ['a Replaces with a broken escape', 400, 'Refer-To: <sip:a@b?Replaces=%zz>'],
  ['two Replaces', 400, 'Refer-To: <sip:a@b?Replaces=1%3Bto-tag%3D1%3Bfrom-tag%3D1&replaces=2>'],
  ['a Referred-By that is no address', 400, 'Refer-To: <sip:a@b>', 'Referred-By: <<'],
] as const)
  test(`a REFER with ${what} gets ${status}, and nobody is asked`, async (t) => {
    const at = await lines(t)
    const leg = await talking(at)
    await refer(at, leg, 1, ...headers)
    await at.phone.response(status)
    assert.ok(!leg.types().includes('transfer_asked'))
  })

test('a second transfer while one is open is refused, and so is one after twenty', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  for (let nth = 1; nth <= 20; nth++) {
    await refer(at, leg, 2 * nth, 'Refer-To: <sip:bob@example.com>')
    const transfer = await asked(leg, nth)
    await refer(at, leg, 2 * nth + 1, 'Refer-To: <sip:bob@example.com>')
    await at.phone.response(491)
    leg.line.refuseTransfer(transfer.id, 403)
    await at.phone.response(403)
  }
  for (let nth = 21; nth <= 100; nth++) {
    await refer(at, leg, 2 * nth, 'Refer-To: <sip:bob@example.com>')
    await at.phone.response(403)
  }
  assert.equal(leg.types().filter((type) => type === 'transfer_asked').length, 20)
})

test('a transfer that nobody decides about is declined after 10 s', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  await refer(at, leg, 1, 'Refer-To: <sip:carol@example.com>')
  await asked(leg)
  at.clock.advance(10_000)
  await at.phone.response(603)
})

test('who wants no NOTIFY gets none', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  await refer(at, leg, 1, 'Refer-To: <sip:carol@example.com>', 'Refer-Sub: false')
  const { id } = await asked(leg)
  leg.line.acceptTransfer(id)
  assert.equal((await at.phone.response(202)).headers.get('refer-sub'), 'false')
  leg.line.tellTransfer(id, 200)
  leg.line.hangup(16)
  const bye = await at.phone.request('BYE')
  assert.deepEqual(at.phone.passedOver, [], 'no NOTIFY came before it')
  await reply(at.phone, bye, 200)
  await leg.told('ended')
})

test('a phone that refuses a NOTIFY hears no further one and keeps its call', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  await refer(at, leg, 1, 'Refer-To: <sip:carol@example.com>')
  const { id } = await asked(leg)
  leg.line.acceptTransfer(id)
  await at.phone.response(202)
  await heard(at, 481)
  await refer(at, leg, 2, 'Refer-To: <sip:carol@example.com>')
  const again = await asked(leg, 2)
  leg.line.tellTransfer(id, 200)
  leg.line.refuseTransfer(again.id, 403)
  await at.phone.response(403)
  assert.ok(!leg.line.ended)
  assert.deepEqual(at.phone.passedOver, [])
})

test('a transfer without an end is told of for five minutes; a SUBSCRIBE may end it before', async (t) => {
  const at = await lines(t)
  const leg = await talking(at)
  for (const [cseq, end] of [
    [1, () => at.clock.advance(300_000)],
    [
      3,
      async () => {
        const text = inDialog(at, leg.line, 'SUBSCRIBE', 4)
        at.phone.send(text.replace('Content-Length', 'Event: refer;id=3\r\nExpires: 0\r\nContent-Length'))
        await at.phone.response(200)
      },
    ],
  ] as const) {
    await refer(at, leg, cseq, 'Refer-To: <sip:carol@example.com>')
    const { id } = await asked(leg, cseq === 1 ? 1 : 2)
    leg.line.acceptTransfer(id)
    await heard(at)
    await end()
    assert.equal((await heard(at))[0], 'terminated;reason=timeout')
  }
  for (const [cseq, event, status] of [
    [5, 'presence', 489],
    [6, 'refer;id=3', 481],
  ] as const) {
    at.phone.send(
      inDialog(at, leg.line, 'SUBSCRIBE', cseq).replace('Content-Length', `Event: ${event}\r\nContent-Length`),
    )
    await at.phone.response(status)
  }
  at.phone.send(inDialog(at, leg.line, 'NOTIFY', 7))
  await at.phone.response(481)
})

test('before the answer nothing is transferred', async (t) => {
  const at = await lines(t)
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 180, { tag: 'b1' })
  await leg.told('ringing')
  await refer(at, leg, 1, 'Refer-To: <sip:carol@example.com>')
  await at.phone.response(403)
  leg.line.hangup(16)
  await reply(at.phone, await at.phone.request('CANCEL'), 200)
  await reply(at.phone, leg.invite, 487, { tag: 'b1' })
  await leg.told('ended')
})
