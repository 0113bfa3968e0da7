import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, type FakeLine, type Json, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const api = await calls.api()
const mine = api(calls.customer)
const sip = (user: string) => ({ type: 'sip' as const, target: `${user}@127.0.0.1:5999` })
const callOf = async (id: string) => (await mine.get(`/v1.0/calls/${id}`)).body
const transferOf = async (id: string) => (await mine.get(`/v1.0/transfers/${id}`)).body
const verdictOf = async (id: string) => (await mine.get(`/v1.0/calls/${id}/explain`)).body.verdict.reason
const eventsOf = async (id: string) =>
  (await calls.events(calls.customer, 'transfer')).filter(({ data }) => data.id === id).map(({ type }) => type)
const transfer = (transfer_type: string, transferer_call_id: string, ...users: string[]) =>
  mine.post('/v1.0/transfers', { transfer_type, transferer_call_id, transferee_addresses: users.map(sip) })

/** The line of the newest leg that calls this user, once it is dialled. */
function dialled(user: string, from = 0): Promise<FakeLine> {
  return eventually(`${user} is dialled`, () =>
    calls.lines
      .slice(from)
      .find(({ options, said }) => options.uri.startsWith(`sip:${user}@`) && said.includes('dial')),
  )
}

let made = 0

interface Talk {
  /** The caller, whose flow connects, and the callee: their lines and the ids of their calls. */
  alice: FakeLine
  bob: FakeLine
  a: string
  b: string
  /** The names that they have in this test, and one for somebody else. */
  users: { alice: string; bob: string; carol: string }
  /** Whether the caller's flow has heard that the conversation is over. */
  flowGoesOn(): boolean
}

/** Alice and Bob talk with each other: the flow on her call has connected him. */
async function talking(): Promise<Talk> {
  const nth = ++made
  const users = { alice: `alice${nth}`, bob: `bob${nth}`, carol: `carol${nth}` }
  const at = calls.lives.length
  calls.script = (live, input) => {
    if (input.type !== 'started') return
    const options = { early_media: false, relay_reason: false, anonymous: 'auto' as const }
    live.connect('f:1', { ...options, destinations: [sip(users.bob)] })
  }
  const source = { type: 'tel', target: '+14155550123' }
  const body = { destinations: [sip(users.alice)], source, actions: [{ type: 'answer' }] }
  const { body: placed } = await mine.post('/v1.0/calls', body)
  const alice = await dialled(users.alice)
  alice.answers()
  const bob = await dialled(users.bob)
  bob.answers()
  const life = calls.lives[at] ?? assert.fail('no flow runs')
  const a = placed.calls[0].id
  const b = await eventually('both legs are chained', async () => (await callOf(a)).chained_call_ids[0])
  assert.deepEqual([alice.said.at(-1), bob.said.at(-1)], [`bridge ${bob.id}`, `bridge ${alice.id}`])
  const flowGoesOn = () => life.inputs.some((input) => input.type === 'connect_ended' && input.outcome === 'talked')
  return { alice, bob, a, b, users, flowGoesOn }
}

const hear = (one: FakeLine, other: FakeLine) =>
  eventually(
    'they hear each other',
    () => one.said.at(-1) === `bridge ${other.id}` && other.said.at(-1) === `bridge ${one.id}`,
  )
const ends = (id: string, status: string) =>
  eventually(`the transfer is ${status}`, async () => {
    const body = await transferOf(id)
    return body.status === status ? body : undefined
  })
const over = (id: string) =>
  eventually('the call is over', async () => {
    const body = await callOf(id)
    return body.status === 'hangup' ? body : undefined
  })
const quiet = (talk: Talk, ...lines: (FakeLine | undefined)[]) => {
  for (const line of [talk.alice, talk.bob, ...lines]) line?.goes()
}

