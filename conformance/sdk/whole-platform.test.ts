import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, isReason } from '#sdk'
import { BadLine, Platform } from '#testkit'

const COUNT = 40

const platform = await Platform.start()
after(() => platform.stop())

test('events are followed through a bad line and a restart of the platform, without a gap and without a repeat', async (t) => {
  let requests = 0
  const line = await BadLine.open(platform.http, () => {
    const turn = requests++ % 4
    return turn === 1 ? 'reset after' : turn === 3 ? 'cut answer' : undefined
  })
  t.after(() => line.close())
  const options = { accesskey: platform.credentials.customer.accesskey, backoff: { firstMs: 5, mostMs: 200 } }
  const writer = createClient({ ...options, baseUrl: platform.http })
  const reader = createClient({ ...options, baseUrl: line.url })

  const made: string[] = []
  const start = async () => {
    made.push((await writer.activeflows.create({ actions: [{ type: 'block' }] })).id)
  }
  const writing = (async () => {
    while (made.length < COUNT / 2) await start()
    await platform.child.stop('SIGTERM', 8_000)
    await platform.run()
    while (made.length < COUNT) await start()
  })()

  const seen: string[] = []
  const sequences: number[] = []
  const feed = reader.events.follow({ pageSize: 7, waitSeconds: 2 })
  for await (const event of feed) {
    sequences.push(event.sequence)
    if (event.type === 'activeflow_created') seen.push(event.resource_id)
    if (seen.length === COUNT) break
  }
  await writing
  assert.deepEqual(seen, made)
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => (sequences[0] ?? 0) + index),
  )
  assert.equal(feed.after, sequences.at(-1))
})

test('what has stopped already is stopped, and the client gives it', async () => {
  const client = createClient({ baseUrl: platform.http, accesskey: platform.credentials.customer.accesskey })
  const { id } = await client.activeflows.create({ actions: [{ type: 'block' }] })
  await client.activeflows.stop(id)
  const again = await client.activeflows.stop(id)
  assert.deepEqual([again.id, again.status], [id, 'ended'])
  const strict = client.activeflows.stop(id, { policies: { alreadyDone: false } })
  const error = await strict.catch((error: unknown) => error)
  assert.ok(isReason(error, 'ACTIVEFLOW_ALREADY_STOPPED'))
  assert.equal(error.details[0]?.activeflow_id, id)
})

test('a file is uploaded once through a line that loses the answer, and comes back as it was', async (t) => {
  let requests = 0
  const line = await BadLine.open(platform.http, () => (requests++ === 0 ? 'reset after' : undefined))
  t.after(() => line.close())
  const client = createClient({ baseUrl: line.url, accesskey: platform.credentials.customer.accesskey })
  const text = 'What the agents should know.\n'.repeat(1_000)
  const file = new File([text], 'notes.txt', { type: 'text/plain' })
  const made = await client.storageFiles.create({ file, type: 'rag', name: 'notes' })
  const kept: string[] = []
  for await (const { id } of client.storageFiles.list()) kept.push(id)
  assert.deepEqual(kept, [made.id])
  const response = await client.storageFiles.getFile(made.id)
  assert.equal(await response.text(), text)
})
