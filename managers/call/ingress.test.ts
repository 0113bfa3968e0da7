import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { systemClock } from '#platform/time'
import { eventually, TestCalls } from '#testkit'
import { AnonymousCaps } from './anonymous-caps.ts'

const calls = await TestCalls.start()
const { base, customer } = calls
const MINE = '+899002000001'
const THEIRS = '+899002000002'
const WITHOUT_FLOW = '+899002000003'
const THEIRS_NORMAL = '+899002000004'
const other = await calls.otherCustomer()
const myFlow = await calls.number(MINE)
await calls.number(THEIRS, { customer: other })
await calls.number(WITHOUT_FLOW, { flow_id: NIL_UUID })
await calls.phone('1000', 'secret-1000')
calls.script = (live, input) => {
  if (input.type === 'started') live.answer('f:1')
  if (input.type === 'answered') live.hangup('normal')
}

const registrar = `${customer}.registrar.${base}`
const asStranger = async (
  dialled: string,
  options: Parameters<Awaited<ReturnType<typeof calls.phone>>['call']>[1] = {},
) => (await calls.phone('somebody')).call(dialled, options)
const asExtension = async (dialled: string, domain?: string) =>
  (await calls.phone('1000', 'secret-1000', domain === undefined ? {} : { domain })).call(dialled)
const admitted = () => {
  const last = calls.prepared.at(-1)
  assert.ok(last)
  return last
}

test("a stranger reaches the default customer's virtual number by the bare address, as source type sip", async () => {
  assert.equal((await asStranger(MINE)).status, 200)
  const { call, flow, anonymous } = admitted()
  assert.equal(anonymous, true)
  assert.deepEqual(flow, { flow_id: myFlow })
  assert.deepEqual(call.destination, { type: 'tel', target: MINE })
  assert.equal(call.source.type, 'sip')
  assert.match(call.source.target ?? '', /^somebody@127\.0\.0\.1/)
})

test('a name that no database can keep is kept as far as it can be: the call has its row', async () => {
  const phone = await calls.phone('somebody')
  for (const [name, kept] of [
    ['a\\\0b', 'a b'],
    [`${'a'.repeat(254)}😀`, 'a'.repeat(254)],
  ]) {
    const id = systemIds.uuid()
    phone.send(
      [
        `INVITE sip:${MINE}@${calls.server} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bK${id};rport`,
        `From: "${name}" <sip:somebody@127.0.0.1>;tag=${id}`,
        `To: <sip:${MINE}@${calls.server}>`,
        `Call-ID: ${id}`,
        'CSeq: 1 INVITE',
        `Contact: ${phone.contact}`,
        'Content-Length: 0\r\n\r\n',
      ].join('\r\n'),
    )
    await eventually('the call is let in', () => calls.prepared.at(-1)?.call.source.target_name === kept)
  }
})

test('a virtual number is understood without its plus', async () => {
  assert.equal((await asStranger(MINE.slice(1))).status, 200)
})

test('a phone reaches the telephone number of another customer through the telephone network, and not past it', async () => {
  const number = '+493012345678'
  await calls.number(THEIRS_NORMAL, { customer: other })
  await calls.db.query(`update numbers set number = $1, type = 'normal' where number = $2`, [number, THEIRS_NORMAL])
  await asExtension(number)
  const { call, flow } = admitted()
  assert.equal(call.customer_id, customer)
  assert.deepEqual(call.destination, { type: 'tel', target: number })
  assert.ok('actions' in flow && JSON.stringify(flow.actions).includes('connect'))
})

test('whoever claims to be an extension by the bare address has to prove it', async () => {
  const call = await asStranger(MINE, { from: `sip:1000@${calls.server}` })
  assert.equal(call.status, 401)
  assert.match(call.final?.headers.get('www-authenticate') ?? '', new RegExp(`realm="${registrar}"`))
  assert.equal((await asExtension(MINE)).status, 200)
  assert.equal(admitted().anonymous, false)
})

test('a wrong password is challenged again, never let in', async () => {
  const phone = await calls.phone('1000', 'secret-wrong')
  assert.equal((await phone.call(MINE)).status, 401)
})

test("a stranger is challenged for anything but direct hashes and the default customer's numbers", async () => {
  for (const dialled of [THEIRS, '+14155550100', '1000', 'nobody', `agent:${systemIds.uuid()}`])
    assert.equal((await asStranger(dialled)).status, 401, dialled)
})

