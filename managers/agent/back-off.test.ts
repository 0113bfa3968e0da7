import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BACK_OFF, type Count, counted } from './back-off.ts'

/** The waits, in seconds, after each of so many wrong passwords, each tried as soon as it may be. */
function waits(times: number, what: keyof typeof BACK_OFF): number[] {
  let count: Count = { failures: 0, lastMs: 0, freeMs: 0 }
  const seconds: number[] = []
  for (let at = 0; at < times; at++) {
    const nowMs = Math.max(count.freeMs, count.lastMs)
    count = counted(count, BACK_OFF[what], nowMs)
    seconds.push((count.freeMs - nowMs) / 1000)
  }
  return seconds
}

test('the first wrong passwords cost nothing, then each doubles the wait, up to a quarter of an hour', () => {
  assert.deepEqual(waits(17, 'place'), [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
})

test('an address has thirty and waits at most five minutes; a username fifty and a minute', () => {
  assert.deepEqual(waits(32, 'address').slice(-4), [0, 1, 2, 4])
  assert.equal(Math.max(...waits(100, 'address')), 300)
  assert.deepEqual(waits(52, 'username').slice(-4), [0, 1, 2, 4])
  assert.equal(Math.max(...waits(2_000, 'username')), 60)
})

test('after an hour without a wrong one all is forgotten', () => {
  const count: Count = { failures: 40, lastMs: 0, freeMs: 0 }
  assert.equal(counted(count, BACK_OFF.place, 3_600_000).failures, 41)
  assert.equal(counted(count, BACK_OFF.place, 3_600_001).failures, 1)
})
