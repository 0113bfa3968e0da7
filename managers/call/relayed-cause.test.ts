import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCalls } from '#testkit'

const NUMBER = '+899001000001'
const calls = await TestCalls.start()
await calls.number(NUMBER)

test('a reason with an exact cause is heard as the status of the cause', async () => {
  calls.script = (live, input) => {
    if (input.type === 'started') live.hangup('failed', 1)
  }
  const call = await (await calls.phone('stranger')).call(NUMBER)
  assert.equal(call.status, 404)
  assert.match(call.final?.headers.get('reason') ?? '', /Q\.850;cause=1\b/)
})
