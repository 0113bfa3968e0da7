import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { assertReason, sameButRequestId, TestAccounts, type TestCustomer } from '#testkit'

const accounts = await TestAccounts.start()
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'
const FLOW = 'f1000000-0000-4000-8000-000000000001'
const OTHER_FLOW = 'f1000000-0000-4000-8000-000000000002'

let made = 0
const wanted = (change: object = {}) => ({
  number: `+89900100${String(++made).padStart(4, '0')}`,
  type: 'virtual',
  call_flow_id: NIL_UUID,
  message_flow_id: NIL_UUID,
  name: 'main',
  detail: '',
  ...change,
})

function ownsFlows({ id }: TestCustomer) {
  for (const flow of [FLOW, OTHER_FLOW]) accounts.flows.add(`${id} ${flow}`)
}

test('a virtual number is there at once, is announced, and routes calls to its owner', async () => {
  const customer = await accounts.customer()
  ownsFlows(customer)
  const body = wanted({ call_flow_id: FLOW })
  const { status, body: number } = await customer.admin.post('/v1.0/numbers', body)
  assert.equal(status, 200)
  assert.deepEqual(number, {
    ...body,
    id: number.id,
    customer_id: customer.id,
    status: 'active',
    t38_enabled: false,
    emergency_enabled: false,
    metadata: { rtp_debug: false },
    tm_purchase: null,
    tm_renew: null,
    tm_release: null,
    tm_create: number.tm_create,
    tm_update: null,
    tm_delete: null,
  })
  assert.deepEqual((await customer.admin.get(`/v1.0/numbers/${number.id}`)).body, number)
  assert.deepEqual((await customer.admin.get('/v1.0/numbers')).body, { result: [number], next_page_token: '' })
  assert.deepEqual(await accounts.numbers.findByNumber(body.number), number)
  const announced = (await accounts.announced(customer.id)).at(-1)
  assert.deepEqual([announced?.type, announced?.public, announced?.data], ['number_created', true, number])
})

test('a number of the wrong form, in the reserved range, or without its fields is refused', async () => {
  const { admin } = await accounts.customer()
  for (const number of ['', '+89900100000', '+8990010000000', '+899000123456', '+15551234567', '899001000000'])
    assertReason(await admin.post('/v1.0/numbers', wanted({ number })), 400, 'INVALID_ARGUMENT')
  for (const number of ['+899001000000', '+899000123456', '+123', '5551234567'])
    assertReason(await admin.post('/v1.0/numbers', wanted({ number, type: 'normal' })), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/numbers', wanted({ type: 'magic' })), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/numbers', { type: 'virtual' }), 400, 'INVALID_ARGUMENT')
  assertReason(await admin.post('/v1.0/numbers', wanted({ name: 1 })), 400, 'INVALID_JSON_BODY')
})

test('a number belongs to one customer only, and is free again once it is given back', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const body = wanted()
  const { id } = (await alice.admin.post('/v1.0/numbers', body)).body
  for (const who of [alice, bob])
    assertReason(await who.admin.post('/v1.0/numbers', body), 409, 'NUMBER_ALREADY_EXISTS', 'number-manager')
  const deleted = await alice.admin.delete(`/v1.0/numbers/${id}`)
  assert.equal(deleted.status, 200)
  assert.equal(deleted.body.status, 'deleted')
  assert.notEqual(deleted.body.tm_delete, null)
  assert.equal(await accounts.numbers.findByNumber(body.number), undefined)
  assertReason(await alice.admin.get(`/v1.0/numbers/${id}`), 404, 'NUMBER_NOT_FOUND', 'number-manager')
  assertReason(await alice.admin.delete(`/v1.0/numbers/${id}`), 404, 'NUMBER_NOT_FOUND', 'number-manager')
  assert.equal((await bob.admin.post('/v1.0/numbers', body)).status, 200)
  assert.deepEqual((await accounts.announced(alice.id)).at(-1)?.type, 'number_deleted')
})

