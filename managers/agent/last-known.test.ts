import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatabaseUnavailable } from '#platform/db'
import { ManualClock } from '#platform/time'
import { LastKnown } from './last-known.ts'

/** A memory over a database that the test answers for. */
function setUp() {
  const clock = new ManualClock()
  const memory = new LastKnown<string>(clock)
  const asked: { answer: (value: string | undefined) => void; fail: (error: unknown) => void }[] = []
  const load = () =>
    new Promise<string | undefined>((answer, fail) => {
      asked.push({ answer, fail })
    })
  const get = (trustLastKnown = false) => memory.get('key', load, { trustLastKnown })
  const learn = async (value: string) => {
    const learned = get()
    asked.at(-1)?.answer(value)
    assert.equal(await learned, value)
  }
  return { clock, memory, asked, get, learn }
}

test('an answer is repeated for 5 s, then asked for again', async () => {
  const { clock, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(5_000)
  assert.equal(await get(), 'admin')
  assert.equal(asked.length, 1)
  clock.advance(1)
  await learn('manager')
  assert.equal(asked.length, 2)
  assert.equal(await get(), 'manager')
})

test('that there is nobody is not remembered, and ends what was remembered', async () => {
  const { clock, asked, get, learn } = setUp()
  const nobody = get()
  asked[0]?.answer(undefined)
  assert.equal(await nobody, undefined)
  await learn('admin')
  clock.advance(5_001)
  const gone = get()
  asked[2]?.answer(undefined)
  assert.equal(await gone, undefined)
  const still = get(true)
  assert.equal(asked.length, 4)
  asked[3]?.answer(undefined)
  assert.equal(await still, undefined)
})

test('with the database away, the last known answer is believed for 60 s where that is asked for', async () => {
  const { clock, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(60_000)
  const believed = get(true)
  asked[1]?.fail(new DatabaseUnavailable('unreachable'))
  assert.equal(await believed, 'admin')
  const refused = get()
  asked[2]?.fail(new DatabaseUnavailable('unreachable'))
  await assert.rejects(refused, DatabaseUnavailable)
  clock.advance(1)
  const tooOld = get(true)
  asked[3]?.fail(new DatabaseUnavailable('unreachable'))
  await assert.rejects(tooOld, DatabaseUnavailable)
})

test('a database that says nothing is waited for 100 ms, by those who ask at once together', async () => {
  const { clock, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(10_000)
  const first = get(true)
  clock.advance(60)
  const second = get(true)
  clock.advance(40)
  assert.equal(await first, 'admin')
  assert.equal(await second, 'admin')
  assert.equal(await get(true), 'admin')
  assert.equal(asked.length, 2)
  assert.equal(clock.pending, 0)
})

test('an answer that comes in time is taken, even where the old one would do', async () => {
  const { clock, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(10_000)
  const fresh = get(true)
  clock.advance(99)
  asked[1]?.answer('manager')
  assert.equal(await fresh, 'manager')
  assert.equal(clock.pending, 0)
})

test('a failure that is not the database being away is not covered up', async () => {
  const { clock, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(10_000)
  const failed = get(true)
  asked[1]?.fail(new TypeError('a fault of ours'))
  await assert.rejects(failed, TypeError)
})

test('what is forgotten is asked for at once, and an answer that was under way is not remembered', async () => {
  const { clock, memory, asked, get, learn } = setUp()
  await learn('admin')
  clock.advance(10_000)
  const underWay = get()
  memory.forget((value) => value === 'admin')
  asked[1]?.answer('admin')
  assert.equal(await underWay, 'admin')
  const anew = get(true)
  assert.equal(asked.length, 3)
  asked[2]?.answer(undefined)
  assert.equal(await anew, undefined)
})
