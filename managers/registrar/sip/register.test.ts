import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Session } from '#platform/db'
import { ManualClock, systemClock, timestamp } from '#platform/time'
import type { SipResponse } from '#telecom/sip'
import { eventually, TestCalls } from '#testkit'
import { AttemptLimit } from './attempt-limit.ts'

const calls = await TestCalls.start()
const { customer, base } = calls
const registrar = `${customer}.registrar.${base}`

/** A phone of a new extension. */
let made = 0
async function newPhone(domain?: string) {
  const user = `2${String(made++).padStart(3, '0')}`
  return calls.phone(user, `secret-${user}`, domain === undefined ? {} : { domain })
}

/** Contacts of a 200: URI to seconds left. */
function contactsOf(response: SipResponse): Record<string, number> {
  assert.equal(response.status, 200)
  return Object.fromEntries(
    response.contacts.map(({ uri, parameters }) => [uri.text, Number(parameters.get('expires'))]),
  )
}

test('a phone registers by the bare address, is asked for its password, and is told its contact with its time', async () => {
  const phone = await newPhone()
  const contacts = contactsOf(await phone.register({ expires: 600 }))
  assert.deepEqual(Object.keys(contacts), [`sip:${phone.user}@127.0.0.1:${phone.port}`])
  assert.ok(Object.values(contacts).every((left) => left > 590 && left <= 600))
})

test('the realm is that of the registrar, whichever host name was used', async () => {
  for (const domain of [undefined, registrar]) {
    const phone = await calls.phone('nobody', undefined, domain === undefined ? {} : { domain })
    const response = await phone.register()
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate') ?? '', new RegExp(`realm="${registrar}".*algorithm=MD5`))
  }
})

test('a wrong password and an extension that does not exist get the same answer', async () => {
  const phone = await newPhone()
  const shape = (response: SipResponse) =>
    [response.status, response.reason, ...[...response.headers.entries()].map(([name]) => name)].join(' ')
  const wrong = await phone.register({ password: 'wrong-one' })
  const stranger = await calls.phone('nobody')
  const unknown = await stranger.register({ password: 'wrong-one' })
  assert.equal(wrong.status, 401)
  assert.equal(shape(unknown), shape(wrong))
})

test('a phone may register nobody but itself', async () => {
  const phone = await newPhone()
  const other = await newPhone()
  const response = await phone.register({ contact: phone.contact, to: `<${other.aor}>` })
  assert.equal(response.status, 403)
})

test('a REGISTER without Contact lists what holds', async () => {
  const phone = await newPhone()
  assert.deepEqual(contactsOf(await phone.register({ contact: null })), {})
  await phone.register({ expires: 300 })
  assert.equal(Object.keys(contactsOf(await phone.register({ contact: null }))).length, 1)
})

test('an interval below a minute is refused with Min-Expires, a long one is shortened to an hour', async () => {
  const phone = await newPhone()
  const short = await phone.register({ expires: 30 })
  assert.equal(short.status, 423)
  assert.equal(short.headers.get('min-expires'), '60')
  const [left] = Object.values(contactsOf(await phone.register({ expires: 999_999 })))
  assert.ok(left !== undefined && left > 3_590 && left <= 3_600)
})

test('a contact is removed by expires=0, all of them by *, which needs Expires: 0', async () => {
  const phone = await newPhone()
  const a = '<sip:a@127.0.0.1:5070>'
  const b = '<sip:b@127.0.0.1:5070>'
  await phone.register({ contact: `${a};expires=600, ${b};expires=600` })
  assert.deepEqual(Object.keys(contactsOf(await phone.register({ contact: `${a};expires=0` }))), [
    'sip:b@127.0.0.1:5070',
  ])
  assert.equal((await phone.register({ contact: '*', expires: 60 })).status, 400)
  assert.equal((await phone.register({ contact: `*, ${a}`, expires: 0 })).status, 400)
  assert.deepEqual(contactsOf(await phone.register({ contact: '*', expires: 0 })), {})
})

