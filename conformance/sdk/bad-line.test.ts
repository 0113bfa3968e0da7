import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '#sdk'
import { BadLine, type LineFault, TestAccounts } from '#testkit'

const accounts = await TestAccounts.start()

/** Of 100 requests, how many end so; the others pass. */
const FAULTS: [fault: LineFault, percent: number][] = [
  ['reset before', 8],
  ['refuse before', 6],
  ['reset midway', 6],
  ['reset after', 15],
  ['refuse after', 8],
  ['cut answer', 5],
  ['no answer', 2],
]
const COUNT = 1_000
const AT_ONCE = 20

test('one thousand POSTs through a bad line create exactly one thousand tags, and each caller gets its own', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  t.diagnostic(`seed ${seed}`)
  const random = dice(seed)
  const customer = await accounts.customer()
  const line = await BadLine.open(accounts.url, () => faultOf(random() * 100))
  t.after(() => line.close())
  const client = createClient({
    baseUrl: line.url,
    accesskey: customer.accesskey,
    backoff: { firstMs: 1, mostMs: 10, attempts: 100 },
    timeoutMs: 2_000,
  })
  const names = Array.from({ length: COUNT }, (_, index) => `tag ${index}`)
  const made = new Map<string, string>()
  const left = [...names]
  const worker = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const tag = await client.tags.create({ name, detail: '' })
      assert.equal(tag.name, name)
      made.set(tag.id, name)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))

  // the list comes over the same line
  const kept = new Map<string, string>()
  let rows = 0
  for await (const { id, name } of client.tags.list({ page_size: 50 })) {
    rows++
    kept.set(id, name)
  }
  assert.equal(rows, COUNT)
  assert.deepEqual([...kept.values()].sort(), [...names].sort())
  assert.deepEqual(new Map([...kept].sort()), new Map([...made].sort()))
  for (const [fault] of FAULTS) assert.ok((line.counts.get(fault) ?? 0) > 0, `${fault} has happened`)
  t.diagnostic(JSON.stringify(Object.fromEntries(line.counts)))
})

test('without the policy the same line loses requests: the proof is not for nothing', async (t) => {
  const customer = await accounts.customer()
  const line = await BadLine.open(accounts.url, () => 'reset after')
  t.after(() => line.close())
  const client = createClient({ baseUrl: line.url, accesskey: customer.accesskey, policies: { retry: false } })
  await assert.rejects(client.tags.create({ name: 'lost', detail: '' }))
  assert.equal((await customer.admin.get('/v1.0/tags')).body.result.length, 1)
})

function faultOf(percent: number): LineFault | undefined {
  let bound = 0
  return FAULTS.find(([, share]) => {
    bound += share
    return percent < bound
  })?.[0]
}

/** Numbers from 0 up to 1 that a seed repeats (a linear congruential generator). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
