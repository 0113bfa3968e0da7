import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '#platform/time'
import { BeginGate } from './begin-gate.ts'

function gate() {
  const clock = new ManualClock()
  const database = { writable: true }
  const gate = new BeginGate({ clock, writable: () => database.writable })
  const ask = () => {
    const call: { answer?: boolean } = {}
    void gate.pass().then((answer) => {
      call.answer = answer
    })
    return call
  }
  /** Lets time pass in steps in which those who wait look again. */
  const wait = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      await Promise.resolve()
      clock.advance(20)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { database, ask, wait }
}

test('a call begins at once while the database keeps up', async () => {
  const { ask, wait } = gate()
  const call = ask()
  await wait(0)
  await Promise.resolve()
  assert.equal(call.answer, true)
})

test('a call that comes during a short stall begins when it is over', async () => {
  const { database, ask, wait } = gate()
  database.writable = false
  const call = ask()
  await wait(1_700)
  assert.equal(call.answer, undefined)
  database.writable = true
  await wait(40)
  assert.equal(call.answer, true)
})

test('a stall that lasts refuses those who waited, and those who come later at once', async () => {
  const { database, ask, wait } = gate()
  database.writable = false
  const first = ask()
  await wait(2_100)
  assert.equal(first.answer, false)
  const second = ask()
  await wait(0)
  await Promise.resolve()
  assert.equal(second.answer, false)
})

test('a stall that is over is forgotten: the next one is waited for anew', async () => {
  const { database, ask, wait } = gate()
  database.writable = false
  ask()
  await wait(2_100)
  database.writable = true
  const between = ask()
  await wait(20)
  assert.equal(between.answer, true)
  database.writable = false
  const next = ask()
  await wait(1_000)
  assert.equal(next.answer, undefined)
})
