import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '#platform/ids'
import { eventually, type FakeCall, type FakeLine, type FakePhone, type Json, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const mine = (await calls.api())(calls.customer)
/** Under a host that is not ours. */
const sip = (user: string) => ({ type: 'sip' as const, target: `${user}@127.0.0.2:5999` })

let made = 0

interface Talk {
  phone: FakePhone
  call: FakeCall
  /** The leg of the phone, and of who it talks with. */
  id: string
  bob: FakeLine
  bobId: string
}

/** A phone of an extension (or a stranger) has dialled a number whose flow connected it with somebody. */
async function talking(phone: FakePhone, options: { customer?: string } = {}): Promise<Talk> {
  const nth = ++made
  const number = `+8990070${String(nth).padStart(5, '0')}`
  await calls.number(number, options)
  const at = calls.lives.length
  const before = calls.lines.length
  calls.script = (live, input) => {
    if (input.type !== 'started') return
    const connect = { early_media: false, relay_reason: false, anonymous: 'auto' as const }
    live.connect('f:1', { ...connect, destinations: [sip(`bob${nth}`)] })
  }
  const calling = phone.call(number)
  const bob = await eventually('somebody is called', () =>
    calls.lines.slice(before).find(({ said }) => said.includes('dial')),
  )
  bob.answers()
  const call = await calling
  assert.equal(call.status, 200)
  const id = calls.lives[at]?.live.id ?? assert.fail('no flow runs')
  const [leg] = await eventually('the leg is on record', async () => {
    const legs = await calls.db.query<{ id: string }>('select id from calls where master_call_id = $1', [id])
    return legs.length > 0 ? legs : undefined
  })
  return { phone, call, id, bob, bobId: leg?.id ?? '' }
}

async function phoneOf(extension: string): Promise<FakePhone> {
  const phone = await calls.phone(extension, `secret-${extension}`)
  await phone.register()
  return phone
}

const refer = ({ call, phone }: Talk, target: string) =>
  call.request('REFER', [`Contact: ${phone.contact}`, `Refer-To: <${target}>`])
const told = ({ call }: Talk) =>
  call.requests
    .filter(({ method }) => method === 'NOTIFY')
    .map(({ body }) => Number(/^SIP\/2\.0 (\d+)/.exec(body.toString())?.[1]))
const hears = (talk: Talk, ...statuses: number[]) =>
  eventually(`the phone is told ${statuses}`, () => told(talk).join() === statuses.join())
const dialled = (user: string, from = 0) =>
  eventually(`${user} is dialled`, () =>
    calls.lines
      .slice(from)
      .find(({ options, said }) => options.uri.startsWith(`sip:${user}@`) && said.includes('dial')),
  )
const joined = (one: FakeLine, other: FakeLine) =>
  eventually(
    'they hear each other',
    () => one.said.at(-1) === `bridge ${other.id}` && other.said.at(-1) === `bridge ${one.id}`,
  )
const newest = async () => (await mine.get('/v1.0/transfers?page_size=1')).body.result[0]
const gone = (talk: Talk) => eventually('the phone gets its BYE', () => talk.call.bye, 8_000)
/** Its leg ends by a BYE of ours, and the account of it says that a transfer is why. */
const handedOver = async (talk: Talk) => {
  await gone(talk)
  const ended = await eventually('its account is whole', async () => {
    const { entries } = (await mine.get(`/v1.0/calls/${talk.id}/explain`)).body
    return entries.find(({ state }: Json) => state?.status === 'hangup')?.state
  })
  assert.deepEqual([ended.hangup_by, ended.asked_by], ['local', 'transfer'])
}

test('a phone hands its call over by REFER: it hears how it goes, and the two others talk', async () => {
  const talk = await talking(await phoneOf('3001'))
  assert.equal((await refer(talk, `sip:${sip('carol').target}`)).status, 202)
  const carol = await dialled('carol')
  assert.equal(talk.bob.said.at(-1), 'ringback')
  carol.rings()
  await hears(talk, 100, 180)
  carol.answers()
  await joined(talk.bob, carol)
  await hears(talk, 100, 180, 200)
  await handedOver(talk)
  const done = await newest()
  assert.deepEqual([done.type, done.status, done.transferer_call_id], ['blind', 'completed', talk.id])
  assert.equal(talk.bob.ended, false)
  carol.goes()
  await eventually('the other one ends with it', () => talk.bob.ended)
})

test('a phone that hangs up as soon as its REFER is taken has handed over all the same', async () => {
  const talk = await talking(await phoneOf('3001'))
  await refer(talk, 'sip:dave@127.0.0.2:5999')
  const dave = await dialled('dave')
  await talk.call.hangUp()
  dave.answers()
  await joined(talk.bob, dave)
  dave.goes()
})

test('whom nobody answers for: the phone hears why, and the old call goes on', async () => {
  const talk = await talking(await phoneOf('3001'))
  await refer(talk, 'sip:busy@127.0.0.2:5999')
  ;(await dialled('busy')).goes(17, 486)
  await hears(talk, 100, 486)
  await eventually('the two hear each other again', () => talk.bob.said.at(-1)?.startsWith('bridge '))
  assert.equal((await newest()).status, 'failed')
  assert.equal((await refer(talk, 'sip:nobody@host.invalid')).status, 202)
  await hears(talk, 100, 486, 100, 404)
  assert.equal(talk.call.bye, undefined)
  await talk.call.hangUp()
})

test('inside, a phone refers to what it would dial: an extension by its number', async () => {
  const talk = await talking(await phoneOf('3001'))
  await phoneOf('3002')
  const from = calls.lines.length
  await refer(talk, `sip:3002@${talk.phone.domain}`)
  const other = await dialled('3002', from)
  other.answers()
  await joined(talk.bob, other)
  assert.deepEqual((await newest()).transferee_addresses[0].target_name, '3002')
  other.goes()
  const unknown = await talking(await phoneOf('3001'))
  await refer(unknown, `sip:3999@${unknown.phone.domain}`)
  await hears(unknown, 100, 404)
  await unknown.call.hangUp()
})

test('a phone that talks on two calls joins who is on the one with who is on the other (Replaces)', async () => {
  const phone = await phoneOf('3001')
  const first = await talking(phone)
  const second = await talking(phone)
  const answer = await refer(first, `sip:${sip('x').target}?${replaces(second)}`)
  assert.equal(answer.status, 202)
  await joined(first.bob, second.bob)
  await hears(first, 100, 200)
  await Promise.all([handedOver(first), handedOver(second)])
  assert.equal(first.bob.ended || second.bob.ended, false)
  const done = await newest()
  assert.deepEqual(
    [done.type, done.status, done.transferer_call_id, done.transferee_call_id],
    ['attended', 'completed', first.id, second.bobId],
  )
  second.bob.goes()
  await eventually('one ends with the other', () => first.bob.ended)
})

test("a dialog that is another customer's, or nobody's, is 481; nothing is joined", async () => {
  const talk = await talking(await phoneOf('3001'))
  const customer = await calls.otherCustomer()
  const domain = `${customer}.registrar.${calls.base}`
  const stranger = await calls.phone('3001', 'secret-of-another', { customer, domain })
  const theirs = await talking(stranger, { customer })
  assert.equal((await refer(talk, `sip:x@127.0.0.2?${replaces(theirs)}`)).status, 481)
  const nobody = `Replaces=${encodeURIComponent(`${systemIds.uuid()};to-tag=a;from-tag=b`)}`
  assert.equal((await refer(talk, `sip:x@127.0.0.2?${nobody}`)).status, 481)
  for (const { bob } of [talk, theirs]) assert.match(bob.said.at(-1) ?? '', /^bridge /)
  await Promise.all([talk.call.hangUp(), theirs.call.hangUp()])
})

test('who has not proved who he is transfers nobody', async () => {
  const talk = await talking(await calls.phone('somebody'))
  assert.equal((await refer(talk, 'sip:premium@127.0.0.2:5999')).status, 403)
  assert.match(talk.bob.said.at(-1) ?? '', /^bridge /)
  talk.bob.asks({ id: 't1', target: 'sip:premium@127.0.0.2:5999' })
  assert.equal(talk.bob.said.at(-1), 'refuse transfer t1 403', 'a callee outside neither')
  await talk.call.hangUp()
})

test('a phone that talks with nobody, or whose call is being transferred, is refused', async () => {
  const phone = await phoneOf('3001')
  await calls.number('+899007999999')
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:0')
  }
  const alone = await phone.call('+899007999999')
  const talk = { phone, call: alone } as Talk
  assert.equal((await refer(talk, 'sip:x@127.0.0.2:5999')).status, 603)
  await alone.hangUp()
  const busy = await talking(phone)
  const body = { transfer_type: 'attended', transferer_call_id: busy.id, transferee_addresses: [sip('third')] }
  assert.equal((await mine.post('/v1.0/transfers', body)).status, 200)
  assert.equal((await refer(busy, 'sip:x@127.0.0.2:5999')).status, 603)
  await busy.call.hangUp()
})

