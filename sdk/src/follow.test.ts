import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, createClient, EventCursorError, EventGapError, type FollowOptions } from './index.ts'
import { breakOff, hang, refuse, rejection, type SeenRequest, TestPlatform, TestTime } from './test-platform.ts'

/** A ledger that answers as the platform does; `trouble` may answer in its place. */
function ledger(sequences: number[], trouble: (request: SeenRequest, asked: number) => unknown = () => undefined) {
  let asked = 0
  const platform = new TestPlatform((request) => {
    const instead = trouble(request, asked++)
    if (instead !== undefined) return instead
    const after = Number(request.query.get('after'))
    const types = request.query.get('types')?.split(',')
    const size = Number(request.query.get('page_size'))
    const found = sequences.filter((each) => each > after && (types?.includes(typeOf(each)) ?? true))
    const result = found.slice(0, size).map((sequence) => ({ sequence, type: typeOf(sequence) }))
    if (result.length === 0) return hang(request)
    return { result, next_after: found.length > size ? result.at(-1)?.sequence : Math.max(...sequences) }
  })
  const time = new TestTime(40_000)
  const client = createClient({ baseUrl: 'https://api.test', fetch: platform.fetch, time })
  return { platform, time, client }
}

const typeOf = (sequence: number) => (sequence % 2 === 0 ? 'call_hangup' : 'call_created')
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** The sequences of a feed until there are `count`. */
async function read({ client }: ReturnType<typeof ledger>, count: number, options: FollowOptions = {}) {
  const sequences: number[] = []
  for await (const { sequence } of client.events.follow(options)) if (sequences.push(sequence) === count) break
  return sequences
}

test('events come in order from the cursor on, however they are paged', async () => {
  assert.deepEqual(await read(ledger(upTo(10)), 10, { pageSize: 3 }), upTo(10))
  assert.deepEqual(await read(ledger(upTo(10)), 4, { after: 6 }), upTo(10, 7))
})

test('broken connections, a restart and a rate limit are waited for, and no event is lost or repeated', async () => {
  const troubles = [
    breakOff,
    () => refuse('UNAVAILABLE', 'SERVICE_UNAVAILABLE', { retryAfter: 1 }),
    () => refuse('RESOURCE_EXHAUSTED', 'RATE_LIMIT_EXCEEDED', { retryAfter: 1 }),
    () => new Response('<p>restarting', { status: 502 }),
  ]
  const bad = ledger(upTo(30), (_, asked) => (asked % 3 === 2 ? undefined : troubles[asked % 4]?.()))
  assert.deepEqual(await read(bad, 30, { pageSize: 2 }), upTo(30))
  // far longer than any deadline
  const long = ledger(upTo(1), (_, asked) => (asked < 500 ? breakOff() : undefined))
  assert.deepEqual(await read(long, 1), [1])
  assert.ok(long.time.now > 1_000_000)
})

test('the cursor of a feed is behind what was handed out, and beyond what its types left out', async () => {
  const { client } = ledger(upTo(7))
  const stop = new AbortController()
  const feed = client.events.follow({ types: ['call_hangup'], signal: stop.signal })
  const seen: number[] = []
  for await (const event of feed) {
    seen.push(event.sequence)
    assert.equal(feed.after, event.sequence)
    if (event.sequence === 6) setImmediate(() => stop.abort())
  }
  assert.deepEqual([seen, feed.after], [[2, 4, 6], 7])
})

test('a refusal that somebody has to mend ends it', async () => {
  const { client } = ledger([], () => refuse('PERMISSION_DENIED', 'PERMISSION_DENIED'))
  const feed = client.events.follow()[Symbol.asyncIterator]()
  assert.equal((await rejection(feed.next(), ApiError)).reason, 'PERMISSION_DENIED')
})

test('events that are not kept any more are a gap that is told, and one may go on behind it', async () => {
  const old = ledger(upTo(12, 10))
  const error = await rejection(read(old, 1, { after: 4 }), EventGapError)
  assert.deepEqual([error.missing, error.after], [5, 9])
  assert.deepEqual(await read(old, 3, { after: error.after }), upTo(12, 10))
  assert.deepEqual(await read(old, 3), upTo(12, 10), 'from the oldest that is kept')
})

test('a gap is told although its events are of other types, as the platform says it; from the beginning there is none', async () => {
  const gap = { missing: { first: 5, last: 9 }, latest: 12 }
  const old = ledger(upTo(12, 10), ({ query }) =>
    Number(query.get('after')) < 9 ? { result: [], next_after: 12, ...gap } : undefined,
  )
  const error = await rejection(read(old, 1, { after: 4, types: ['call_hangup'] }), EventGapError)
  assert.deepEqual([error.missing, error.after], [5, 9])
  const events = upTo(12, 10).map((sequence) => ({ sequence, type: typeOf(sequence) }))
  const fresh = ledger([], () => ({ result: events, next_after: 12, missing: { first: 1, last: 9 }, latest: 12 }))
  assert.deepEqual(await read(fresh, 3), upTo(12, 10))
})

test('a cursor of another history is told', async () => {
  const restored = ledger([], () => ({ result: [], next_after: 99, missing: null, latest: 50 }))
  const error = await rejection(read(restored, 1, { after: 99 }), EventCursorError)
  assert.deepEqual([error.after, error.latest], [99, 50])
})
