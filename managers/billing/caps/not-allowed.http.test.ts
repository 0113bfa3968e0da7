import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { apiClient, assertReason, type Json, Platform } from '#testkit'

const platform = await Platform.start({ SANDBOX_CARRIER: 'on' })
after(() => platform.stop())
const mine = apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey })
/** Numbers of the sandbox carrier: one that rings and never answers, one that answers and stays. */
const [RINGS, ANSWERS] = ['+999000000180', '+999000000200']
const actions = [{ type: 'sleep', option: { duration: 60_000 } }]

const placed = (destination: object) => ({ destinations: [destination], actions })
const tel = (target: string) => placed({ type: 'tel', target })

async function hangUp({ body, status, text }: { body: Json; status: number; text: string }): Promise<void> {
  assert.equal(status, 200, text)
  for (const { id } of body.calls) await mine.post(`/v1.0/calls/${id}/hangup`)
}

/** An access key beside the customer's own, which is limited so. */
async function keyThatMay(limits: object) {
  const { body } = await mine.post('/v1.0/accesskeys', { name: 'limited', detail: '' })
  const { status, text } = await mine.put(`/v1.0/accesskeys/${body.id}/spending_limits`, limits)
  assert.equal(status, 200, text)
  return apiClient(platform.http, { accesskey: body.token })
}

for (const [what, forbids, allows] of [
  ['countries', { countries: ['de'] }, { countries: ['sandbox'] }],
  ['prefixes', { prefixes: ['+9991'] }, { prefixes: ['+9990'] }],
] as const)
  test(`a key that may not call there by its ${what}: SPENDING_NOT_ALLOWED; who may, rings`, async () => {
    const refused = await (await keyThatMay(forbids)).post('/v1.0/calls', tel(RINGS))
    assertReason(refused, 403, 'SPENDING_NOT_ALLOWED', 'billing-manager')
    assert.deepEqual(refused.body.error.details, [{ limited_by: what }])
    await hangUp(await (await keyThatMay(allows)).post('/v1.0/calls', tel(RINGS)))
    await hangUp(await mine.post('/v1.0/calls', tel(RINGS)))
  })

test('an agent is not followed to a telephone number before that is allowed: SPENDING_NOT_ALLOWED', async () => {
  const agent = await mine.post('/v1.0/agents', {
    ...{ username: 'abroad@example.com', password: 'correct horse battery', name: 'abroad', detail: '' },
    ...{ ring_method: 'ringall', permission: 0, tag_ids: [], addresses: [{ type: 'tel', target: ANSWERS }] },
  })
  assert.equal(agent.status, 201, agent.text)
  const call = () => mine.post('/v1.0/calls', placed({ type: 'agent', target: agent.body.id }))
  const refused = await call()
  assertReason(refused, 403, 'SPENDING_NOT_ALLOWED', 'billing-manager')
  assert.deepEqual(refused.body.error.details, [{ limited_by: 'paid_forwarding' }])
  assert.equal((await mine.put('/v1.0/spending_limits', { paid_forwarding: true })).status, 200)
  const { status, body, text } = await call()
  assert.equal(status, 200, text)
  for (const { id } of body.groupcalls) await mine.post(`/v1.0/groupcalls/${id}/hangup`)
})