test('a phone that transfers its call to itself a hundred times comes to an end', async () => {
  const talk = await talking(await phoneOf('3009'))
  await refer(talk, `sip:3009@${talk.phone.domain}`)
  let from = 0
  let refused = 0
  for (let hop = 0; hop < 100 && refused === 0; hop++) {
    const itself = await dialled('3009', from)
    from = calls.lines.indexOf(itself) + 1
    itself.answers()
    await joined(talk.bob, itself)
    itself.asks({ id: `t${hop}`, target: `sip:3009@${talk.phone.domain}` })
    refused = itself.said.includes(`refuse transfer t${hop} 403`) ? hop : 0
  }
  assert.ok(refused > 0 && refused <= 20, `after ${refused} times`)
  assert.equal(talk.bob.ended, false, 'the last two go on talking')
  talk.bob.goes()
})

test('a phone calls in to take the place of a leg: who talked there talks with it, and the leg ends (RFC 3891)', async () => {
  const talk = await talking(await phoneOf('3001'))
  const desk = await phoneOf('3005')
  const headers = [`Replaces: ${replacesHeader(talk)}`]
  const call = await desk.call('3001', { headers })
  assert.equal(call.status, 200)
  await handedOver(talk)
  const row = async () => (await mine.get('/v1.0/transfers?page_size=1')).body.result[0]
  const done = await eventually('it is on record', async () => {
    const found = await row()
    return found.transferer_call_id === talk.id ? found : undefined
  })
  assert.equal(done.status, 'completed')
  const taken = (await mine.get(`/v1.0/calls/${done.transferee_call_id}`)).body
  assert.deepEqual([taken.master_call_id, taken.direction, taken.status], [talk.bobId, 'incoming', 'progressing'])
  assert.equal(talk.bob.ended, false)
  talk.bob.goes()
  await eventually('the newcomer ends with the other one', () => call.bye)
})

