import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, TestCalls } from '#testkit'
import type { LiveCallInput } from './live-call.ts'

const NUMBER = '+899003000003'
const calls = await TestCalls.start()
await calls.number(NUMBER)

test('a phone that beeps after the answer is a machine, as its sound tells over real RTP', async () => {
  const told: LiveCallInput[] = []
  calls.script = (live, input) => {
    if (input.type === 'started') live.answer('f:1')
    else told.push(input)
    if (input.type === 'answered') live.detectMachine('f:2', { hangup: true })
  }
  const phone = await (await calls.phone('somebody')).call(NUMBER)
  const silence = phone.sound.hum(1_000)
  const verdict = await eventually('it is known who answered', () =>
    told.find((input) => input.type === 'machine_detected'),
  )
  assert.deepEqual(verdict, { type: 'machine_detected', key: 'f:2', hangup: true, status: 'MACHINE', cause: 'tone' })
  await silence()
  await phone.hangUp()
})