test('of those who want the same number at once, one gets it', async () => {
  const customers = await Promise.all([1, 2, 3].map(() => accounts.customer()))
  const body = wanted()
  const answers = await Promise.all(customers.map(({ admin }) => admin.post('/v1.0/numbers', body)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
})

test('the plan ends the number of virtual numbers; giving one back makes room', async () => {
  const { admin } = await accounts.customer()
  const answers = await Promise.all(Array.from({ length: 7 }, () => admin.post('/v1.0/numbers', wanted())))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 429, 429])
  assertReason(await admin.post('/v1.0/numbers', wanted()), 429, 'RESOURCE_LIMIT_EXCEEDED', 'number-manager')
  const { id } = (await admin.get('/v1.0/numbers')).body.result[0]
  await admin.delete(`/v1.0/numbers/${id}`)
  assert.equal((await admin.post('/v1.0/numbers', wanted())).status, 200)
})

test('a telephone number needs a verified identity, then credit, then a provider', async () => {
  const normal = { ...wanted({ number: '+15551234567' }), type: undefined }
  const buy = async (billing: object, identity: 'none' | 'verified') => {
    const { admin } = await accounts.customer({ billing, identity_verification_status: identity })
    return admin.post('/v1.0/numbers', normal)
  }
  const rich = { balance_credit: 5_000_000 }
  assertReason(await buy(rich, 'none'), 403, 'IDENTITY_VERIFICATION_REQUIRED', 'number-manager')
  assertReason(await buy({ balance_credit: 4_999_999 }, 'verified'), 402, 'INSUFFICIENT_BALANCE', 'billing-manager')
  assertReason(await buy(rich, 'verified'), 503, 'NUMBER_PROVIDER_NOT_CONFIGURED', 'number-manager')
  const { id, admin } = await accounts.customer({ billing: rich, identity_verification_status: 'verified' })
  await accounts.sql(`update billing_accounts set status = 'frozen' where customer_id = $1`, [id])
  assertReason(await admin.post('/v1.0/numbers', normal), 402, 'ACCOUNT_SUSPENDED', 'billing-manager')
})

test('a flow must be one’s own: a foreign or missing one is not found, a text is no id', async () => {
  const customer = await accounts.customer()
  ownsFlows(customer)
  const foreign = 'f1000000-0000-4000-8000-000000000009'
  accounts.flows.add(`${MISSING} ${foreign}`)
  const { admin } = customer
  for (const field of ['call_flow_id', 'message_flow_id']) {
    const answers = [foreign, MISSING].map((flow) => admin.post('/v1.0/numbers', wanted({ [field]: flow })))
    const [first, second] = await Promise.all(answers)
    assert.ok(first && second)
    assertReason(first, 404, 'FLOW_NOT_FOUND', 'flow-manager')
    sameButRequestId(first, second)
    assertReason(await admin.post('/v1.0/numbers', wanted({ [field]: 'x' })), 400, 'INVALID_ID')
  }
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  assertReason(
    await admin.put(`/v1.0/numbers/${id}/flow_ids`, { call_flow_id: foreign }),
    404,
    'FLOW_NOT_FOUND',
    'flow-manager',
  )
  assertReason(await admin.put(`/v1.0/numbers/${id}/flow_ids`, { call_flow_id: 'x' }), 400, 'INVALID_ID')
})

test('flow ids are changed one at a time or together, and cleared by the nil UUID or nothing', async () => {
  const customer = await accounts.customer()
  ownsFlows(customer)
  const { admin, id: customer_id } = customer
  const { id } = (await admin.post('/v1.0/numbers', wanted())).body
  const put = async (body: object) => {
    const answer = await admin.put(`/v1.0/numbers/${id}/flow_ids`, body)
    assert.equal(answer.status, 200, answer.text)
    return [answer.body.call_flow_id, answer.body.message_flow_id]
  }
  assert.deepEqual(await put({ call_flow_id: FLOW.toUpperCase() }), [FLOW, NIL_UUID])
  assert.deepEqual(await put({ message_flow_id: OTHER_FLOW }), [FLOW, OTHER_FLOW])
  assert.deepEqual(await put({}), [FLOW, OTHER_FLOW])
  assert.deepEqual(await put({ call_flow_id: NIL_UUID, message_flow_id: '' }), [NIL_UUID, NIL_UUID])
  const announced = await accounts.announced(customer_id)
  assert.deepEqual(
    announced.slice(-4).map(({ type }) => type),
    ['number_updated', 'number_updated', 'number_updated', 'number_updated'],
  )
})

