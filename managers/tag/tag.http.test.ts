import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { assertReason, sameButRequestId, TEST_PASSWORD, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()
const MISSING = '7b1f6f0e-1111-4222-8333-944455556666'

test('a tag is made, read, renamed as a whole and listed, newest first', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const made = await admin.post('/v1.0/tags', { name: 'sales', detail: 'who sells' })
  assert.equal(made.status, 200)
  const { tm_create, id, ...rest } = made.body
  assert.deepEqual(rest, { customer_id, name: 'sales', detail: 'who sells', tm_update: null, tm_delete: null })
  assert.deepEqual((await admin.get(`/v1.0/tags/${id.toUpperCase()}`)).body, made.body)
  accounts.clock.advance(1_000)
  const renamed = await admin.put(`/v1.0/tags/${id}`, { name: 'support', detail: '' })
  assert.deepEqual({ ...renamed.body, tm_update: null }, { ...made.body, name: 'support', detail: '' })
  assert.ok(renamed.body.tm_update > tm_create)
  const second = (await admin.post('/v1.0/tags', { name: 'support', detail: '' })).body
  const { result, next_page_token } = (await admin.get('/v1.0/tags')).body
  assert.deepEqual(result, [second, renamed.body])
  assert.equal(next_page_token, '')
  const announced = (await accounts.announced(customer_id)).filter(({ type }) => type.startsWith('tag_'))
  assert.deepEqual(
    announced.map((event) => [event.type, event.public, event.resource_id]),
    [
      ['tag_created', false, id],
      ['tag_updated', false, id],
      ['tag_created', false, second.id],
    ],
  )
})

test('name and detail are needed, and each fault is named', async () => {
  const { admin } = await accounts.customer()
  const { id } = (await admin.post('/v1.0/tags', { name: 'x', detail: '' })).body
  for (const answer of [await admin.post('/v1.0/tags', {}), await admin.put(`/v1.0/tags/${id}`, {})]) {
    assertReason(answer, 400, 'INVALID_ARGUMENT')
    assert.deepEqual(answer.body.error.details.map(({ pointer }: { pointer: string }) => pointer).sort(), [
      '/detail',
      '/name',
    ])
  }
  assertReason(await admin.post('/v1.0/tags', { name: 1, detail: '' }), 400, 'INVALID_JSON_BODY')
})

test('a deleted tag is gone, and the agents who had it lose it and only it', async () => {
  const { id: customer_id, admin } = await accounts.customer()
  const tag = async (name: string) => (await admin.post('/v1.0/tags', { name, detail: '' })).body.id
  const [gone, kept] = [await tag('gone'), await tag('kept')]
  const agent = async (username: string, tag_ids: string[]) =>
    (
      await admin.post('/v1.0/agents', {
        username,
        password: TEST_PASSWORD,
        name: username,
        detail: '',
        ring_method: 'ringall',
        permission: Permission.CustomerAgent,
        tag_ids,
        addresses: [{ type: 'sip', target: username }],
      })
    ).body.id
  const both = await agent('both@tags.example.com', [gone, kept])
  const other = await agent('other@tags.example.com', [kept])
  const deleted = await admin.delete(`/v1.0/tags/${gone}`)
  assert.equal(deleted.status, 200)
  assert.equal(deleted.body.id, gone)
  assert.notEqual(deleted.body.tm_delete, null)
  assert.deepEqual((await admin.get(`/v1.0/agents/${both}`)).body.tag_ids, [kept])
  assert.deepEqual((await admin.get(`/v1.0/agents/${other}`)).body.tag_ids, [kept])
  const last = (await accounts.announced(customer_id)).slice(-2)
  assert.deepEqual(
    last.map(({ type, resource_id }) => [type, resource_id]),
    [
      ['tag_deleted', gone],
      ['agent_updated', both],
    ],
  )
  for (const answer of [
    await admin.get(`/v1.0/tags/${gone}`),
    await admin.put(`/v1.0/tags/${gone}`, { name: 'back', detail: '' }),
    await admin.delete(`/v1.0/tags/${gone}`),
  ])
    assertReason(answer, 404, 'TAG_NOT_FOUND', 'tag-manager')
  assert.deepEqual(
    (await admin.get('/v1.0/tags')).body.result.map((each: { id: string }) => each.id),
    [kept],
  )
})

test("another customer's tag is answered like one that does not exist", async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  const { id } = (await theirs.admin.post('/v1.0/tags', { name: 'theirs', detail: '' })).body
  const [foreign, unknown] = [await mine.admin.get(`/v1.0/tags/${id}`), await mine.admin.get(`/v1.0/tags/${MISSING}`)]
  assertReason(foreign, 404, 'TAG_NOT_FOUND', 'tag-manager')
  sameButRequestId(foreign, unknown)
  assertReason(await mine.admin.delete(`/v1.0/tags/${id}`), 404, 'TAG_NOT_FOUND', 'tag-manager')
  assert.equal((await theirs.admin.get(`/v1.0/tags/${id}`)).body.name, 'theirs')
})

test('every agent reads the tags, whatever the permission; only an agent does', async () => {
  const customer = await accounts.customer()
  const { body: tag } = await customer.admin.post('/v1.0/tags', { name: 'x', detail: '' })
  const { client } = await customer.agent(0)
  assert.deepEqual((await client.get('/v1.0/service_agents/tags')).body, { result: [tag], next_page_token: '' })
  assert.deepEqual((await client.get(`/v1.0/service_agents/tags/${tag.id}`)).body, tag)
  assertReason(await client.get(`/v1.0/service_agents/tags/${MISSING}`), 404, 'TAG_NOT_FOUND', 'tag-manager')
  assertReason(await client.get('/v1.0/tags'), 403, 'PERMISSION_DENIED')
  for (const path of ['tags', `tags/${tag.id}`])
    assertReason(await customer.admin.get(`/v1.0/service_agents/${path}`), 403, 'DIRECT_ACCESS_NOT_SUPPORTED')
})
