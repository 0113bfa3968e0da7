import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hold } from './hold-store.ts'
import { Holds } from './holds.ts'

const NOW = Date.parse('2026-01-02T03:04:05Z')
const UNTIL = '2026-01-02T03:14:05.000000Z'

function hold(more: Partial<Hold> = {}): Hold {
  return {
    ...{ id: 'a', endpoint: 'customer:c', customer_id: 'c', uri: 'https://a.example.com/', reason: 'gone' },
    ...{ http_status: 410, sequence: 6, tm_until: null, tm_create: '2026-01-02T03:04:05.000000Z' },
    ...more,
  }
}
const wait = hold({ id: 'w', reason: 'retry_after', http_status: 429, tm_until: UNTIL })

test('a hold is of one endpoint and one URI, and a wait ends by itself', () => {
  const holds = new Holds()
  assert.equal(holds.place(wait), wait)
  assert.deepEqual(holds.ask('customer:c', wait.uri, NOW), { type: 'wait', untilMs: NOW + 600_000 })
  assert.equal(holds.ask('customer:d', wait.uri, NOW).type, 'free')
  assert.equal(holds.ask('customer:c', 'https://b.example.com/', NOW).type, 'outdated')
  assert.equal(holds.ask('customer:c', wait.uri, NOW + 600_000).type, 'free')
})

test('answers that come together make one hold: the longest, from the earliest event on', () => {
  const holds = new Holds()
  holds.place(wait)
  assert.equal(holds.place(hold({ ...wait, id: 'x', tm_until: '2026-01-02T03:05:05.000000Z' })), undefined)
  const stop = hold()
  assert.equal(holds.place(stop), stop)
  assert.deepEqual(holds.place(hold({ id: 'b', sequence: 5 })), { ...stop, sequence: 5 })
  assert.equal(holds.place(hold({ id: 'c', sequence: 7 })), undefined)
  assert.equal(holds.place(wait), undefined)
  assert.equal(holds.ask('customer:c', stop.uri, NOW).type, 'stopped')
  const other = hold({ id: 'd', uri: 'https://b.example.com/' })
  assert.equal(holds.place(other), other)
})

test('what the database has replaces what was known, but for what was placed since it was asked', () => {
  const holds = new Holds()
  holds.place(hold({ endpoint: 'customer:lifted' }))
  const { placed } = holds
  holds.place(hold({ endpoint: 'customer:new' }))
  holds.load([hold({ endpoint: 'customer:read' })], placed)
  const known = ['lifted', 'new', 'read'].map((each) => holds.ask(`customer:${each}`, hold().uri, NOW).type)
  assert.deepEqual(known, ['free', 'stopped', 'stopped'])
})