test('blind, by the callee: the caller hears ringing, then who answers; its flow goes on when that talk is over', async () => {
  const talk = await talking()
  const { alice, bob, a, b, users } = talk
  const { status, body } = await transfer('blind', b, users.carol)
  assert.equal(status, 200)
  assert.deepEqual(
    [body.type, body.status, body.transferer_call_id, body.transferee_addresses, body.transferee_call_id],
    ['blind', 'progressing', b, [sip(users.carol)], NIL_UUID],
  )
  assert.deepEqual([body.confbridge_id, body.tm_update, body.tm_delete], [NIL_UUID, null, null])
  assert.equal(bob.said.at(-1), 'hangup 16', 'who hands over is hung up')
  assert.equal(alice.said.at(-1), 'ringback')
  const carol = await dialled(users.carol)
  assert.match(carol.options.from, /^<sip:\+14155550123@/, 'she sees who calls')
  carol.rings()
  carol.answers()
  await hear(alice, carol)
  const done = await ends(body.id, 'completed')
  const leg = await callOf(done.transferee_call_id)
  assert.deepEqual([leg.master_call_id, leg.groupcall_id, leg.status], [a, body.groupcall_id, 'progressing'])
  const group = (await mine.get(`/v1.0/groupcalls/${body.groupcall_id}`)).body
  assert.deepEqual([group.answer_call_id, group.master_call_id], [leg.id, a])
  assert.deepEqual((await callOf(a)).chained_call_ids, [b, leg.id])
  const left = await over(b)
  assert.deepEqual([left.hangup_by, left.hangup_reason], ['local', 'normal'])
  assert.deepEqual(await eventsOf(body.id), ['transfer_created', 'transfer_completed'])
  assert.equal(talk.flowGoesOn(), false)
  carol.goes()
  await eventually("the caller's flow goes on", talk.flowGoesOn)
  assert.equal((await callOf(a)).status, 'progressing')
  quiet(talk)
})

test('blind, by the caller: the callee hears ringing, then who answers, and follows nobody any more; one ends with the other', async () => {
  const talk = await talking()
  const { alice, bob, a, b, users } = talk
  const { body } = await transfer('blind', a, users.carol)
  assert.equal(alice.said.at(-1), 'hangup 16')
  assert.equal(bob.said.at(-1), 'ringback')
  const carol = await dialled(users.carol)
  await over(a)
  assert.equal(bob.ended, false, 'the callee does not end with the one who called')
  carol.answers()
  await hear(bob, carol)
  const { transferee_call_id } = await ends(body.id, 'completed')
  const [caller, callee, leg] = [await callOf(a), await callOf(b), await callOf(transferee_call_id)]
  assert.deepEqual(
    [caller.chained_call_ids, callee.master_call_id, callee.chained_call_ids, leg.master_call_id],
    [[], NIL_UUID, [transferee_call_id], b],
  )
  carol.goes()
  assert.equal((await over(b)).hangup_by, 'local')
})

test('blind, and nobody answers: who handed over is called back, and they talk again', async () => {
  const talk = await talking()
  const { alice, a, b, users } = talk
  const { body } = await transfer('blind', b, users.carol)
  const carol = await dialled(users.carol)
  await over(b)
  const from = calls.lines.length
  carol.goes(17, 486)
  await ends(body.id, 'failed')
  const again = await dialled(users.bob, from)
  assert.equal(alice.said.at(-1), 'ringback')
  again.answers()
  await hear(alice, again)
  assert.equal((await transferOf(body.id)).transferee_call_id, NIL_UUID)
  assert.deepEqual(await eventsOf(body.id), ['transfer_created', 'transfer_failed'])
  assert.equal((await callOf(a)).status, 'progressing')
  again.goes()
  await eventually("the caller's flow goes on", talk.flowGoesOn)
  quiet(talk)
})

for (const by of ['caller', 'callee'] as const)
  test(`blind by the ${by}, refused before its own leg has ended: it is called back all the same`, async () => {
    const talk = await talking()
    const { alice, bob, a, b, users } = talk
    const [leaving, left, user] = by === 'caller' ? [alice, bob, users.alice] : [bob, alice, users.bob]
    leaving.ignoresBye = true
    const { body } = await transfer('blind', by === 'caller' ? a : b, users.carol)
    const from = calls.lines.length
    ;(await dialled(users.carol)).goes(17, 486)
    await ends(body.id, 'failed')
    const again = await dialled(user, from)
    assert.equal(left.said.at(-1), 'ringback')
    leaving.goes()
    again.answers()
    await hear(left, again)
    again.goes()
    if (by === 'caller') await over(b)
    else await eventually("the caller's flow goes on", talk.flowGoesOn)
    quiet(talk)
    await Promise.all([over(a), over(b)])
  })

test('blind by the caller, refused before its own leg has ended, and it does not come back: the callee ends', async () => {
  const talk = await talking()
  talk.alice.ignoresBye = true
  await transfer('blind', talk.a, talk.users.carol)
  const from = calls.lines.length
  ;(await dialled(talk.users.carol)).goes(17, 486)
  ;(await dialled(talk.users.alice, from)).goes(17, 486)
  assert.equal((await over(talk.b)).hangup_reason, 'normal')
  quiet(talk)
})

