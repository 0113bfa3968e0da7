import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, type FakeLine, type Json, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const api = await calls.api()
const mine = api(calls.customer)
const actions = [{ type: 'answer' }]
const sip = (user: string) => ({ type: 'sip', target: `${user}@127.0.0.1:5999` })
const tel = { type: 'tel', target: '+14155550100' }
const post = (body: object, as = mine) => as.post('/v1.0/groupcalls', { actions, ...body })
const groupOf = async (id: string) => (await mine.get(`/v1.0/groupcalls/${id}`)).body
const callOf = async (id: string) => (await mine.get(`/v1.0/calls/${id}`)).body
const over = (id: string) =>
  eventually('the groupcall is over', async () => {
    const body = await groupOf(id)
    return body.status === 'hangup' ? body : undefined
  })
const eventsOf = async (id: string) =>
  (await calls.events(calls.customer, 'groupcall')).filter(({ data }) => data.id === id).map(({ type }) => type)

/** Makes a groupcall; gives it and a way to its lines by the user that they call. */
async function ringing(body: object): Promise<{ group: Json; line: (user: string) => Promise<FakeLine> }> {
  const before = calls.lines.length
  const answer = await post(body)
  assert.equal(answer.status, 200, answer.text)
  const line = (user: string) =>
    eventually(`${user} is dialled`, () =>
      calls.lines
        .slice(before)
        .find(({ options, said }) => options.uri.startsWith(`sip:${user}@`) && said.includes('dial')),
    )
  return { group: answer.body, line }
}

test('of five who ring at once the first answer is kept and runs the flow; the others hear that it was answered elsewhere', async () => {
  const users = ['g1', 'g2', 'g3', 'g4', 'g5']
  const flow_id = systemIds.uuid()
  const source = { type: 'tel', target: '+14155550123', target_name: 'Ann' }
  const at = calls.lives.length
  const { group, line } = await ringing({ destinations: users.map(sip), flow_id, source, variables: { who: 'Bob' } })
  assert.deepEqual(
    [group.status, group.ring_method, group.answer_method, group.flow_id, group.call_count, group.groupcall_count],
    ['progressing', 'ring_all', 'hangup_others', flow_id, 5, 0],
  )
  assert.deepEqual([group.master_call_id, group.answer_call_id, group.source], [NIL_UUID, NIL_UUID, source])
  assert.deepEqual(group.destinations, users.map(sip))
  assert.deepEqual(await groupOf(group.id), group, 'it is on record when the answer comes')
  const lines = await Promise.all(users.map(line))
  assert.deepEqual(calls.outgoing.at(-1)?.variables, { who: 'Bob' })
  for (const each of lines) each.rings()
  lines[2]?.answers()
  assert.equal(calls.lives.length, at + 1, 'one flow runs')
  assert.equal(calls.lives.at(-1)?.live.id, group.call_ids[2])
  const answered = await eventually('only the answered one lives', async () => {
    const body = await groupOf(group.id)
    return body.call_count === 1 ? body : undefined
  })
  assert.deepEqual([answered.status, answered.answer_call_id], ['progressing', group.call_ids[2]])
  for (const [index, each] of lines.entries()) if (index !== 2) assert.equal(each.said.at(-1), 'hangup 26')
  const other = await callOf(group.call_ids[0])
  assert.deepEqual(
    [other.status, other.hangup_by, other.hangup_reason, other.groupcall_id],
    ['hangup', 'local', 'cancel', group.id],
  )
  lines[2]?.goes()
  const ended = await over(group.id)
  assert.deepEqual([ended.call_count, ended.answer_call_id], [0, group.call_ids[2]])
  assert.deepEqual(await eventsOf(group.id), ['groupcall_created', 'groupcall_progressing', 'groupcall_hangup'])
})

