import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Permission } from '#platform/http'
import { ApiError, createClient, isReason, isStalePageToken, type Repeat } from '#sdk'
import { BadLine, Platform, TEST_PASSWORD, TestAccounts } from '#testkit'

/** A program that knows the catalogue, and nothing else of the platform, gets over what goes wrong. */

const accounts = await TestAccounts.start()
const DAY_MS = 86_400_000

/** A client with the reasons that it got over. */
function clientOf(options: Omit<Parameters<typeof createClient>[0], 'baseUrl'>, baseUrl = accounts.url) {
  const healed: string[] = []
  const onRepeat = ({ error }: Repeat) => healed.push(error instanceof ApiError ? error.reason : error.name)
  return { client: createClient({ baseUrl, onRepeat, backoff: { firstMs: 1, mostMs: 5 }, ...options }), healed }
}

async function boss() {
  const customer = await accounts.customer()
  const agent = await customer.agent(Permission.CustomerAdmin)
  const { username } = (await agent.client.get('/v1.0/me')).body
  return { customer, credentials: { username, password: TEST_PASSWORD } }
}

test('expired token: it logs in again, once for all requests, and none of them fails', async () => {
  const { credentials } = await boss()
  const { client, healed } = clientOf(credentials)
  await client.tags.create({ name: 'before', detail: '' })
  accounts.clock.advance(8 * DAY_MS)
  const made = await Promise.all(['a', 'b', 'c'].map((name) => client.tags.create({ name, detail: '' })))
  assert.deepEqual(
    made.map(({ name }) => name),
    ['a', 'b', 'c'],
  )
  assert.ok(healed.length >= 1)
  assert.deepEqual([...new Set(healed)], ['INVALID_CREDENTIALS'])
  assert.equal((await client.tags.list().page()).result.length, 4)
})

test('lost answer: the repeat has the same key, and the tag is made once', async (t) => {
  const { accesskey } = await accounts.customer()
  let requests = 0
  const line = await BadLine.open(accounts.url, () => (requests++ === 0 ? 'reset after' : undefined))
  t.after(() => line.close())
  const { client, healed } = clientOf({ accesskey }, line.url)
  const made = await client.tags.create({ name: 'once', detail: '' })
  assert.deepEqual(healed, ['ConnectionError'])
  assert.deepEqual((await client.tags.list().page()).result, [made])
})

test('a key of the program’s own repeats a request after the program has crashed', async () => {
  const { accesskey } = await accounts.customer()
  const options = { idempotencyKey: 'order 4711' }
  const body = { name: 'once', detail: '' }
  const first = await clientOf({ accesskey }).client.tags.create(body, options)
  assert.deepEqual(await clientOf({ accesskey }).client.tags.create(body, options), first)
})

test('frozen account: the error says until when, and recover() brings it back', async () => {
  const { credentials } = await boss()
  const { client } = clientOf(credentials)
  await client.auth.unregister({ password: TEST_PASSWORD })
  const error = await client.tags
    .list()
    .page()
    .catch((error: unknown) => error)
  assert.ok(isReason(error, 'ACCOUNT_FROZEN'))
  const [facts] = error.details
  assert.ok(facts && facts.deletion_effective_at > facts.deletion_scheduled_at)
  await error.recover()
  assert.deepEqual((await client.tags.list().page()).result, [])
})

test('stale page token: a list goes on where it was; a token that the program kept is told, and it begins anew', async () => {
  const { accesskey } = await accounts.customer()
  let damaged = 0
  // as if the platform had been upgraded to tokens of another form between two pages
  const upgraded: typeof fetch = (input, init) => {
    const url = new URL(String(input))
    const token = url.searchParams.get('page_token')
    if (token === null || /^\d{4}-.*Z$/.test(token)) return fetch(url, init)
    damaged++
    url.searchParams.set('page_token', 'of-another-version')
    return fetch(url, init)
  }
  const { client } = clientOf({ accesskey, fetch: upgraded })
  const names = Array.from({ length: 9 }, (_, index) => `tag ${index}`)
  for (const name of names) {
    await client.tags.create({ name, detail: '' })
    accounts.clock.advance(1)
  }
  const seen: string[] = []
  for await (const { name } of client.tags.list({ page_size: 4 })) seen.push(name)
  assert.deepEqual(seen, names.toReversed())
  assert.ok(damaged >= 2)
  const error = await client.tags
    .list({ page_token: 'kept' })
    .page()
    .catch((error: unknown) => error)
  assert.ok(isStalePageToken(error))
  assert.equal((await client.tags.list().page()).result.length, 9)
})

test('foreign id: it is told like an id that never was, and the fix is a fresh list', async () => {
  const [mine, theirs] = [await accounts.customer(), await accounts.customer()]
  const foreign = await clientOf(theirs).client.tags.create({ name: 'theirs', detail: '' })
  const { client } = clientOf(mine)
  const own = await client.tags.create({ name: 'mine', detail: '' })
  const update = (id: string) => client.tags.update(id, { name: 'renamed', detail: '' })
  const healing = async () => {
    try {
      return await update(foreign.id)
    } catch (error) {
      if (!isReason(error, 'TAG_NOT_FOUND')) throw error
      for await (const { id } of client.tags.list()) return update(id)
      throw error
    }
  }
  assert.equal((await healing()).id, own.id)
})

test('rate limit: it waits as long as it is told, and everything is done in the end', async (t) => {
  const limits = { RATE_LIMIT_CUSTOMER_V1_RPS: '20', RATE_LIMIT_CUSTOMER_V1_BURST: '5' }
  const platform = await Platform.start(limits)
  t.after(() => platform.stop())
  const { client, healed } = clientOf({ accesskey: platform.credentials.customer.accesskey }, platform.http)
  const names = Array.from({ length: 30 }, (_, index) => `tag ${index}`)
  await Promise.all(names.map((name) => client.tags.create({ name, detail: '' })))
  assert.ok(healed.length > 0)
  assert.deepEqual([...new Set(healed)], ['RATE_LIMIT_EXCEEDED'])
  const kept: string[] = []
  for await (const { name } of client.tags.list()) kept.push(name)
  assert.deepEqual(kept.sort(), names.sort())
})