test('who was on hold, or heard music or silence, is not any more when it is handed over; what is muted stays so', async () => {
  const talk = await talking()
  const { alice, a, b, users } = talk
  for (const control of ['hold', 'moh', 'silence', 'mute']) {
    const { status } = await mine.post(
      `/v1.0/calls/${a}/${control}`,
      control === 'mute' ? { direction: 'in' } : undefined,
    )
    assert.equal(status, 200)
  }
  const before = alice.said.length
  await transfer('blind', b, users.carol)
  assert.deepEqual(alice.said.slice(before), ['unhold', 'moh off', 'silence off', 'ringback'])
  const carol = await dialled(users.carol)
  assert.equal((await mine.post(`/v1.0/calls/${a}/hold`)).status, 200)
  carol.answers()
  await hear(alice, carol)
  assert.deepEqual(alice.said.slice(before + 4), ['hold', 'unhold', `bridge ${carol.id}`])
  assert.equal((await callOf(a)).mute_direction, 'in')
  quiet(talk, carol)
})

test('attended, and nobody answers: who was put on hold meanwhile talks again', async () => {
  const talk = await talking()
  const { alice, bob, a, b, users } = talk
  await transfer('attended', b, users.carol)
  assert.equal((await mine.post(`/v1.0/calls/${a}/hold`)).status, 200)
  ;(await dialled(users.carol)).goes(17, 486)
  await hear(alice, bob)
  assert.deepEqual(alice.said.slice(-3), ['hold', 'unhold', `bridge ${bob.id}`])
  quiet(talk)
})

test('the account of a leg that handed over says that a transfer ended it, not its flow', async () => {
  for (const by of ['a', 'b'] as const) {
    const talk = await talking()
    await transfer('blind', talk[by], talk.users.carol)
    const carol = await dialled(talk.users.carol)
    carol.answers()
    await over(talk[by])
    assert.equal(await verdictOf(talk[by]), 'ended_by_transfer')
    quiet(talk, carol)
  }
})

test('blind, and nobody answers at all: the caller goes on with its flow, a callee ends', async () => {
  const first = await talking()
  await transfer('blind', first.b, first.users.carol)
  const carol = await dialled(first.users.carol)
  await over(first.b)
  const from = calls.lines.length
  carol.goes(17, 486)
  ;(await dialled(first.users.bob, from)).goes(19, 480)
  await eventually("the caller's flow goes on", first.flowGoesOn)
  assert.equal((await callOf(first.a)).status, 'progressing')
  quiet(first)
  const second = await talking()
  await transfer('blind', second.a, second.users.carol)
  await over(second.a)
  const later = calls.lines.length
  ;(await dialled(second.users.carol)).goes(17, 486)
  ;(await dialled(second.users.alice, later)).goes(17, 486)
  assert.equal((await over(second.b)).hangup_reason, 'normal')
})

test('attended: music for the other one while the two talk; hanging up hands over', async () => {
  const talk = await talking()
  const { alice, bob, a, b, users } = talk
  const { body } = await transfer('attended', b, users.carol)
  assert.deepEqual([alice.said.at(-1), bob.said.at(-1)], ['music', 'ringback'])
  const carol = await dialled(users.carol)
  carol.answers()
  await hear(bob, carol)
  assert.equal(alice.said.at(-1), 'music')
  assert.equal((await transferOf(body.id)).transferee_call_id, NIL_UUID, 'not handed over yet')
  bob.goes()
  await hear(alice, carol)
  const { transferee_call_id } = await ends(body.id, 'completed')
  assert.equal((await callOf(transferee_call_id)).master_call_id, a)
  assert.equal(talk.flowGoesOn(), false)
  alice.goes()
  await eventually('who took it ends with the caller', () => carol.said.at(-1) === 'hangup 16')
  await over(transferee_call_id)
  const { entries } = (await mine.get(`/v1.0/calls/${transferee_call_id}/explain`)).body
  const ended = entries.find(({ state }: Json) => state?.status === 'hangup').state
  assert.equal(ended.asked_by, 'master', 'also for who is called in a group')
})

test('attended, by the caller: its hanging up hands the callee over and ends neither of the two', async () => {
  const talk = await talking()
  const { alice, bob, a, b, users } = talk
  const { body } = await transfer('attended', a, users.carol)
  assert.deepEqual([bob.said.at(-1), alice.said.at(-1)], ['music', 'ringback'])
  const carol = await dialled(users.carol)
  carol.answers()
  await hear(alice, carol)
  alice.goes()
  await hear(bob, carol)
  const { transferee_call_id } = await ends(body.id, 'completed')
  assert.deepEqual([(await callOf(b)).master_call_id, (await callOf(transferee_call_id)).master_call_id], [NIL_UUID, b])
  bob.goes()
  await eventually('who took it ends with the callee', () => carol.said.at(-1) === 'hangup 16')
  assert.equal((await over(a)).hangup_by, 'remote')
})

