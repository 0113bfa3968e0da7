import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Auditor, BillingService, migrations as billingMigrations } from '#managers/billing'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, systemClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { EndedRecordings } from './ended-recordings.ts'
import { migrations } from './migrations/index.ts'

const { db } = await freshDatabase([...billingMigrations, ...migrations])
const HOUR = 3_600_000
const clock = new ManualClock(systemClock.wallMs() + HOUR)
const billing = new BillingService({ db, clock, ids: systemIds })
const customer = systemIds.uuid()
const account = await db.transaction((trx) => billing.createAccount(trx, customer, { balance_credit: 1_000_000 }))
const auditor = new Auditor({ db, clock, log: silentLog, uses: [new EndedRecordings(db)] })
const audit = () => auditor.run(new AbortController().signal)

async function recording(tm_start: string | null, tm_end: string) {
  const id = systemIds.uuid()
  await db.query(
    `insert into recordings (id, customer_id, owner_type, owner_id, activeflow_id, reference_type, reference_id, status, format,
       on_end_flow_id, recording_name, tm_start, tm_end, tm_create, node, incarnation)
     values ($1, $2, '', $3, $3, 'call', $3, 'ended', 'wav', $3, 'r', $4, $5, $5, 'test', 'test')`,
    [id, customer, NIL_UUID, tm_start, tm_end],
  )
  return id
}

test('a recording that was made and has no charge is found, also when nobody has looked for days', async () => {
  const ended = timestamp(clock.wallMs() - HOUR / 2)
  const [forgotten, charged] = [await recording(ended, ended), await recording(ended, ended)]
  await recording(null, ended)
  await db.transaction((trx) =>
    billing.ledger.settle(trx, customer, account.id, [
      {
        ...{ cost_type: 'recording', reference_type: 'recording', reference_id: charged },
        ...{ tm_billing_start: ended, tm_billing_end: ended },
      },
    ]),
  )
  assert.deepEqual((await audit()).uncharged, [{ reference_type: 'recording', reference_id: forgotten }])
  clock.advance(1)
  await db.query('delete from recordings where id = $1', [forgotten])
  assert.deepEqual((await audit()).uncharged, [])
  clock.advance(2 * HOUR)
  const late = await recording(timestamp(clock.wallMs()), timestamp(clock.wallMs()))
  clock.advance(100 * HOUR)
  assert.deepEqual((await audit()).uncharged, [{ reference_type: 'recording', reference_id: late }])
})