test('one after the other: the next one rings when the one before has ended, in the order of the list', async () => {
  const { group, line } = await ringing({
    destinations: [sip('l1'), sip('l2'), sip('l3')],
    ring_method: 'linear',
    variables: { who: 'Bob' },
  })
  assert.deepEqual([group.ring_method, group.call_count, group.dial_index], ['linear', 1, 0])
  const first = await line('l1')
  first.rings()
  first.goes(17, 486)
  const second = await line('l2')
  const now = await eventually('the second one is on record', async () => {
    const body = await groupOf(group.id)
    return body.dial_index === 1 ? body : undefined
  })
  assert.deepEqual([now.call_ids.length, now.call_count], [2, 1])
  assert.deepEqual(calls.outgoing.at(-1)?.variables, { who: 'Bob' }, 'the variables reach every member')
  second.goes(19, 480)
  const third = await line('l3')
  third.answers()
  const answered = await eventually('it is answered', async () => {
    const body = await groupOf(group.id)
    return body.answer_call_id === NIL_UUID ? undefined : body
  })
  assert.deepEqual([answered.answer_call_id, answered.dial_index], [answered.call_ids[2], 2])
  third.goes()
  await over(group.id)
})

test('one after the other: nobody is rung after an answer, and a list that is exhausted ends the groupcall', async () => {
  const answered = await ringing({ destinations: [sip('x1'), sip('x2')], ring_method: 'linear' })
  const first = await answered.line('x1')
  first.answers()
  first.goes()
  assert.equal((await over(answered.group.id)).call_ids.length, 1, 'x2 was not called')
  const exhausted = await ringing({ destinations: [sip('x3'), sip('x4')], ring_method: 'linear' })
  for (const user of ['x3', 'x4']) (await exhausted.line(user)).goes(17, 486)
  const ended = await over(exhausted.group.id)
  assert.deepEqual([ended.call_ids.length, ended.call_count, ended.answer_call_id], [2, 0, NIL_UUID])
  assert.deepEqual(await eventsOf(ended.id), ['groupcall_created', 'groupcall_hangup'])
})

test('a nested group rings within: its answer is reported up, and everybody else ends, nested ones too', async () => {
  const agent = await calls.agent([sip('n1'), sip('n2')] as never)
  const { group, line } = await ringing({ destinations: [sip('n0'), { type: 'agent', target: agent }] })
  assert.deepEqual([group.call_count, group.groupcall_count, group.groupcall_ids.length], [1, 1, 1])
  const [n0, n1, n2] = await Promise.all(['n0', 'n1', 'n2'].map(line))
  const nested = await groupOf(group.groupcall_ids[0])
  assert.deepEqual(
    [nested.master_groupcall_id, nested.owner_type, nested.owner_id, nested.call_count],
    [group.id, 'agent', agent, 2],
  )
  n1?.answers()
  assert.deepEqual([n0?.said.at(-1), n2?.said.at(-1)], ['hangup 26', 'hangup 26'])
  const answered = await eventually('both groups know the answer', async () => {
    const [outer, inner] = [await groupOf(group.id), await groupOf(nested.id)]
    return inner.call_count === 1 && outer.call_count === 0 ? { outer, inner } : undefined
  })
  assert.equal(answered.outer.answer_groupcall_id, nested.id)
  assert.equal(answered.inner.answer_call_id, nested.call_ids[0])
  n1?.goes()
  await Promise.all([over(group.id), over(nested.id)])
})

test('a nested group ends with its master: the answer of another one reaches every phone of it', async () => {
  const agent = await calls.agent([sip('m1'), sip('m2')] as never)
  const { group, line } = await ringing({ destinations: [sip('m0'), { type: 'agent', target: agent }] })
  const [m0, m1, m2] = await Promise.all(['m0', 'm1', 'm2'].map(line))
  m0?.answers()
  await eventually('the nested phones are quiet', () => m1?.ended && m2?.ended)
  assert.equal((await over(group.groupcall_ids[0])).answer_call_id, NIL_UUID)
  m0?.goes()
  await over(group.id)
})

test('a single agent is the group itself, with its own ring method; so is a single extension', async () => {
  const agent = await calls.agent([sip('a1'), sip('a2')] as never, 'linear')
  const { group, line } = await ringing({ destinations: [{ type: 'agent', target: agent }] })
  assert.deepEqual(
    [group.owner_id, group.ring_method, group.call_count, group.groupcall_count],
    [agent, 'linear', 1, 0],
  )
  const first = await line('a1')
  assert.equal((await mine.post(`/v1.0/groupcalls/${group.id}/hangup`)).body.status, 'hangingup')
  assert.equal(first.said.at(-1), 'hangup 16')
  await over(group.id)
  const phones = [await calls.phone('3001', 'secret-3001'), await calls.phone('3001', 'secret-3001')]
  for (const phone of phones) await phone.register()
  const { body } = await post({ destinations: [{ type: 'extension', target_name: '3001' }], ring_method: 'linear' })
  assert.deepEqual([body.ring_method, body.call_count, body.groupcall_count], ['ring_all', 2, 0])
  await mine.post(`/v1.0/groupcalls/${body.id}/hangup`)
  await over(body.id)
})

