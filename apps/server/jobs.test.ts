import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Idempotency } from '#platform/http'
import { systemIds } from '#platform/ids'
import { type Job, Jobs, jobMigrations } from '#platform/jobs'
import { silentLog } from '#platform/log'
import { MailFolder } from '#platform/mail'
import { Metrics } from '#platform/metrics'
import { TestAccounts } from '#testkit'
import { platformJobs } from './jobs.ts'

const accounts = await TestAccounts.start({ others: jobMigrations })
const { db, clock, lifecycle, mailboxes, numbers, numberRenewals } = accounts
const folder = mkdtempSync(join(tmpdir(), 'strowger-jobs-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const jobs: Job[] = platformJobs({
  ...{ db, clock, log: silentLog, lifecycle, mailboxes, numbers, numberRenewals },
  idempotency: new Idempotency({ db, clock, ids: systemIds, log: silentLog }),
  mailFolder: new MailFolder(folder),
  eventDays: 366,
  topUp: accounts.billing.topUp,
  auditor: accounts.auditor,
  spending: accounts.spending,
  closedHistories: { run: async () => {} },
  recordingRetention: { deleteSome: async () => 0 },
})
const HOUR = 60 * 60_000
const DAY = 24 * HOUR

test('every job is done by the platform and ends well', async () => {
  const metrics = new Metrics()
  await new Jobs({ db, clock, ids: systemIds, log: silentLog, metrics, jobs }).look()
  const text = await metrics.text()
  for (const { name } of jobs)
    assert.match(text, new RegExp(`strowger_jobs_total\\{job="${name}",outcome="done"\\} 1\n`))
})

async function run(name: string): Promise<void> {
  const job = jobs.find((each) => each.name === name)
  assert.ok(job, name)
  await job.run(new AbortController().signal)
}

test('days of the ledger go when they are more than a year old, and not before', async () => {
  const day = (ms: number) => new Date(clock.wallMs() - ms).toISOString().slice(0, 10)
  const parts = [day(400 * DAY), day(368 * DAY), day(365 * DAY)]
  for (const each of parts)
    await accounts.sql(
      `create table ledger_${each.replaceAll('-', '')} partition of ledger for values from ('${each}') to ('${each}'::date + 1)`,
    )
  await run('drop_old_events')
  const left = await db.query<{ name: string }>(
    `select relname as name from pg_class where relname ~ '^ledger_[0-9]{8}$'`,
  )
  const names = left.map(({ name }) => name)
  assert.ok(!names.includes(`ledger_${parts[0]?.replaceAll('-', '')}`))
  assert.ok(!names.includes(`ledger_${parts[1]?.replaceAll('-', '')}`))
  assert.ok(names.includes(`ledger_${parts[2]?.replaceAll('-', '')}`))
})

test('who has signed up an hour ago and confirmed nothing is ended', async () => {
  for (let at = 0; at < 3; at++) {
    const email = `unverified${at}@example.com`
    await accounts.client().post('/auth/signup', { email, accepted_tos: true })
  }
  const live = async () =>
    (await db.query(`select id from customers where status = 'initial' and tm_delete is null`)).length
  assert.equal(await live(), 3)
  clock.advance(HOUR)
  await run('expire_unverified_customers')
  assert.equal(await live(), 0)
})

test('who was frozen 31 days ago is deleted', async () => {
  const gone = await accounts.customer()
  assert.equal((await gone.admin.post('/auth/unregister', { confirmation_phrase: 'DELETE' })).status, 200)
  clock.advance(31 * DAY)
  await run('delete_frozen_customers')
  assert.equal((await accounts.customers.find(gone.id))?.status, 'deleted')
})
