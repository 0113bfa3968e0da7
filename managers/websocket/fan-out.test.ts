import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FanOut } from './fan-out.ts'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('at most a hundred deliveries happen in a turn of the event loop, of all together', async () => {
  const fanOut = new FanOut()
  let delivered = 0
  const count = () => {
    delivered++
  }
  const all = Promise.all([fanOut.each(Array(250).fill(0), count), fanOut.each(Array(250).fill(0), count)])
  let before = 0
  let turns = 0
  while (delivered < 500) {
    assert.ok(delivered - before <= 100, `${delivered - before} in a turn`)
    before = delivered
    turns++
    await nextTurn()
  }
  await all
  assert.ok(turns >= 5)
})

test('whoever has many does not keep others waiting', async () => {
  const fanOut = new FanOut()
  let many = 0
  let done = 0
  const big = fanOut.each(Array(10_000).fill(0), () => many++)
  await fanOut.each([1, 2, 3], () => done++)
  assert.equal(done, 3)
  assert.ok(many < 400, `${many} before the small one was done`)
  await big
  assert.equal(many, 10_000)
})

test('each one is served once and in order, and events that nobody wants end turns too', async () => {
  const fanOut = new FanOut(10)
  const seen: number[] = []
  await fanOut.each(
    Array.from({ length: 95 }, (_, at) => at),
    (at) => seen.push(at),
  )
  assert.deepEqual(
    seen,
    Array.from({ length: 95 }, (_, at) => at),
  )
  let turned = false
  setImmediate(() => {
    turned = true
  })
  for (let at = 0; at < 30; at++) await fanOut.each([], () => {})
  assert.equal(turned, true)
})