test('an extension has three contacts; a fourth takes the place of the oldest', async () => {
  const phone = await newPhone()
  for (const user of ['a', 'b', 'c']) await phone.register({ contact: `<sip:${user}@127.0.0.1:5070>` })
  await phone.register({ contact: '<sip:a@127.0.0.1:5070>' }) // refreshed: b is the oldest now
  const contacts = contactsOf(await phone.register({ contact: '<sip:d@127.0.0.1:5070>' }))
  assert.deepEqual(
    Object.keys(contacts).sort(),
    ['a', 'c', 'd'].map((user) => `sip:${user}@127.0.0.1:5070`),
  )
})

test('the same instance replaces its own contact before the oldest goes', async () => {
  const phone = await newPhone()
  const instance = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
  await phone.register({ contact: '<sip:old@127.0.0.1:5070>' })
  await phone.register({ contact: `<sip:me@127.0.0.1:5071>${instance}` })
  await phone.register({ contact: '<sip:c@127.0.0.1:5070>' })
  const moved = await phone.register({ contact: `<sip:me@127.0.0.1:5099>${instance};q=0.5` })
  assert.deepEqual(Object.keys(contactsOf(moved)).sort(), [
    'sip:c@127.0.0.1:5070',
    'sip:me@127.0.0.1:5099',
    'sip:old@127.0.0.1:5070',
  ])
  const mine = moved.contacts.find(({ uri }) => uri.text.includes('me@'))
  assert.equal(mine?.parameters.get('+sip.instance'), '<urn:uuid:00000000-0000-1000-8000-000A95A0E128>')
  assert.equal(mine?.parameters.get('q'), '0.5')
})

test('a REGISTER that comes late (same Call-ID, no higher CSeq) changes nothing', async () => {
  const phone = await newPhone()
  await phone.register({ callId: 'late', contact: '<sip:a@127.0.0.1:5070>' })
  const [row] = await calls.db.query<{ cseq: number }>(`select cseq from registrations where call_id = 'late'`)
  const late = await phone.register({
    callId: 'late',
    cseq: row?.cseq ?? 0,
    contact: '<sip:a@127.0.0.1:5070>;expires=0',
  })
  assert.equal(late.status, 500)
  assert.equal(Object.keys(contactsOf(await phone.register({ contact: null }))).length, 1)
})

test('a contact that stands twice in one REGISTER is one contact', async () => {
  const phone = await newPhone()
  const twice = '<sip:a@127.0.0.1:9>;expires=90, <sip:a@127.0.0.1:9>;expires=300'
  assert.equal(contactsOf(await phone.register({ contact: twice }))['sip:a@127.0.0.1:9'], 300)
  assert.equal(Object.keys(contactsOf(await phone.register({ contact: null }))).length, 1)
})

test('odd characters in what a phone says of itself never keep it from registering', async () => {
  const phone = await newPhone()
  assert.equal((await phone.register({ headers: ['User-Agent: a\0b'] })).status, 200)
  assert.equal((await phone.register({ headers: [`User-Agent: ${'a'.repeat(254)}😀`] })).status, 200)
  assert.equal((await phone.register({ headers: ['Path: "\\\0" <sip:edge.example;lr>'] })).status, 400)
})

test('what a phone registered is on disk with its flow, and survives a restart', async () => {
  const phone = await newPhone()
  await phone.register({ expires: 600, headers: ['User-Agent: Test/1'] })
  const credentials = await calls.db.query<{ id: string }>('select id from extensions where extension = $1', [
    phone.user,
  ])
  const later = await TestCalls.start({ over: calls })
  const [binding] = await later.registrar.bindings(customer, credentials[0]?.id ?? '')
  assert.equal(binding?.uri, `sip:${phone.user}@127.0.0.1:${phone.port}`)
  assert.match(binding?.flow ?? '', new RegExp(`^udp;127\\.0\\.0\\.1;\\d+;127\\.0\\.0\\.1;${phone.port}$`))
  assert.equal(binding?.user_agent, 'Test/1')
})

test('a binding that ran out is gone at once, and swept', async () => {
  const phone = await newPhone()
  await phone.register()
  const past = timestamp(systemClock.wallMs() - 1_000)
  await calls.db.query(`update registrations set tm_expire = $1 where uri like $2`, [past, `sip:${phone.user}@%`])
  assert.deepEqual(contactsOf(await phone.register({ contact: null })), {})
  await calls.registrar.sweep()
  assert.deepEqual(await calls.db.query(`select 1 from registrations where uri like $1`, [`sip:${phone.user}@%`]), [])
})

