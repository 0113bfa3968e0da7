import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { assertReason, eventually, TestCalls } from '#testkit'

const calls = await TestCalls.start()
const api = await calls.api()
const mine = api(calls.customer)
const actions = [{ type: 'answer' }]
const sip = (user: string) => ({ type: 'sip', target: `${user}@127.0.0.1:5999` })
const tel = { type: 'tel', target: '+1 (415) 555-0100' }
const post = (body: object, as = mine) => as.post('/v1.0/calls', { actions, ...body })
const verify = (status: string) =>
  calls.db.query('update customers set identity_verification_status = $1 where id = $2', [status, calls.customer])
const lastLine = () => calls.lines.at(-1) ?? assert.fail('nobody was called')
const callOf = async (id: string) => (await mine.get(`/v1.0/calls/${id}`)).body

test('a SIP destination becomes a call: dialing, readable at once, dialled, and followed by its flow when answered', async () => {
  const flow_id = systemIds.uuid()
  const at = calls.lives.length
  const source = { type: 'tel', target: '+14155550100', target_name: 'Ann' }
  const answer = await post({ destinations: [sip('bob')], source, flow_id, variables: { who: 'Bob' } })
  assert.equal(answer.status, 200)
  const { calls: made, groupcalls, details } = answer.body
  assert.deepEqual([groupcalls, details], [[], []])
  const [call] = made
  assert.deepEqual([call.status, call.direction, call.flow_id], ['dialing', 'outgoing', flow_id])
  assert.deepEqual(call.destination, { type: 'sip', target: 'bob@127.0.0.1:5999' })
  assert.equal((await callOf(call.id)).direction, 'outgoing')
  const outgoing = calls.outgoing.at(-1)
  assert.deepEqual([outgoing?.call.id, outgoing?.flow, outgoing?.variables], [call.id, { flow_id }, { who: 'Bob' }])
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  assert.match(line.options.from, /^"Ann" <sip:\+14155550100@[0-9a-f-]+\.registrar\.strowger\.test>$/)
  line.rings()
  assert.equal(calls.lives.length, at, 'the flow waits for the answer')
  line.answers()
  assert.equal(calls.lives.length, at + 1)
  await eventually('it is progressing', async () => (await callOf(call.id)).status === 'progressing')
  line.goes()
  const over = await eventually('it is over', async () => {
    const body = await callOf(call.id)
    return body.status === 'hangup' ? body : undefined
  })
  assert.deepEqual([over.hangup_by, over.hangup_reason], ['remote', 'normal'])
  const events = (await calls.events()).filter(({ data }) => data.id === call.id).map(({ type }) => type)
  assert.deepEqual(events, ['call_created', 'call_ringing', 'call_progressing', 'call_hangup'])
})

test('a call that is not answered ends its flow without a step', async () => {
  const at = calls.lives.length
  const { body } = await post({ destinations: [sip('bob')] })
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  line.goes(17, 486)
  await eventually('the flow is cancelled', () => calls.cancelled.includes(body.calls[0].id))
  assert.equal(calls.lives.length, at)
})

test('a hangup over the API cancels a call that rings', async () => {
  const { body } = await post({ destinations: [sip('bob')] })
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  line.rings()
  const { body: ending } = await mine.post(`/v1.0/calls/${body.calls[0].id}/hangup`)
  assert.equal(ending.status, 'canceling')
  assert.equal(line.said.at(-1), 'hangup 16')
  const over = await eventually('it is over', async () => {
    const call = await callOf(body.calls[0].id)
    return call.status === 'hangup' ? call : undefined
  })
  assert.deepEqual([over.hangup_by, over.hangup_reason], ['local', 'cancel'])
})

test('an extension becomes a groupcall: the phone that answers first runs the flow, the others end', async () => {
  const phones = [await calls.phone('3001', 'secret-3001'), await calls.phone('3001', 'secret-3001')]
  for (const phone of phones) await phone.register()
  const before = calls.lines.length
  const at = calls.lives.length
  const { status, body } = await post({ destinations: [{ type: 'extension', target_name: '3001' }] })
  assert.equal(status, 200)
  assert.deepEqual(body.calls, [])
  const [group] = body.groupcalls
  assert.equal(group.status, 'progressing')
  assert.equal(group.ring_method, 'ring_all')
  assert.deepEqual([group.call_ids.length, group.call_count, group.groupcall_count], [2, 2, 0])
  const [one, two] = calls.lines.slice(before)
  await eventually('both are dialled', () => one?.said.includes('dial') && two?.said.includes('dial'))
  two?.answers()
  one?.answers()
  assert.equal(calls.lives.length, at + 1, 'one flow runs')
  await eventually('the other one ends', () => one?.ended)
  const live = calls.lives.at(-1)?.live
  assert.equal(live?.snapshot().groupcall_id, group.id)
  const member = await callOf(group.call_ids[0])
  assert.equal(member.groupcall_id, group.id)
  assert.equal(member.destination.type, 'sip')
  two?.goes()
})

