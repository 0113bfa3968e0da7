import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '#platform/db'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { ManualClock } from '#platform/time'
import { freshDatabase } from '#testkit'
import { type Job, Jobs, jobMigrations, nextDueMs } from './index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A process of the platform: its own jobs over the database that all share. */
function process(db: Database, clock: ManualClock, ...jobs: Job[]) {
  const metrics = new Metrics()
  return Object.assign(new Jobs({ db, clock, ids: systemIds, log: silentLog, metrics, jobs }), { metrics })
}

async function parts(schedule = '0 4 * * *') {
  const { db } = await freshDatabase(jobMigrations)
  const done: string[] = []
  const job = (name: string, run: Job['run'] = async () => void done.push(name)): Job => ({ name, schedule, run })
  return { db, done, job, clock: new ManualClock(Date.UTC(2026, 0, 2, 3, 30)) }
}

test('a schedule is read in UTC', () => {
  assert.equal(nextDueMs('0 4 * * *', Date.UTC(2026, 0, 2, 4, 0)), Date.UTC(2026, 0, 3, 4, 0))
  assert.equal(nextDueMs('*/15 * * * *', Date.UTC(2026, 0, 2, 3, 4, 5)), Date.UTC(2026, 0, 2, 3, 15))
})

test('a job is done at the first start, then whenever its time has come', async () => {
  const { db, done, job, clock } = await parts()
  const jobs = process(db, clock, job('sweep'))
  await jobs.look()
  await jobs.look()
  assert.equal(done.length, 1)
  clock.advance(29 * MINUTE)
  await jobs.look()
  assert.equal(done.length, 1)
  clock.advance(MINUTE)
  await jobs.look()
  assert.equal(done.length, 2)
})

test('of two processes one does it, and what was due while none ran is done by the next that starts', async () => {
  const { db, done, job, clock } = await parts()
  const [one, other] = [process(db, clock, job('sweep')), process(db, clock, job('sweep'))]
  await Promise.all([one.look(), other.look()])
  assert.equal(done.length, 1)
  clock.advance(72 * HOUR)
  await Promise.all([one.look(), other.look()])
  await process(db, clock, job('sweep')).look()
  assert.equal(done.length, 2)
})

test('while one process does it no other one does, until the first has been silent for a minute', async () => {
  const { db, done, job, clock } = await parts()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const aborted: boolean[] = []
  const slow = job('sweep', async (signal) => {
    begin()
    await held
    aborted.push(signal.aborted)
  })
  const one = process(db, clock, slow)
  const looking = one.look()
  await begun
  const other = process(db, clock, job('sweep'))
  await other.look()
  assert.equal(done.length, 0)
  await db.query(`update jobs set tm_lease = now() - interval '1 second'`)
  await other.look()
  assert.equal(done.length, 1)
  const due = await db.query('select tm_due, failures from jobs')
  release()
  await looking
  assert.deepEqual(await db.query('select tm_due, failures from jobs'), due, 'who lost the right changes nothing')
})

test('a job that fails is tried again after a minute, then two, then at its regular time', async () => {
  const { db, job, clock } = await parts()
  let tries = 0
  const jobs = process(
    db,
    clock,
    job('sweep', async () => {
      if (++tries < 4) throw new Error('out of order')
    }),
    job('other'),
  )
  await jobs.look()
  assert.equal(tries, 1)
  for (const [waitMs, tried] of [
    [MINUTE, 2],
    [MINUTE, 2],
    [MINUTE, 3],
    [4 * MINUTE, 4],
    [4 * MINUTE, 4],
  ] as const) {
    clock.advance(waitMs)
    await jobs.look()
    assert.equal(tries, tried)
  }
  const text = await jobs.metrics.text()
  assert.match(text, /strowger_jobs_total\{job="sweep",outcome="failed"\} 3/)
  assert.match(text, /strowger_jobs_total\{job="sweep",outcome="done"\} 1/)
  assert.match(text, /strowger_jobs_total\{job="other",outcome="done"\} 1/)
})

test('a process that stops tells the job so, and waits for it', async () => {
  const { db, job, clock } = await parts()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  let ended = false
  const jobs = process(
    db,
    clock,
    job('sweep', async (signal) => {
      begin()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ended = true
    }),
  )
  jobs.start()
  await begun
  await jobs.stop()
  assert.equal(ended, true)
  assert.equal(clock.pending, 0)
})