const flowOf = async (phone: { user: string }) => {
  const [row] = await calls.db.query<{ flow: string }>('select flow from registrations where uri like $1', [
    `sip:${phone.user}@%`,
  ])
  return row?.flow
}

test('a broken connection takes its bindings with it, at once; its flow is dead for good', async () => {
  const phone = await calls.phone('2900', 'secret-2900', { transport: 'tcp' })
  assert.deepEqual(Object.keys(contactsOf(await phone.register())), [`sip:2900@127.0.0.1:${phone.port};transport=tcp`])
  const key = (await flowOf(phone)) ?? ''
  assert.match(key, /^tcp;/)
  assert.equal(calls.sip.flow(key)?.alive, true)
  phone.close()
  await eventually('the binding is gone', async () => (await flowOf(phone)) === undefined || undefined, 1_000)
  assert.equal(calls.sip.flow(key)?.alive, false)
  const outcome = await new Promise<string>((resolve) => {
    const flow = calls.sip.flow(key)
    assert.ok(flow)
    calls.sip.request({ method: 'OPTIONS', uri: 'sip:2900@127.0.0.1', flow }, { done: ({ type }) => resolve(type) })
  })
  assert.equal(outcome, 'transport failed')
})

test('a connection that breaks while its binding is being written leaves none', async () => {
  const phone = await calls.phone('2901', 'secret-2901', { transport: 'tcp' })
  await phone.register()
  for (let times = 0; times < 5; times++) {
    const again = await calls.phone('2901', undefined, { transport: 'tcp' })
    const before = calls.sip.counters.requests_received
    const answered = again.register({ password: 'secret-2901', contact: `<sip:2901@127.0.0.1:${again.port}>` })
    await eventually('the password comes', () => calls.sip.counters.requests_received === before + 2 || undefined)
    again.close()
    await Promise.race([answered.catch(() => {}), new Promise((resolve) => setImmediate(resolve))])
  }
  const mine = `sip:2901@127.0.0.1:${phone.port};transport=tcp`
  await eventually('only the phone that is still there is left', async () => {
    const rows = await calls.db.query<{ uri: string }>(`select uri from registrations where uri like 'sip:2901@%'`)
    return (rows.length === 1 && rows[0]?.uri === mine) || undefined
  })
})

test('a REGISTER whose password is changed while it is being written leaves no binding, and is asked anew', async () => {
  const phone = await calls.phone('2906', 'secret-2906')
  await phone.register()
  const extension_id = await calls.extension('2906')
  const holding = await Session.open(calls.connection, { name: 'hold' })
  await holding.query('begin')
  await holding.query(`select pg_advisory_xact_lock(hashtextextended('registrations ' || $1, 0))`, [extension_id])
  const answered = phone.register({ contact: `<sip:2906@127.0.0.1:${phone.port};late>` })
  await eventually('it waits to be written', async () => {
    const waiting = await calls.db.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'`)
    return waiting.length > 0
  })
  await calls.db.query(`update extensions set ha1_md5 = 'another', ha1_sha256 = 'another' where id = $1`, [
    extension_id,
  ])
  await holding.end()
  assert.equal((await answered).status, 401)
  const rows = await calls.db.query<{ uri: string }>('select uri from registrations where extension_id = $1', [
    extension_id,
  ])
  assert.deepEqual(
    rows.filter(({ uri }) => uri.endsWith(';late')),
    [],
  )
})

test('after a restart bindings over connections of the earlier life are removed; others stay', async () => {
  const phone = await calls.phone('2903', 'secret-2903', { transport: 'tcp' })
  await phone.register()
  const datagrams = await calls.phone('2904', 'secret-2904')
  await datagrams.register()
  const [node = '', incarnation = ''] = ((await flowOf(phone)) ?? '').split(';')[5]?.split('.') ?? []
  const restart = async (life: { node: string; incarnation: string }) => {
    calls.registrar.start(life)
    calls.registrar.stop()
  }
  await restart({ node, incarnation })
  await restart({ node: 'other', incarnation: 'x' })
  await calls.registrar.sweep()
  assert.ok(await flowOf(phone))
  await restart({ node, incarnation: 'later' })
  await eventually('the binding is gone', async () => (await flowOf(phone)) === undefined || undefined)
  assert.ok(await flowOf(datagrams))
})