test('an extension is found by its id and by its number too', async () => {
  const phone = await calls.phone('3002', 'secret-3002')
  await phone.register()
  const id = await calls.extension('3002')
  for (const target of [id, '3002']) {
    const { body } = await post({ destinations: [{ type: 'extension', target }] })
    assert.deepEqual(body.groupcalls[0].destinations, [{ type: 'extension', target: id, target_name: '3002' }])
    lastLine().goes()
  }
})

test('a destination that cannot be called is skipped and says why; the others are called', async () => {
  const { status, body } = await post({
    destinations: [{ type: 'extension', target_name: '404' }, sip('bob'), { type: 'email', target: 'a@b.c' }],
  })
  assert.equal(status, 200)
  assert.equal(body.calls.length, 1)
  assert.deepEqual(body.details, [
    {
      field: 'destinations[0]',
      pointer: '/destinations/0',
      domain: 'registrar-manager',
      reason: 'EXTENSION_NOT_FOUND',
      issue: 'There is no such extension.',
    },
    {
      field: 'destinations[2]',
      pointer: '/destinations/2',
      domain: 'api-manager',
      reason: 'INVALID_ARGUMENT',
      issue: body.details[1].issue,
    },
  ])
  lastLine().goes()
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
    'an address that leads nowhere',
    { destinations: [{ type: 'sip', target: 'a@host.invalid' }] },
    'NO_ROUTE_TO_DESTINATION',
    409,
    'call-manager',
  ],
  ['an empty list', { destinations: [] }, 'INVALID_ARGUMENT', 400, 'api-manager'],
  ['no list', {}, 'INVALID_ARGUMENT', 400, 'api-manager'],
  [
    'a type that nobody knows',
    { destinations: [{ type: 'pigeon', target: 'x' }] },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  [
    'neither flow nor actions',
    { destinations: [sip('bob')], actions: undefined },
    'INVALID_ARGUMENT',
    400,
    'api-manager',
  ],
  ['an empty list of actions', { destinations: [sip('bob')], actions: [] }, 'INVALID_ARGUMENT', 400, 'api-manager'],
  ['a flow id that is none', { destinations: [sip('bob')], flow_id: '7' }, 'INVALID_ID', 400, 'api-manager'],
  [
    'a word for anonymous that is none',
    { destinations: [sip('bob')], anonymous: 'maybe' },
    'INVALID_ANONYMOUS_VALUE',
    400,
    'flow-manager',
  ],
  [
    'too many variables',
    {
      destinations: [sip('bob')],
      variables: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`v${at}`, ''])),
    },
    'INVALID_VARIABLES',
    400,
    'api-manager',
  ],
  ['a body that is a list', [], 'INVALID_JSON_BODY', 400, 'api-manager'],
] as const)
  test(`${what} is ${reason}`, async () => {
    const before = calls.lines.length
    assertReason(await (Array.isArray(body) ? mine.post('/v1.0/calls', body) : post(body)), http, reason, domain)
    assert.equal(calls.lines.length, before, 'nobody was called')
  })

test('each member that is wrong is named: destinations by their position', async () => {
  for (const [destination, field] of [
    [{ type: 'sip', target: 'nobody' }, 'destinations[0].target'],
    [{ type: 'sip', target: 'a@b\r\nX: y' }, 'destinations[0].target'],
    [{ type: 'tel', target: '12' }, 'destinations[0].target'],
    [{ type: 'agent', target: 'ann' }, 'destinations[0].target'],
    [{ type: 'extension' }, 'destinations[0].target_name'],
    [{ type: 'conference', target: systemIds.uuid() }, 'destinations[0].type'],
    [{}, 'destinations[0].type'],
  ] as const) {
    await verify('verified')
    const answer = await post({ destinations: [destination] })
    assertReason(answer, 400, 'INVALID_ARGUMENT', 'api-manager')
    assert.equal(answer.body.error.details[0].field, field)
  }
  const answer = await post({
    destinations: [
      { type: 'sip', target: 'nobody' },
      { type: 'email', target: 'a@b.c' },
    ],
  })
  assert.deepEqual(
    answer.body.error.details.map(({ field }: { field: string }) => field),
    ['destinations[0].target', 'destinations[1].type'],
    'all of them at once',
  )
  await verify('none')
})