test('a member that cannot be called counts as ended: the others are called', async () => {
  const destinations = [{ type: 'extension', target_name: '404' }, sip('s1')]
  const all = await ringing({ destinations })
  assert.deepEqual([all.group.call_count, all.group.groupcall_count], [1, 0])
  ;(await all.line('s1')).goes(17, 486)
  await over(all.group.id)
  const linear = await ringing({ destinations, ring_method: 'linear' })
  ;(await linear.line('s1')).goes(17, 486)
  await over(linear.group.id)
})

test('a hangup ends everybody of it, the answered call too, and is refused once it is over', async () => {
  const { group, line } = await ringing({ destinations: [sip('h1'), sip('h2')] })
  const [h1] = await Promise.all(['h1', 'h2'].map(line))
  h1?.answers()
  const ending = await mine.post(`/v1.0/groupcalls/${group.id}/hangup`)
  assert.deepEqual([ending.status, ending.body.status], [200, 'hangingup'])
  assert.equal(h1?.said.at(-1), 'hangup 16')
  await over(group.id)
  assertReason(await mine.post(`/v1.0/groupcalls/${group.id}/hangup`), 409, 'STATE_INVALID', 'api-manager')
  for (const id of group.call_ids) {
    const { verdict, entries } = (await mine.get(`/v1.0/calls/${id}/explain`)).body
    const ended = entries.find(({ state }: Json) => state?.status === 'hangup').state
    if (id === group.call_ids[0])
      assert.deepEqual([verdict.reason, ended.asked_by], ['ended_by_request', 'api'], 'its flow did not end it')
    else assert.equal(verdict.reason, 'answered_elsewhere')
  }
})

test('deleting a live groupcall ends its calls first, says so, and leaves nothing to read', async () => {
  const { group, line } = await ringing({ destinations: [sip('d1'), sip('d2')] })
  const lines = await Promise.all(['d1', 'd2'].map(line))
  const { status, body } = await mine.delete(`/v1.0/groupcalls/${group.id}`)
  assert.deepEqual([status, body.status, body.call_count], [200, 'hangup', 0])
  assert.ok(body.tm_delete)
  assert.ok(lines.every(({ ended }) => ended))
  assert.deepEqual(await eventsOf(group.id), ['groupcall_created', 'groupcall_hangup', 'groupcall_deleted'])
  for (const answer of [
    await mine.get(`/v1.0/groupcalls/${group.id}`),
    await mine.delete(`/v1.0/groupcalls/${group.id}`),
    await mine.post(`/v1.0/groupcalls/${group.id}/hangup`),
  ])
    assertReason(answer, 404, 'GROUPCALL_NOT_FOUND', 'call-manager')
})

test("a list has the customer's own, newest first, page by page; another customer sees none of it", async () => {
  const { group } = await ringing({ destinations: [sip('p1')] })
  const { group: newer } = await ringing({ destinations: [sip('p2')] })
  const { body: page } = await mine.get('/v1.0/groupcalls?page_size=1')
  assert.deepEqual(
    page.result.map(({ id }: Json) => id),
    [newer.id],
  )
  const { body: next } = await mine.get(`/v1.0/groupcalls?page_size=1&page_token=${page.next_page_token}`)
  assert.equal(next.result[0].id, group.id)
  const other = api(await calls.otherCustomer())
  assert.deepEqual((await other.get('/v1.0/groupcalls')).body, { result: [], next_page_token: '' })
  for (const answer of [
    await other.get(`/v1.0/groupcalls/${group.id}`),
    await other.post(`/v1.0/groupcalls/${group.id}/hangup`),
    await other.delete(`/v1.0/groupcalls/${group.id}`),
  ])
    assertReason(answer, 404, 'GROUPCALL_NOT_FOUND', 'call-manager')
  assert.equal((await groupOf(group.id)).status, 'progressing')
  for (const { id } of [group, newer]) await mine.post(`/v1.0/groupcalls/${id}/hangup`)
})

