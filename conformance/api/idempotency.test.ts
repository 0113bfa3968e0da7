import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiClient, Platform } from '#testkit'

test('a client that repeats its request after the platform was killed makes nothing twice, whenever that was', async () => {
  const platform = await Platform.start()
  try {
    const client = apiClient(platform.http, { accesskey: platform.credentials.customer.accesskey })
    const create = (nth: number) =>
      client.post('/v1.0/tags', { name: `tag ${nth}`, detail: '' }, { 'idempotency-key': `tag-${nth}` })
    const first = await create(0)
    const answered = Array.from({ length: 40 }, (_, nth) => create(nth + 1).catch(() => undefined))
    await Promise.race(answered)
    await platform.child.stop('SIGKILL', 5_000)
    const before = await Promise.all(answered)
    await platform.run()
    const again = await create(0)
    assert.deepEqual([again.status, again.text], [200, first.text])
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    for (const [nth, answer] of before.entries()) {
      const repeat = await settled(() => create(nth + 1))
      if (answer) assert.equal(repeat.text, answer.text, 'what was answered is answered again')
      else if (repeat.status !== 200) assert.equal(repeat.body.error.reason, 'STATE_INVALID')
    }
    const names = (await client.get('/v1.0/tags')).body.result.map(({ name }: { name: string }) => name)
    assert.equal(names.length, 41)
    assert.equal(new Set(names).size, 41)
  } finally {
    await platform.stop()
  }
})

/** Repeats what the platform could not answer yet, as the catalogue says. */
async function settled<A extends { status: number }>(ask: () => Promise<A>): Promise<A> {
  for (;;) {
    const answer = await ask()
    if (answer.status !== 503) return answer
  }
}