test('a phone that takes a place by a number that costs pays for it like any other call, and spends as itself from then on', async () => {
  const spent = () =>
    calls.db.query<{ cost_type: string; credential_kind: string; credential_id: string }>(
      `select cost_type, credential_kind, credential_id from reservations where customer_id = $1 and number = $2`,
      [calls.customer, number],
    )
  const number = '+899007777777'
  await calls.number(number)
  const talk = await talking(await phoneOf('3001'))
  const desk = await phoneOf('3005')
  const headers = [`Replaces: ${replacesHeader(talk)}`]
  const limit =
    'insert into spending_limits (customer_id, kind, subject_id, limits, tm_update) values ($1, $2, $3, $4, now())'
  const extension = await calls.extension('3005')
  await calls.db.query(limit, [calls.customer, 'extension', extension, { money_per_hour: 0 }])
  assert.equal((await desk.call(number, { headers })).status, 603, 'it may not spend anything')
  assert.match(talk.bob.said.at(-1) ?? '', /^bridge /, 'nobody was moved')
  await calls.db.query('delete from spending_limits')
  const call = await desk.call(number, { headers })
  assert.equal(call.status, 200)
  await handedOver(talk)
  assert.deepEqual(await spent(), [{ cost_type: 'call_vn', credential_kind: 'extension', credential_id: extension }])
  const [newcomer] = await eventually('it is on record', async () => {
    const rows = await calls.db.query<{ id: string }>(
      `select id from calls where master_call_id = $1 and direction = 'incoming'`,
      [talk.bobId],
    )
    return rows.length > 0 ? rows : undefined
  })
  const recorded = await mine.post(`/v1.0/calls/${newcomer?.id}/recording_start`)
  assert.equal(recorded.status, 200)
  const [{ credential_id } = { credential_id: '' }] = await calls.db.query<{ credential_id: string }>(
    'select credential_id from reservations where reference_id = $1',
    [recorded.body.recording_id],
  )
  assert.equal(credential_id, extension)
  talk.bob.goes()
  await eventually('the newcomer ends with the other one', () => call.bye)
})

test('only a phone of the same customer takes a place, of a leg that there is and that talks', async () => {
  const talk = await talking(await phoneOf('3001'))
  const customer = await calls.otherCustomer()
  const domain = `${customer}.registrar.${calls.base}`
  const foreign = await calls.phone('3001', 'secret-of-another', { customer, domain })
  const headers = [`Replaces: ${replacesHeader(talk)}`]
  assert.equal((await foreign.call('3001', { headers })).status, 481)
  const number = '+899007888888'
  await calls.number(number)
  assert.equal((await (await calls.phone('somebody')).call(number, { headers })).status, 403)
  const desk = await phoneOf('3005')
  assert.equal((await desk.call('3001', { headers: ['Replaces: nobody;to-tag=a;from-tag=b'] })).status, 481)
  assert.match(talk.bob.said.at(-1) ?? '', /^bridge /)
  await talk.call.hangUp()
})

/** `Replaces` in a URI, as the phone of a call writes it: our tag is the To tag of its dialog. */
function replaces(talk: Talk): string {
  return `Replaces=${encodeURIComponent(replacesHeader(talk))}`
}

function replacesHeader({ call }: Talk): string {
  const theirs = /;tag=([^;]+)/.exec(call.final?.headers.get('from') ?? '')?.[1]
  return `${call.callId};to-tag=${call.final?.toTag};from-tag=${theirs}`
}