test('a phone of the default customer reaches a virtual number of any customer; to others it is a SIP address', async () => {
  assert.equal((await asExtension(THEIRS)).status, 200)
  const { call } = admitted()
  assert.equal(call.customer_id, other)
  assert.deepEqual(call.source, { type: 'sip', target: `1000@${registrar}` })
})

const connectTo = (destination: object, option: object) => ({
  actions: [{ type: 'connect', option: { destinations: [destination], ...option } }],
})

test('a phone dials an extension, by its number or its id: the two are connected, and why nobody answers is passed on', async () => {
  const id = await calls.extension('1000')
  const destination = { type: 'extension', target: id, target_name: '1000' }
  for (const dialled of ['1000', 'extension:1000', `extension:${id}`]) {
    assert.equal((await asExtension(dialled)).status, 200, dialled)
    const { call, flow, anonymous } = admitted()
    assert.deepEqual(flow, connectTo(destination, { relay_reason: true }), dialled)
    assert.deepEqual([call.destination, call.source.target_name, anonymous], [destination, '1000', false])
  }
})

test('a phone dials an agent of its own customer', async () => {
  const target = await calls.agent([])
  assert.equal((await asExtension(`agent:${target}`)).status, 200)
  assert.deepEqual(admitted().flow, connectTo({ type: 'agent', target }, { relay_reason: true }))
})

test('a phone dials a telephone number: what is heard before the answer is passed on too', async () => {
  for (const dialled of ['+14155550100', 'tel:+1-415-555-0100']) {
    assert.equal((await asExtension(dialled)).status, 200, dialled)
    const { flow, call } = admitted()
    const destination = { type: 'tel', target: '+14155550100' }
    assert.deepEqual(flow, connectTo(destination, { early_media: true, relay_reason: true }))
    assert.deepEqual(call.destination, destination)
  }
})

test('what a phone cannot call answers 404: unknown ones, conferences, lines, SIP addresses, half a number', async () => {
  const uuid = systemIds.uuid()
  for (const dialled of [
    ...['1999', 'extension:', `extension:${uuid}`, `agent:${uuid}`, 'agent:ann'],
    ...[`conference:${uuid}`, 'line:x', 'sip:a', '+12', 'tel:4155550100'],
  ])
    assert.equal((await asExtension(dialled)).status, 404, dialled)
})

test('whoever knows the direct hash of an extension or agent calls it without credentials', async () => {
  const extension = await calls.extension('1000')
  const agent = await calls.agent([])
  const hashOf = async (table: string, id: string) =>
    String(
      (await calls.db.query<{ direct_hash: string }>(`select direct_hash from ${table} where id = $1`, [id]))[0]
        ?.direct_hash,
    )
  for (const [hash, destination] of [
    [await hashOf('extensions', extension), { type: 'extension', target: extension, target_name: '1000' }],
    [await hashOf('agents', agent), { type: 'agent', target: agent }],
  ] as const) {
    assert.equal((await asStranger(hash)).status, 200)
    const { flow, call, anonymous } = admitted()
    assert.deepEqual(flow, connectTo(destination, {}))
    assert.deepEqual([call.destination, call.source.type, anonymous], [destination, 'sip', true])
  }
  assert.equal((await asStranger(await calls.direct('extension'))).status, 404, 'whose extension is gone')
})

test('the registrar domain lets only its own phones in', async () => {
  assert.equal((await asStranger(MINE, { uri: `sip:${MINE}@${registrar}` })).status, 401)
  assert.equal((await asExtension(MINE, registrar)).status, 200)
  assert.deepEqual(admitted().call.source.type, 'extension')
})

test('a direct hash of a flow is reached without credentials; its call runs the flow', async () => {
  const flow = systemIds.uuid()
  const hash = await calls.direct('flow', flow)
  for (const uri of [`sip:${hash}@sip.${base}`, `sip:${hash}@${calls.server}`]) {
    assert.equal((await asStranger(hash, { uri })).status, 200)
    assert.deepEqual(admitted().flow, { flow_id: flow })
  }
})

test('a direct hash of an extension, and one that nobody has, answer 404', async () => {
  const hash = await calls.direct('extension')
  for (const dialled of [hash, 'direct.0123456789ab', 'direct.x'])
    assert.equal((await asStranger(dialled, { uri: `sip:${dialled}@sip.${base}` })).status, 404, dialled)
})