for (const [what, body, reason, http, domain] of [
  [
    'an unknown extension',
    { destinations: [{ type: 'extension', target_name: '404' }] },
    'EXTENSION_NOT_FOUND',
    404,
    'registrar-manager',
  ],
  [
    'an unknown agent',
    { destinations: [{ type: 'agent', target: systemIds.uuid() }] },
    'AGENT_NOT_FOUND',
    404,
    'agent-manager',
  ],
  [
    'a list that leads nowhere',
    { destinations: [{ type: 'sip', target: 'a@host.invalid' }] },
    'NO_ROUTE_TO_DESTINATION',
    409,
    'call-manager',
  ],
  [
    'a tel destination without identity',
    { destinations: [tel] },
    'IDENTITY_VERIFICATION_REQUIRED',
    403,
    'number-manager',
  ],
  ['an empty list', { destinations: [] }, 'INVALID_ARGUMENT', 400, 'api-manager'],
  ['no list', {}, 'INVALID_ARGUMENT', 400, 'api-manager'],
  [
    'one destination among others that cannot be called',
    { destinations: [sip('ok'), { type: 'email', target: 'a@b.c' }] },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  [
    'a ring method that nobody knows',
    { destinations: [sip('ok')], ring_method: 'random' },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  [
    'an answer method that nobody knows',
    { destinations: [sip('ok')], answer_method: 'keep_all' },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  [
    'neither flow nor actions',
    { destinations: [sip('ok')], actions: undefined },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  ['a flow id that is none', { destinations: [sip('ok')], flow_id: '7' }, 'INVALID_ID', 400, 'api-manager'],
  [
    'a word for anonymous that is none',
    { destinations: [sip('ok')], anonymous: 'maybe' },
    'INVALID_ANONYMOUS_VALUE',
    400,
    'flow-manager',
  ],
  [
    'too many variables',
    {
      destinations: [sip('ok')],
      variables: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`v${at}`, ''])),
    },
    'INVALID_VARIABLES',
    400,
    'api-manager',
  ],
] as const)
  test(`${what} is ${reason}, and nobody is called`, async () => {
    const before = calls.lines.length
    const answer = await post(body)
    assertReason(answer, http, reason, domain)
    assert.equal(calls.lines.length, before)
  })

test('the field of each malformed destination is named', async () => {
  const { body } = await post({ destinations: [sip('ok'), { type: 'email', target: 'a@b.c' }, { type: 'agent' }] })
  assert.deepEqual(
    body.error.details.map(({ pointer }: Json) => pointer),
    ['/destinations/1/type', '/destinations/2/target'],
  )
})

test('a flow that does not exist is FLOW_NOT_FOUND', async () => {
  calls.flowExists = false
  const answer = await post({ destinations: [sip('ok')], flow_id: systemIds.uuid() })
  calls.flowExists = true
  assertReason(answer, 404, 'FLOW_NOT_FOUND', 'flow-manager')
})

test('without balance a groupcall is INSUFFICIENT_BALANCE, and a country that is not allowed DESTINATION_NOT_ALLOWED', async () => {
  const verify = (status: string) =>
    calls.db.query('update customers set identity_verification_status = $1 where id = $2', [status, calls.customer])
  await verify('verified')
  assertReason(await post({ destinations: [tel] }), 403, 'DESTINATION_NOT_ALLOWED', 'call-manager')
  const poor = await calls.otherCustomer()
  await calls.db.query('update customers set identity_verification_status = $1 where id = $2', ['verified', poor])
  await calls.db.query('update billing_accounts set balance_token = 0, balance_credit = 0 where customer_id = $1', [
    poor,
  ])
  assertReason(await post({ destinations: [tel] }, api(poor)), 402, 'INSUFFICIENT_BALANCE', 'call-manager')
  await verify('none')
})

test('a stop cancels a groupcall that rings one after the other, and calls nobody for it any more', async () => {
  const { group, line } = await ringing({ destinations: [sip('z1'), sip('z2')], ring_method: 'linear' })
  await line('z1')
  await calls.engine.stop()
  const [row] = await eventually('its end is on disk', async () => {
    const rows = await calls.db.query<{ status: string; call_ids: string[] }>(
      'select status, call_ids from groupcalls where id = $1',
      [group.id],
    )
    return rows[0]?.status === 'hangup' ? rows : undefined
  })
  assert.equal(row?.call_ids.length, 1)
})
