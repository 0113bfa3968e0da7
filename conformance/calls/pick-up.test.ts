import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, type FakeCall, type FakeCallee, type Json, Platform } from '#testkit'
import { type HummingPhone, hearsOnly, hummingPhones } from './humming-phones.ts'
import { callableFlow } from './sample.ts'

let platform: Platform
let phones: HummingPhone[]
let stop: () => void

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '2' })
  const humming = await hummingPhones(platform, 4)
  phones = humming.phones
  stop = humming.stop
})
after(async () => {
  stop?.()
  await platform?.stop()
})

const rings = ({ phone }: HummingPhone) => {
  phone.whenCalled((call) => call.ring())
  return phone.callees.length
}
/** The desk phone calls in for the call that rings at the other. */
const pickUp = async (desk: HummingPhone, at: HummingPhone, replaces: string) => {
  const call = await desk.phone.call(at.extension, { headers: [`Replaces: ${replaces}`] })
  if (call.status === 200) void call.sound.sendTone(desk.hz, 3_000)
  return call
}
const isOver = (end: FakeCall | FakeCallee) =>
  eventually('the phone gets its BYE', () => end.requests.some(({ method }) => method === 'BYE') || undefined)

test('a phone picks up what rings at its neighbour: the caller talks with it, and the neighbour is told that it was answered elsewhere', async () => {
  const [alice, bob, carol] = phones as [HummingPhone, HummingPhone, HummingPhone]
  const nth = rings(bob)
  const calling = alice.phone.call(bob.extension)
  const ringing = await bob.phone.called(nth)
  const c = await pickUp(carol, bob, ringing.replaces)
  assert.equal(c.status, 200)
  const a = await calling
  assert.equal(a.status, 200)
  void a.sound.sendTone(alice.hz, 3_000)
  const cancel = await ringing.heard('CANCEL')
  assert.match(cancel.headers.get('reason') ?? '', /cause=(26|200)/)
  await hearsOnly(a, 'Alice', [carol], [alice, bob])
  await hearsOnly(c, 'Carol', [alice], [carol, bob])
  const { body } = await platform.api('GET', '/calls')
  const [newcomer, ...others] = body.result as Json[]
  const caller = others.find(({ direction }) => direction === 'incoming')
  assert.equal(newcomer.master_call_id, caller.id)
  const group = (await platform.api('GET', '/groupcalls')).body.result[0]
  assert.equal(group.answer_call_id, newcomer.id)
  await a.hangUp()
  await isOver(c)
})

test('a group rings, and somebody else picks it up at one of its phones: the others are rung off, and its end ends the caller', async () => {
  const [alice, bob, carol, dave] = phones as [HummingPhone, HummingPhone, HummingPhone, HummingPhone]
  const destinations = [bob, carol].map(({ extension }) => ({ type: 'extension', target_name: extension }))
  const number = await callableFlow(platform, [{ type: 'connect', option: { destinations } }, { type: 'hangup' }])
  const [nth, other] = [rings(bob), rings(carol)]
  const calling = alice.phone.call(number, { from: 'sip:outside@example.com' })
  const ringing = await bob.phone.called(nth)
  const second = await carol.phone.called(other)
  const d = await pickUp(dave, bob, ringing.replaces)
  assert.equal(d.status, 200)
  const a = await calling
  assert.equal(a.status, 200)
  await second.heard('CANCEL')
  await d.hangUp()
  await isOver(a)
})

test('what there is not is 481, what was answered meanwhile 486 to who wants it ringing, what is over 481', async () => {
  const [alice, bob, carol] = phones as [HummingPhone, HummingPhone, HummingPhone]
  const nth = rings(bob)
  const calling = alice.phone.call(bob.extension)
  const ringing = await bob.phone.called(nth)
  assert.equal((await pickUp(carol, bob, `${ringing.invite.callId};to-tag=a;from-tag=b`)).status, 481)
  ringing.answer()
  const a = await calling
  assert.equal(a.status, 200)
  assert.equal((await pickUp(carol, bob, `${ringing.replaces};early-only`)).status, 486)
  await a.hangUp()
  await isOver(ringing)
  assert.ok([481, 603].includes((await pickUp(carol, bob, ringing.replaces)).status))
})
