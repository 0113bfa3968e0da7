import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertReason, TestAccounts, type TestCustomer } from '#testkit'

const accounts = await TestAccounts.start()

const read = async ({ admin }: TestCustomer, id: string) => (await admin.get(`/v1.0/agents/${id}`)).body
const lastEvent = async (customer: string, id: string) =>
  (await accounts.announced(customer)).filter(({ resource_id }) => resource_id === id).at(-1)
const newExtension = async ({ admin }: TestCustomer, extension: string): Promise<string> =>
  (await admin.post('/v1.0/extensions', { extension, password: 'secret-1', name: '', detail: '' })).body.id

test('a deleted extension is nobody’s address any more', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  const desk = await newExtension(customer, '1000')
  const kept = { type: 'tel', target: '+15550003331' }
  await customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses: [{ type: 'extension', target: desk }, kept] })
  assert.equal((await customer.admin.delete(`/v1.0/extensions/${desk}`)).status, 200)
  const agent = await read(customer, id)
  assert.deepEqual(agent.addresses, [kept])
  const event = await lastEvent(customer.id, id)
  assert.deepEqual([event?.type, event?.data], ['agent_updated', agent])
})

test('an extension that is deleted while it is given to an agent is either taken away again or refused', async () => {
  const customer = await accounts.customer()
  const { id } = await customer.agent(0)
  for (let round = 0; round < 5; round++) {
    const desk = await newExtension(customer, `10${round}`)
    const addresses = [{ type: 'extension', target: desk }]
    const [given, deleted] = await Promise.all([
      customer.admin.put(`/v1.0/agents/${id}/addresses`, { addresses }),
      customer.admin.delete(`/v1.0/extensions/${desk}`),
    ])
    assert.ok(given.status === 200 || given.status === 400, given.text)
    assert.equal(deleted.status, 200)
    assert.deepEqual((await read(customer, id)).addresses, [])
  }
})

test('an extension that is deleted while an agent with it is made is either taken away again or refused', async () => {
  const customer = await accounts.customer({ billing: { plan_type: 'unlimited' } })
  for (let round = 0; round < 5; round++) {
    const desk = await newExtension(customer, `20${round}`)
    const agent = {
      ...{ username: `desk${round}@example.com`, password: 'correct horse battery', name: '', detail: '' },
      ...{ ring_method: 'ringall', permission: 0, tag_ids: [], addresses: [{ type: 'extension', target: desk }] },
    }
    const [made, deleted] = await Promise.all([
      customer.admin.post('/v1.0/agents', agent),
      customer.admin.delete(`/v1.0/extensions/${desk}`),
    ])
    assert.equal(deleted.status, 200)
    if (made.status === 201) assert.deepEqual((await read(customer, made.body.id)).addresses, [])
    else assertReason(made, 400, 'INVALID_ARGUMENT')
  }
})

test('nothing was answered with a reason that its endpoint does not declare', () => {
  assert.deepEqual(accounts.server.undeclared, [])
})