test('a phone on a connection calls: admitted, answered, talked with and hung up over it alone', async () => {
  const flow_id = await calls.number('+899100000077')
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('answer')
  }
  const phone = await calls.phone('2902', 'secret-2902', { transport: 'tcp' })
  const call = await phone.call('+899100000077')
  assert.equal(call.status, 200)
  assert.deepEqual(calls.prepared.at(-1)?.flow, { flow_id })
  const [contact] = call.final?.contacts ?? []
  assert.ok(contact?.uri.kind === 'sip')
  assert.equal(contact.uri.parameters.get('transport'), 'tcp')
  assert.equal((await call.hangUp()).status, 200)
  const again = await phone.call('+899100000077')
  calls.lives.at(-1)?.live.hangup('normal')
  await eventually('BYE comes over the connection', () => again.bye)
  assert.match(again.bye?.headers.get('via') ?? '', /^SIP\/2\.0\/TCP /)
})

for (const [number, instance] of [
  ['+899100000078', ''],
  ['+899100000079', ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E129>"'],
] as const)
  test(`a phone that comes back on another connection in a call is hung up there${instance && ', by its instance'}`, async () => {
    await calls.number(number)
    calls.script = (live, input) => {
      if (input.type === 'started') live.answer('answer')
    }
    const account = ['2905', 'secret-2905', { transport: 'tcp' }] as const
    const before = await calls.phone(...account)
    const contact = (phone: typeof before) => ({ contact: `${phone.contact}${instance}` })
    await before.register(contact(before))
    assert.equal((await before.call(number)).status, 200)
    const { live } = calls.lives.at(-1) ?? {}
    before.close()
    await eventually('the binding is gone', async () => (await flowOf(before)) === undefined || undefined, 1_000)
    const back = await calls.phone('2905', undefined, { transport: 'tcp' })
    assert.equal((await back.register({ password: 'secret-2905', ...contact(back) })).status, 200)
    // another phone of the extension, which registered after it, is not the one
    const other = await calls.phone('2905', undefined, { transport: 'tcp' })
    if (instance) await other.register({ password: 'secret-2905' })
    live?.hangup('normal')
    await eventually('the BYE comes', () => back.strangers.find(({ method }) => method === 'BYE'))
    assert.deepEqual(other.strangers, [])
    for (const phone of [back, other]) await phone.register({ password: 'secret-2905', contact: '*', expires: 0 })
  })

test('contacts that are no SIP address, malformed ones and too many are refused as a whole', async () => {
  const phone = await newPhone()
  const many = Array.from({ length: 12 }, (_, at) => `<sip:u${at}@127.0.0.1>`).join(', ')
  for (const contact of ['<tel:+14155550100>', '<sip:a@127.0.0.1>;q=7', '<sip:', many])
    assert.equal((await phone.register({ contact })).status, 400, contact)
  assert.deepEqual(contactsOf(await phone.register({ contact: null })), {})
})

test('ten wrong passwords close the door for this extension from this source only', () => {
  const clock = new ManualClock()
  const limit = new AttemptLimit(clock)
  for (let at = 0; at < 9; at++) limit.failed('1000@x', '192.0.2.1')
  assert.equal(limit.isBlocked('1000@x', '192.0.2.1'), false)
  limit.failed('1000@x', '192.0.2.1')
  assert.equal(limit.isBlocked('1000@x', '192.0.2.1'), true)
  assert.equal(limit.isBlocked('1000@x', '192.0.2.2'), false, 'the same extension from elsewhere')
  assert.equal(limit.isBlocked('1001@x', '192.0.2.1'), false, 'the office behind the same address')
  clock.advance(300_000)
  assert.equal(limit.isBlocked('1000@x', '192.0.2.1'), false)
})

test('a name that is longer than any is asked for credentials and not remembered, however often it fails', async () => {
  const stranger = await calls.phone('x'.repeat(300))
  for (let at = 0; at < 12; at++) assert.equal((await stranger.register({ password: 'wrong-one' })).status, 401)
})

test('wrong passwords end in 403, also when the right one follows, and others are not touched', async () => {
  const phone = await newPhone()
  const colleague = await newPhone()
  for (let at = 0; at < 10; at++) assert.equal((await phone.register({ password: 'wrong-one' })).status, 401)
  assert.equal((await phone.register()).status, 403)
  assert.equal((await colleague.register()).status, 200)
})