test('a flow that does not exist is FLOW_NOT_FOUND', async () => {
  calls.flowExists = false
  assertReason(
    await post({ destinations: [sip('bob')], flow_id: systemIds.uuid() }),
    404,
    'FLOW_NOT_FOUND',
    'flow-manager',
  )
  calls.flowExists = true
})

test('an extension without a phone is NO_ROUTE_TO_DESTINATION', async () => {
  await calls.phone('3003', 'secret-3003')
  const answer = await post({ destinations: [{ type: 'extension', target_name: '3003' }] })
  assertReason(answer, 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager')
})

test('an agent whom nothing reaches is NO_ROUTE_TO_DESTINATION', async () => {
  for (const addresses of [[], [{ type: 'extension' as const, target: await calls.extension('3003') }]]) {
    const target = await calls.agent(addresses)
    const answer = await post({ destinations: [{ type: 'agent', target }] })
    assertReason(answer, 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager')
  }
})

test('a telephone number passes identity, balance and country, in that order, and then finds no route', async () => {
  const destinations = [tel]
  assertReason(await post({ destinations }), 403, 'IDENTITY_VERIFICATION_REQUIRED', 'number-manager')
  await verify('verified')
  await calls.db.query('update billing_accounts set balance_token = 0, balance_credit = 0 where customer_id = $1', [
    calls.customer,
  ])
  assertReason(await post({ destinations }), 402, 'INSUFFICIENT_BALANCE', 'call-manager')
  await calls.db.query('update billing_accounts set balance_credit = 1000000 where customer_id = $1', [calls.customer])
  const refused = await post({ destinations })
  assertReason(refused, 403, 'DESTINATION_NOT_ALLOWED', 'call-manager')
  assert.deepEqual(refused.body.error.details, [{ country: 'us' }])
  await calls.allowCountries('us')
  assertReason(await post({ destinations }), 409, 'NO_ROUTE_TO_DESTINATION', 'call-manager')
  const canada = await post({ destinations: [{ type: 'tel', target: '+14165550100' }] })
  assert.deepEqual(canada.body.error.details, [{ country: 'ca' }])
})

test('a frozen account calls nobody, not even for free: ACCOUNT_SUSPENDED; a frozen customer is PERMISSION_DENIED', async () => {
  const set = (table: string, column: string, status: string) =>
    calls.db.query(`update ${table} set status = $1 where ${column} = $2`, [status, calls.customer])
  await set('billing_accounts', 'customer_id', 'frozen')
  assertReason(await post({ destinations: [sip('bob')] }), 402, 'ACCOUNT_SUSPENDED', 'billing-manager')
  await set('billing_accounts', 'customer_id', 'active')
  await set('customers', 'id', 'frozen')
  assertReason(await post({ destinations: [sip('bob')] }), 403, 'PERMISSION_DENIED', 'api-manager')
  await set('customers', 'id', 'active')
})

test("another customer's extension and agent look exactly like none", async () => {
  const other = api(await calls.otherCustomer())
  const agent = await calls.agent([])
  const extension = await calls.extension('3001')
  assertReason(
    await post({ destinations: [{ type: 'extension', target: extension }] }, other),
    404,
    'EXTENSION_NOT_FOUND',
    'registrar-manager',
  )
  assertReason(
    await post({ destinations: [{ type: 'agent', target: agent }] }, other),
    404,
    'AGENT_NOT_FOUND',
    'agent-manager',
  )
})

test('a request that is repeated under its key calls nobody again, also in a later life', async () => {
  const request = {
    customer_id: calls.customer,
    destinations: [{ type: 'sip' as const, target: 'bob@127.0.0.1:5999' }],
    flow: { actions },
    anonymous: 'auto' as const,
    variables: {},
  }
  const first = await calls.engine.place(request, 'activeflow:1')
  const again = await calls.engine.place(request, 'activeflow:1')
  assert.deepEqual(again, first)
  const later = await TestCalls.start({ over: calls })
  const { calls: found } = await later.engine.place(request, 'activeflow:1')
  assert.deepEqual(
    found.map(({ id }) => id),
    first.calls.map(({ id }) => id),
  )
  assert.equal(later.lines.length, 0)
  lastLine().goes()
})

test('calls that are chained to another one end with it, and are refused when it is ending', async () => {
  await post({ destinations: [sip('master')] })
  const master = lastLine()
  await eventually('it is dialled', () => master.said.includes('dial'))
  master.answers()
  const { id } = calls.lives.at(-1)?.live ?? assert.fail()
  const request = {
    customer_id: calls.customer,
    destinations: [{ type: 'sip' as const, target: 'follower@127.0.0.1:5999' }],
    flow: { actions },
    anonymous: 'auto' as const,
    variables: {},
    master_call_id: id,
  }
  const { calls: made } = await calls.engine.place(request, systemIds.uuid())
  assert.equal(made[0]?.master_call_id, id)
  const follower = lastLine()
  await eventually('the master knows it', async () => (await callOf(id)).chained_call_ids.includes(made[0]?.id))
  master.goes()
  await eventually('the follower ends', () => follower.said.includes('hangup 16'))
  await eventually('the master is gone', () => calls.engine.live(id) === undefined)
  await assert.rejects(calls.engine.place(request, systemIds.uuid()), { name: 'CALL_NOT_FOUND' })
})

test('with early execution the flow runs while it rings', async () => {
  const at = calls.lives.length
  const request = {
    customer_id: calls.customer,
    destinations: [{ type: 'sip' as const, target: 'bob@127.0.0.1:5999' }],
    flow: { actions },
    anonymous: 'auto' as const,
    variables: {},
    early_execution: true,
  }
  await calls.engine.place(request, systemIds.uuid())
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  line.rings()
  assert.equal(calls.lives.length, at + 1)
  line.answers()
  assert.equal(calls.lives.length, at + 1, 'once')
  line.goes()
})

test('whom nobody vouches for dials no paid destination', async () => {
  const request = {
    customer_id: calls.customer,
    destinations: [{ type: 'tel' as const, target: '+14155550100' }],
    flow: { flow_id: NIL_UUID },
    anonymous: 'auto' as const,
    variables: {},
    free_only: true,
  }
  await assert.rejects(calls.engine.place(request, systemIds.uuid()), { name: 'DESTINATION_NOT_ALLOWED' })
})

test('while the role drains it takes no requests for calls: SERVICE_UNAVAILABLE', async () => {
  const draining = await TestCalls.start()
  draining.engine.drain()
  const answer = await post({ destinations: [sip('bob')] }, (await draining.api())(draining.customer))
  assertReason(answer, 503, 'SERVICE_UNAVAILABLE', 'api-manager')
})

test('a stop cancels what rings and leaves nothing open', async () => {
  const stopping = await TestCalls.start()
  const client = (await stopping.api())(stopping.customer)
  await post({ destinations: [sip('bob'), sip('carol')] }, client)
  await eventually('both are dialled', () => stopping.lines.every(({ said }) => said.includes('dial')))
  await stopping.engine.stop()
  assert.deepEqual(await stopping.db.query(`select 1 from calls where status <> 'hangup'`), [])
  assertReason(await post({ destinations: [sip('bob')] }, client), 503, 'SERVICE_UNAVAILABLE', 'api-manager')
})

test('a callee who does not answer within the dial timeout of the request is given up as dialout', async () => {
  const { body } = await post({ destinations: [sip('bob')], dial_timeout: 1 })
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  line.rings()
  const over = await eventually('it is over', async () => {
    const call = await callOf(body.calls[0].id)
    return call.status === 'hangup' ? call : undefined
  })
  assert.deepEqual([over.hangup_by, over.hangup_reason], ['remote', 'dialout'])
  assert.ok(Date.parse(over.tm_hangup) - Date.parse(over.tm_create) >= 1_000)
})

test('a call that lasts as long as the request allows ends as timeout', async () => {
  const { body } = await post({ destinations: [sip('bob')], max_duration: 1 })
  const line = lastLine()
  await eventually('it is dialled', () => line.said.includes('dial'))
  line.answers()
  const over = await eventually('it is over', async () => {
    const call = await callOf(body.calls[0].id)
    return call.status === 'hangup' ? call : undefined
  })
  assert.equal(over.hangup_reason, 'timeout')
})

test('limits beyond what is sensible are refused with their field', async () => {
  for (const [limit, values] of Object.entries({ dial_timeout: [0, 181], max_duration: [0, 14_401, -1] }))
    for (const value of values) {
      const answer = await post({ destinations: [sip('bob')], [limit]: value })
      assertReason(answer, 400, 'INVALID_ARGUMENT', 'api-manager')
      assert.equal(answer.body.error.details[0].field, limit)
    }
  assertReason(await post({ destinations: [sip('bob')], dial_timeout: '9' }), 400, 'INVALID_JSON_BODY', 'api-manager')
})
