import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from './manual-clock.ts'
import { Stopwatch } from './stopwatch.ts'
import { timestamp, timestampToMs } from './timestamp.ts'

test('a timestamp always has six digits of fraction and Z', () => {
  assert.equal(timestamp(0), '1970-01-01T00:00:00.000000Z')
  assert.equal(timestamp(1_767_323_045_123.456), '2026-01-02T03:04:05.123456Z')
})

test('a timestamp read back is the moment that was written, to the microsecond', () => {
  const years2000to2100 = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 })
  fc.assert(
    fc.property(years2000to2100, fc.integer({ min: 0, max: 999 }), (ms, micros) => {
      const text = timestamp(ms + micros / 1000)
      const back = timestampToMs(text)
      assert.ok(back !== undefined && Math.abs(back - (ms + micros / 1000)) < 0.002, text)
    }),
  )
})

test('what is no timestamp is not taken for one', () => {
  for (const text of ['', 'now', '2026-13-01T00:00:00Z', '2026-01-02', '2026-01-02T03:04:05+02:00'])
    assert.equal(timestampToMs(text), undefined, text)
})

test('only days of the calendar from the year 1 to 9999 are timestamps: another reader would take others for another moment', () => {
  for (const text of ['0001-01-01T00:00:00Z', '2024-02-29T23:59:59.999999Z', '9999-12-31T23:59:59.9Z'])
    assert.notEqual(timestampToMs(text), undefined, text)
  for (const day of ['0000-01-01', '0000-12-31', '2026-02-29', '2026-04-31', '2026-00-10', '2026-01-00', '2026-01-32'])
    assert.equal(timestampToMs(`${day}T00:00:00Z`), undefined, day)
  for (const time of ['24:00:00', '23:60:00', '23:59:60', '99:00:00'])
    assert.equal(timestampToMs(`2026-01-01T${time}Z`), undefined, time)
  for (const text of [
    '-000001-01-01T00:00:00Z',
    '+010000-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    '275761-01-01T00:00:00Z',
  ])
    assert.equal(timestampToMs(text), undefined, text)
})

test('timers run in the order in which they fall due, those set meanwhile included', () => {
  const clock = new ManualClock()
  const ran: string[] = []
  clock.after(20, () => ran.push('second'))
  clock.after(10, () => {
    ran.push('first')
    clock.after(5, () => ran.push('between'))
  })
  clock.after(30, () => ran.push('late'))
  clock.after(12, () => ran.push('cancelled')).cancel()
  clock.advance(25)
  assert.deepEqual(ran, ['first', 'between', 'second'])
  assert.equal(clock.nextInMs, 5)
})

test('timers may be run one by one, those of the same moment too', () => {
  const clock = new ManualClock()
  const ran: string[] = []
  for (const name of ['first', 'second']) clock.after(10, () => ran.push(name))
  assert.equal(clock.advanceToNext(), true)
  assert.deepEqual([ran, clock.monotonicMs()], [['first'], 10])
  assert.equal(clock.advanceToNext(), true)
  assert.equal(clock.advanceToNext(), false)
  assert.deepEqual([ran, clock.monotonicMs()], [['first', 'second'], 10])
})

test('a moment of a call is never before an earlier one, also when the wall clock is set back', () => {
  const clock = new ManualClock()
  const watch = new Stopwatch(clock)
  clock.advance(1_000)
  const before = watch.now()
  clock.jumpWall(-3_600_000)
  clock.advance(1)
  assert.ok(watch.now() > before)
})

test('a moment that was written and read again is never later: nobody waits for a time that is now', () => {
  for (let step = 0; step < 20_000; step++) {
    const ms = 1_795_649_434_000 + step * 0.000_244_140_625 * 37
    const read = timestampToMs(timestamp(ms)) ?? Number.NaN
    assert.ok(read <= ms && ms - read < 0.001_3, `${ms} was read as ${read}`)
  }
})
