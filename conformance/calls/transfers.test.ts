import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, type FakeCall, type FakeCallee, type Json, levelAt, Platform, rms } from '#testkit'
import { answers, dials, type HummingPhone, hearsOnly, hummingPhones } from './humming-phones.ts'

let platform: Platform

before(async () => {
  platform = await Platform.start({ MEDIA_WORKERS: '2' })
})
after(() => platform?.stop())

interface Talk {
  alice: HummingPhone
  bob: HummingPhone
  carol: HummingPhone
  a: FakeCall
  b: FakeCallee
  /** The calls of the two legs. */
  caller: string
  callee: string
  stop(): void
}

/** Alice has dialled Bob's extension, and they hear each other; Carol answers when she is called. */
async function talking(): Promise<Talk> {
  const { phones, stop } = await hummingPhones(platform, 3)
  const [alice, bob, carol] = phones as [HummingPhone, HummingPhone, HummingPhone]
  for (const each of [bob, carol]) answers(each)
  const a = await dials(alice, bob.extension)
  const b = await bob.phone.called()
  await hearsOnly(a, 'Alice', [bob], [alice, carol])
  await hearsOnly(b, 'Bob', [alice], [bob, carol])
  const { body } = await platform.api('GET', '/calls?page_size=2')
  const idOf = (direction: string) => body.result.find((call: Json) => call.direction === direction).id
  return { alice, bob, carol, a, b, caller: idOf('incoming'), callee: idOf('outgoing'), stop }
}

const transfer = async (transfer_type: string, transferer_call_id: string, { extension }: HummingPhone) => {
  const transferee_addresses = [{ type: 'extension', target_name: extension }]
  const answer = await platform.api('POST', '/transfers', { transfer_type, transferer_call_id, transferee_addresses })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}
const completed = (id: string) =>
  eventually('the transfer is done', async () => {
    const { body } = await platform.api('GET', `/transfers/${id}`)
    return body.status === 'completed' ? body : undefined
  })
const isOver = (end: FakeCall | FakeCallee) =>
  eventually('the phone gets its BYE', () => end.requests.some(({ method }) => method === 'BYE'), 8_000)

test('blind: who is handed over hears ringing, then the third phone, and is heard there; the second one is off', async () => {
  const talk = await talking()
  const { alice, bob, carol, a, b } = talk
  try {
    carol.phone.whenCalled((call) => call.ring())
    const { id } = await transfer('blind', talk.callee, carol)
    await isOver(b)
    const c = await carol.phone.called()
    const from = a.sound.heard.length
    await eventually('Alice hears ringing', () => {
      const samples = a.sound.samples(from)
      return rms(samples.subarray(-3_200)) > 200 && levelAt(samples.subarray(-1_600), bob.hz) < 500
    })
    c.answer()
    void c.sound.sendTone(carol.hz, 1_500)
    await hearsOnly(a, 'Alice', [carol], [alice, bob])
    await hearsOnly(c, 'Carol', [alice], [bob, carol])
    await completed(id)
    await c.hangUp()
    await isOver(a)
  } finally {
    talk.stop()
  }
})

test('attended: music while the two talk, and nobody else is heard there; hanging up joins the others', async () => {
  const talk = await talking()
  const { alice, bob, carol, a, b } = talk
  try {
    const { id } = await transfer('attended', talk.callee, carol)
    const c = await carol.phone.called()
    await hearsOnly(b, 'Bob', [carol], [alice, bob])
    await hearsOnly(c, 'Carol', [bob], [alice, carol])
    const from = a.sound.heard.length
    await eventually('Alice hears music and nobody', () => {
      const samples = a.sound.samples(from)
      const nobody = [alice, bob, carol].every(({ hz }) => levelAt(samples.subarray(-1_600), hz) < 1_500)
      return samples.length > 8_000 && rms(samples.subarray(-8_000)) > 100 && nobody
    })
    await b.hangUp()
    await hearsOnly(a, 'Alice', [carol], [alice, bob])
    await hearsOnly(c, 'Carol', [alice], [bob, carol])
    await completed(id)
    await a.hangUp()
    await isOver(c)
  } finally {
    talk.stop()
  }
})

test('attended, and the third phone is busy: the two hear each other again', async () => {
  const talk = await talking()
  const { alice, bob, carol, a, b } = talk
  try {
    carol.phone.whenCalled((call) => call.reject(486))
    await transfer('attended', talk.caller, carol)
    await carol.phone.called()
    await hearsOnly(a, 'Alice', [bob], [alice, carol])
    await hearsOnly(b, 'Bob', [alice], [bob, carol])
    await a.hangUp()
    await isOver(b)
  } finally {
    talk.stop()
  }
})

test('a phone refers its caller to a third one, and hears how that goes', async () => {
  const talk = await talking()
  const { alice, bob, carol, a, b } = talk
  try {
    const refer = await b.request('REFER', undefined, [`Refer-To: <sip:${carol.extension}@${platform.sip}>`])
    assert.equal(refer.status, 202)
    const c = await carol.phone.called()
    await hearsOnly(a, 'Alice', [carol], [alice, bob])
    await hearsOnly(c, 'Carol', [alice], [bob, carol])
    await eventually('Bob is told', () => {
      const notifies = b.requests.filter(({ method }) => method === 'NOTIFY')
      return /^SIP\/2\.0 200/.test(notifies.at(-1)?.body.toString() ?? '')
    })
    await b.hangUp()
    await c.hangUp()
    await isOver(a)
  } finally {
    talk.stop()
  }
})
