import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { FLOWS_PER_CUSTOMER } from './flow.ts'
import { FlowLimit } from './flow-limit.ts'

/** A limit over a number of flows that the test says. */
function limitOver(flows: number) {
  const rows = { flows, counted: 0 }
  const clock = new ManualClock()
  const limit = new FlowLimit(clock, async (_, most) => {
    rows.counted++
    return Math.min(rows.flows, most)
  })
  return { rows, clock, limit, isFull: () => limit.isFull('carol') }
}

test('the last flow that a customer may have is made, and the next one is not, however fast they come', async () => {
  const { rows, limit, isFull } = limitOver(FLOWS_PER_CUSTOMER - 1_500)
  let made = 0
  while (!(await isFull())) {
    rows.flows++
    made++
    limit.made('carol')
  }
  assert.equal(made, 1_500)
})

test('with much room the flows are counted every five seconds and not for each one', async () => {
  const { rows, clock, isFull } = limitOver(10)
  for (let asked = 0; asked < 100; asked++) assert.equal(await isFull(), false)
  assert.equal(rows.counted, 1)
  rows.flows = FLOWS_PER_CUSTOMER // somebody else was busy
  clock.advance(5_000)
  assert.equal(await isFull(), true)
})
