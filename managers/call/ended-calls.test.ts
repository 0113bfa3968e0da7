import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Auditor, BillingService, migrations as billingMigrations } from '#managers/billing'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { EndedCalls } from './ended-calls.ts'
import { migrations } from './migrations/index.ts'

const { db } = await freshDatabase([...billingMigrations, ...migrations])
const HOUR = 3_600_000

test('a paid call that was answered and has no charge is found; a free, unanswered or charged one is not', async () => {
  const clock = new ManualClock(systemClock.wallMs() + HOUR)
  const billing = new BillingService({ db, clock, ids: systemIds })
  const customer = systemIds.uuid()
  const open = { balance_credit: 1_000_000 }
  const account = await db.transaction((trx) => billing.createAccount(trx, customer, open))
  const ended = timestamp(clock.wallMs() - 30 * 60_000)
  const call = async (destination: object, tm_progressing: string | null = ended, tm_hangup = ended) => {
    const id = systemIds.uuid()
    await db.query(
      `insert into calls values ($1, $2, '', $3, $3, $3, 'flow', $3, '{}', $3, '{}', $3, '{}', $4, 'hangup',
         $5, '{}', 'outgoing', '', 'remote', 'normal', null, $6, $7, $7, null, null, 'test', 'test', null)`,
      [id, customer, NIL_UUID, destination, { id: NIL_UUID, next_id: NIL_UUID, type: '' }, tm_progressing, tm_hangup],
    )
    return id
  }
  const tel = { type: 'tel', target: '+15551234567' }
  const [forgotten, charged] = [await call(tel), await call(tel)]
  await call({ type: 'extension', target: '1000' })
  await call(tel, null)
  await call(tel, ended, timestamp(clock.wallMs()))
  await db.transaction((trx) =>
    billing.ledger.settle(trx, customer, account.id, [
      {
        ...{ cost_type: 'call_pstn_outgoing', reference_type: 'call', reference_id: charged },
        ...{ tm_billing_start: ended, tm_billing_end: ended },
      },
    ]),
  )
  const auditor = new Auditor({ db, clock, log: silentLog, uses: [new EndedCalls(db)] })
  const { uncharged, unbalanced } = await auditor.run(new AbortController().signal)
  assert.deepEqual([uncharged, unbalanced], [[{ reference_type: 'call', reference_id: forgotten }], []])
  assert.equal(await auditor.health(), false)
})