test('sip.{base} reaches the numbers of every customer, and nothing else', async () => {
  assert.equal((await asStranger(THEIRS, { uri: `sip:${THEIRS}@sip.${base}` })).status, 200)
  for (const dialled of [WITHOUT_FLOW, '+899002999999', '1000'])
    assert.equal((await asStranger(dialled, { uri: `sip:${dialled}@sip.${base}` })).status, 404, dialled)
})

test('domains that serve nothing answer 404, and the carriers’ one 403', async () => {
  for (const domain of [`conference.${base}`, `acme.trunk.${base}`, `foo.${base}`, `x.registrar.${base}`])
    assert.equal((await asStranger(MINE, { uri: `sip:${MINE}@${domain}` })).status, 404, domain)
  assert.equal((await asStranger(MINE, { uri: `sip:${MINE}@pstn.${base}` })).status, 403)
})

test('an owner who is frozen is 403, one without balance 603, and neither makes a call or keeps money for one', async () => {
  const made = () => calls.db.query('select id from calls where customer_id = $1', [other])
  const before = await made()
  await calls.db.query(`update customers set status = 'frozen' where id = $1`, [other])
  assert.equal((await asExtension(THEIRS)).status, 403)
  await calls.db.query(`update customers set status = 'active' where id = $1`, [other])
  await calls.db.query('update billing_accounts set balance_token = 0, balance_credit = 0 where customer_id = $1', [
    other,
  ])
  assert.equal((await asExtension(THEIRS)).status, 603)
  assert.deepEqual(await made(), before)
  const held = `select from reservations where customer_id = $1 and status = 'open'
    and not exists (select from calls where calls.id::text = reference_id::text)`
  await eventually('no money is held', async () => (await calls.db.query(held, [other])).length === 0)
})

test('a free leg needs no balance', async () => {
  await calls.db.query('update billing_accounts set balance_token = 0, balance_credit = 0 where customer_id = $1', [
    customer,
  ])
  assert.equal((await asExtension(MINE)).status, 603) // a virtual number costs
  const hash = await calls.direct('flow')
  assert.equal((await asStranger(hash)).status, 200)
})

test('callers without credentials have caps per number and source, and give their place back', () => {
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  let nowMs = 0
  const caps = new AnonymousCaps(clock, { perSecond: 2, atOnce: 3 })
  const first = caps.enter('+1', 'a')
  assert.ok(first && caps.enter('+1', 'a'))
  assert.equal(caps.enter('+1', 'a'), undefined, 'two in this second')
  assert.ok(caps.enter('+1', 'b'), 'another source')
  assert.ok(caps.enter('+2', 'a'), 'another number')
  nowMs = 1_000
  assert.ok(caps.enter('+1', 'a'))
  assert.equal(caps.enter('+1', 'a'), undefined, 'three at once')
  first()
  first()
  assert.ok(caps.enter('+1', 'a'))
  assert.equal(caps.enter('+1', 'a'), undefined, 'a place is given back once')
})

test('callers without credentials who dial a new number each time fill no memory, and no number with a call is forgotten', () => {
  const caps = new AnonymousCaps(systemClock, { perSecond: 5, atOnce: 1 })
  assert.ok(caps.enter('+1', 'a'))
  for (let at = 0; at < 60_000; at++) caps.enter(String(at), 'b')?.()
  assert.equal(caps.size, 50_001)
  assert.equal(caps.enter('+1', 'a'), undefined, 'its call goes on')
})

test('nobody is under a name that is longer than any, whoever asks', async () => {
  const long = '1'.repeat(257)
  assert.equal((await asStranger(long, { uri: `sip:${long}@sip.${base}` })).status, 404)
  assert.equal((await asStranger(long)).status, 404)
  assert.equal((await asExtension(long)).status, 404)
})

test('above the caps the answer is 503 with Retry-After', async () => {
  const capped = await TestCalls.start({ anonymousCaps: { perSecond: 1, atOnce: 1 } })
  await capped.number(MINE)
  const phone = await capped.phone('somebody')
  const up = await phone.call(MINE, {
    whileRinging: () => void eventually('it rings', () => capped.lives[0]?.live).then((live) => live.answer('f:1')),
  })
  assert.equal(up.status, 200)
  const refused = await phone.call(MINE)
  assert.equal(refused.status, 503)
  assert.ok(Number(refused.final?.headers.get('retry-after')) > 0)
  await up.hangUp()
})