test('a deleted flow comes off the numbers of its customer, and each of them is announced', async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  ownsFlows(alice)
  ownsFlows(bob)
  const both = (await alice.admin.post('/v1.0/numbers', wanted({ call_flow_id: FLOW, message_flow_id: FLOW }))).body
  const one = (await alice.admin.post('/v1.0/numbers', wanted({ call_flow_id: OTHER_FLOW, message_flow_id: FLOW })))
    .body
  const none = (await alice.admin.post('/v1.0/numbers', wanted({ call_flow_id: OTHER_FLOW }))).body
  const foreign = (await bob.admin.post('/v1.0/numbers', wanted({ call_flow_id: FLOW }))).body
  await accounts.db.transaction((trx) => accounts.numbers.detachFlow(trx, alice.id, FLOW))
  const flowsOf = async ({ admin }: TestCustomer, id: string) => {
    const { body } = await admin.get(`/v1.0/numbers/${id}`)
    return [body.call_flow_id, body.message_flow_id]
  }
  assert.deepEqual(await flowsOf(alice, both.id), [NIL_UUID, NIL_UUID])
  assert.deepEqual(await flowsOf(alice, one.id), [OTHER_FLOW, NIL_UUID])
  assert.deepEqual((await alice.admin.get(`/v1.0/numbers/${none.id}`)).body, none)
  assert.deepEqual(await flowsOf(bob, foreign.id), [FLOW, NIL_UUID])
  const updated = (await accounts.announced(alice.id)).filter(({ type }) => type === 'number_updated')
  assert.deepEqual(updated.map(({ resource_id }) => resource_id).sort(), [both.id, one.id].sort())
})

test("another customer's number looks exactly like one that does not exist, to every method", async () => {
  const [alice, bob] = [await accounts.customer(), await accounts.customer()]
  const { body } = await bob.admin.post('/v1.0/numbers', wanted())
  const asks = [
    (id: string) => alice.admin.get(`/v1.0/numbers/${id}`),
    (id: string) => alice.admin.delete(`/v1.0/numbers/${id}`),
    (id: string) => alice.admin.put(`/v1.0/numbers/${id}/flow_ids`, { call_flow_id: MISSING }),
  ]
  for (const ask of asks) {
    const foreign = await ask(body.id)
    assertReason(foreign, 404, 'NUMBER_NOT_FOUND', 'number-manager')
    sameButRequestId(foreign, await ask(MISSING))
    assertReason(await ask('x'), 400, 'INVALID_ID')
    assertReason(await ask(NIL_UUID), 400, 'INVALID_ID')
  }
  assert.deepEqual((await bob.admin.get(`/v1.0/numbers/${body.id}`)).body, body)
})

test('admins and managers use numbers, agents are refused everywhere', async () => {
  const { agent } = await accounts.customer()
  const asks = async (permission: number) => {
    const { client } = await agent(permission)
    return [
      await client.get('/v1.0/numbers'),
      await client.post('/v1.0/numbers', wanted()),
      await client.get(`/v1.0/numbers/${MISSING}`),
      await client.delete(`/v1.0/numbers/${MISSING}`),
      await client.put(`/v1.0/numbers/${MISSING}/flow_ids`, {}),
      await client.put(`/v1.0/numbers/${MISSING}`, wanted()),
      await client.put(`/v1.0/numbers/${MISSING}/metadata`, {}),
      await client.get('/v1.0/available_numbers?type=virtual'),
    ]
  }
  for (const permission of [0, Permission.CustomerAgent])
    for (const answer of await asks(permission)) assertReason(answer, 403, 'PERMISSION_DENIED')
  const statuses = (await asks(Permission.CustomerManager)).map(({ status }) => status)
  assert.deepEqual(statuses, [200, 200, 404, 404, 404, 404, 404, 200])
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
