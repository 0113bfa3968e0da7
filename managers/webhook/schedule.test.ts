import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTEMPTS, RETRY_DELAYS_MS, retryDelayMs } from './schedule.ts'

const lowest = { integer: () => 0 }
const middle = { integer: (below: number) => (below - 1) / 2 }
const highest = { integer: (below: number) => below - 1 }
const all = (ids: { integer(below: number): number }) =>
  Array.from({ length: ATTEMPTS }, (_, at) => retryDelayMs('customer', at + 1, ids))

test('an event has ten attempts over about three days', () => {
  assert.equal(ATTEMPTS, 10)
  assert.deepEqual(all(middle), [...RETRY_DELAYS_MS, undefined])
  for (const ids of [lowest, middle, highest]) {
    const days = all(ids).reduce<number>((sum, each) => sum + (each ?? 0), 0) / 86_400_000
    assert.ok(days > 2.8 && days < 3.5, `${days} days`)
  }
})

test('each delay is moved by up to a tenth to either side, so that what failed together comes back apart', () => {
  assert.equal(retryDelayMs('activeflow', 1, lowest), 4_500)
  assert.equal(retryDelayMs('activeflow', 1, highest), 5_500)
})

test("a flow's request is repeated twice, a second later", () => {
  assert.deepEqual(
    [1, 2, 3].map((failed) => retryDelayMs('flow', failed, highest)),
    [1_000, 1_000, undefined],
  )
})