for (const by of ['caller', 'callee'] as const) {
  for (const [what, leaves] of [
    ['is busy', (carol: FakeLine) => carol.goes(17, 486)],
    [
      'hangs up after the talk',
      (carol: FakeLine) => {
        carol.answers()
        carol.goes()
      },
    ],
  ] as const)
    test(`attended by the ${by}, and the third one ${what}: the old conversation goes on`, async () => {
      const talk = await talking()
      const { alice, bob, a, b, users } = talk
      const { body } = await transfer('attended', by === 'caller' ? a : b, users.carol)
      leaves(await dialled(users.carol))
      await hear(alice, bob)
      await ends(body.id, 'failed')
      assert.equal(talk.flowGoesOn(), false)
      bob.goes()
      await eventually("the caller's flow goes on", talk.flowGoesOn)
      quiet(talk)
    })

  test(`attended by the ${by}, who leaves before anybody answers: it is as if it had hung up on the other one`, async () => {
    const talk = await talking()
    const { alice, bob, a, b, users } = talk
    const { body } = await transfer('attended', by === 'caller' ? a : b, users.carol)
    const carol = await dialled(users.carol)
    ;(by === 'caller' ? alice : bob).goes()
    await eventually('nobody is called any more', () => carol.ended)
    await ends(body.id, 'failed')
    if (by === 'caller') await over(b)
    else await eventually("the caller's flow goes on", talk.flowGoesOn)
    quiet(talk)
  })

  for (const type of ['blind', 'attended'] as const)
    test(`${type} by the ${by}, and the other one leaves while it rings: nobody is called any more`, async () => {
      const talk = await talking()
      const { alice, bob, a, b, users } = talk
      const { body } = await transfer(type, by === 'caller' ? a : b, users.carol)
      const carol = await dialled(users.carol)
      if (type === 'blind') await over(by === 'caller' ? a : b)
      ;(by === 'caller' ? bob : alice).goes()
      await eventually('nobody is called any more', () => carol.ended)
      await ends(body.id, 'failed')
      if (by === 'callee') await over(b)
      else if (type === 'attended') await eventually("the caller's flow goes on", talk.flowGoesOn)
      quiet(talk)
      await Promise.all([over(a), over(b)])
    })

  test(`attended by the ${by}, and the other one leaves while the two talk: there is nobody left to hand over`, async () => {
    const talk = await talking()
    const { alice, bob, a, b, users } = talk
    const { body } = await transfer('attended', by === 'caller' ? a : b, users.carol)
    const carol = await dialled(users.carol)
    carol.answers()
    ;(by === 'caller' ? bob : alice).goes()
    await eventually('the third one ends', () => carol.ended)
    await ends(body.id, 'failed')
    if (by === 'caller') await eventually("the caller's flow goes on", talk.flowGoesOn)
    else await over(b)
    quiet(talk)
  })
}

test('who took a call hands it over again, and so on, until it was often enough', async () => {
  const talk = await talking()
  let transferer = talk.b
  let last: FakeLine | undefined
  for (let hop = 0; hop < 20; hop++) {
    const { status, body } = await transfer('blind', transferer, `hop${hop}`)
    assert.equal(status, 200)
    last = await dialled(`hop${hop}`)
    last.answers()
    await hear(talk.alice, last)
    transferer = (await ends(body.id, 'completed')).transferee_call_id
  }
  const before = calls.lines.length
  assertReason(await transfer('blind', transferer, 'once-more'), 409, 'CALL_STATE_INVALID', 'call-manager')
  assert.equal(calls.lines.length, before)
  await hear(talk.alice, last ?? assert.fail())
  assert.equal(talk.flowGoesOn(), false)
  quiet(talk, last)
})

test('several are called at once: the first who answers takes it', async () => {
  const talk = await talking()
  const { body } = await transfer('blind', talk.b, 'first', 'second')
  const [first, second] = [await dialled('first'), await dialled('second')]
  second.answers()
  await hear(talk.alice, second)
  assert.equal(first.said.at(-1), 'hangup 26')
  assert.equal((await ends(body.id, 'completed')).transferee_addresses.length, 2)
  quiet(talk, second)
})

