import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatenessCounter, latenessMemory, TickLateness } from './tick-lateness.ts'

test('lateness of several workers is one figure: how many turns, how many in time, and what most stayed below', () => {
  const memories = [latenessMemory(), latenessMemory()]
  const counters = memories.map((memory) => new LatenessCounter(memory))
  for (let n = 0; n < 90; n++) counters[0]?.add(0.25)
  for (let n = 0; n < 9; n++) counters[1]?.add(2.9)
  counters[1]?.add(700)
  const lateness = new TickLateness(memories)
  assert.equal(lateness.turns, 100)
  assert.deepEqual([lateness.within(0.2), lateness.within(1), lateness.within(3), lateness.within(50)], [0, 90, 99, 99])
  assert.deepEqual([lateness.percentile(0.5), lateness.percentile(0.99), lateness.percentile(1)], [0.3, 3, 50])
  assert.equal(new TickLateness([latenessMemory()]).turns, 0)
})