test('a refusal leaves the conversation as it was', async () => {
  const talk = await talking()
  const { alice, bob, b } = talk
  const said = [alice.said.length, bob.said.length]
  const to = (address: object) =>
    mine.post('/v1.0/transfers', { transfer_type: 'blind', transferer_call_id: b, transferee_addresses: [address] })
  for (const [address, http, reason, domain] of [
    [{ type: 'sip', target: 'a@host.invalid' }, 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager'],
    [{ type: 'extension', target_name: '404' }, 404, 'EXTENSION_NOT_FOUND', 'registrar-manager'],
    [{ type: 'agent', target: systemIds.uuid() }, 404, 'AGENT_NOT_FOUND', 'agent-manager'],
    [{ type: 'tel', target: '+14155550100' }, 403, 'IDENTITY_VERIFICATION_REQUIRED', 'number-manager'],
    [{ type: 'email', target: 'a@b.c' }, 400, 'INVALID_ARGUMENT', 'api-manager'],
  ] as const)
    assertReason(await to(address), http, reason, domain)
  assert.deepEqual([alice.said.length, bob.said.length], said)
  quiet(talk)
})

test('a call that is in no conversation, is being transferred, has ended or is not there is refused, each with its reason', async () => {
  calls.script = () => {}
  const { body: placed } = await mine.post('/v1.0/calls', {
    destinations: [sip('alone')],
    actions: [{ type: 'answer' }],
  })
  const id = placed.calls[0].id
  const alone = await dialled('alone')
  alone.rings()
  assertReason(await transfer('blind', id, 'x'), 409, 'CALL_STATE_INVALID', 'call-manager')
  alone.answers()
  const answer = await transfer('attended', id, 'x')
  assertReason(answer, 409, 'CALL_STATE_INVALID', 'call-manager')
  assert.match(answer.body.error.message, /no conversation/)
  alone.goes()
  await over(id)
  assertReason(await transfer('blind', id, 'x'), 409, 'CALL_ALREADY_HANGUP', 'call-manager')
  assertReason(await transfer('blind', systemIds.uuid(), 'x'), 404, 'CALL_NOT_FOUND', 'call-manager')
  const talk = await talking()
  await transfer('attended', talk.b, talk.users.carol)
  const carol = await dialled(talk.users.carol)
  for (const [type, by] of [
    ['attended', talk.b],
    ['blind', talk.a],
  ] as const)
    assertReason(await transfer(type, by, 'x'), 409, 'CALL_STATE_INVALID', 'call-manager')
  carol.answers()
  await hear(talk.bob, carol)
  assertReason(await transfer('blind', talk.b, 'x'), 409, 'CALL_STATE_INVALID', 'call-manager')
  const other = api(await calls.otherCustomer())
  const foreign = { transfer_type: 'blind', transferer_call_id: talk.b, transferee_addresses: [sip('x')] }
  assertReason(await other.post('/v1.0/transfers', foreign), 404, 'CALL_NOT_FOUND', 'call-manager')
  quiet(talk, carol)
})

for (const [what, changed, reason] of [
  ['no type', { transfer_type: undefined }, 'INVALID_ARGUMENT'],
  ['a type that nobody knows', { transfer_type: 'warm' }, 'INVALID_ARGUMENT'],
  ['nobody to take it', { transferee_addresses: [] }, 'INVALID_ARGUMENT'],
  ['no list', { transferee_addresses: undefined }, 'INVALID_ARGUMENT'],
  ['more than can be called', { transferee_addresses: Array.from({ length: 21 }, () => sip('x')) }, 'INVALID_ARGUMENT'],
  ['a call id that is none', { transferer_call_id: '7' }, 'INVALID_ID'],
] as const)
  test(`a request with ${what} is ${reason}`, async () => {
    const body = { transfer_type: 'blind', transferer_call_id: systemIds.uuid(), transferee_addresses: [sip('x')] }
    assertReason(await mine.post('/v1.0/transfers', { ...body, ...changed }), 400, reason, 'api-manager')
  })

test("transfers are listed, newest first, and read; another customer's is TRANSFER_NOT_FOUND", async () => {
  const { body: page } = await mine.get('/v1.0/transfers?page_size=2')
  assert.equal(page.result.length, 2)
  const [one, two] = page.result
  assert.ok(one.tm_create >= two.tm_create)
  assert.ok(page.next_page_token)
  assert.deepEqual(await transferOf(one.id), one)
  const other = api(await calls.otherCustomer())
  assert.deepEqual((await other.get('/v1.0/transfers')).body.result, [])
  for (const answer of [
    await other.get(`/v1.0/transfers/${one.id}`),
    await mine.get(`/v1.0/transfers/${systemIds.uuid()}`),
  ])
    assertReason(answer, 404, 'TRANSFER_NOT_FOUND', 'call-manager')
})
