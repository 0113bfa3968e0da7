import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventMigrations } from '#platform/events'
import { systemIds } from '#platform/ids'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { migrations } from '../migrations/index.ts'
import { ReservationDesk } from '../reservation/reservation-desk.ts'
import { ReservationStore } from '../reservation/reservation-store.ts'
import { BillingService } from '../service.ts'
import { NOBODY } from './limits.ts'
import { SpendingLimits } from './service.ts'
import { bucketOf, REMEMBERED_DAYS, UsageStore } from './usage-store.ts'

const { db } = await freshDatabase([...eventMigrations, ...migrations])
const clock = new ManualClock()
const ids = systemIds
const USD = 1_000_000
const DAY_MS = 86_400_000
await db.query(`insert into rate_deck_rates values (1, 'call_pstn_outgoing', '881', '', 0, $1, 60)`, [USD])

const billing = new BillingService({ db, clock, ids, holds: new ReservationStore() })
const desk = new ReservationDesk({ db, clock, ids, billing })
const usage = new UsageStore()
const limits = new SpendingLimits({
  ...{ db, clock, ids, undecidedSeconds: 0, countriesOf: async () => 'all' as const, callingCodeOf: () => '' },
})

async function customer(): Promise<string> {
  const id = ids.uuid()
  await db.transaction((trx) => billing.createAccount(trx, id, { balance_credit: 1_000 * USD }))
  return id
}

async function call(customer_id: string) {
  clock.advance(1_100)
  const of = { customer_id, reference_id: ids.uuid(), country: '', spender: NOBODY, occasion: 'asked' } as const
  const called = { reference_type: 'call', cost_type: 'call_pstn_outgoing', number: '+8811234567' } as const
  return desk.reserve({ ...of, ...called })
}

/** How many calls of one dear minute each are let through, one after the other. */
async function letThrough(id: string): Promise<number> {
  for (let calls = 0; calls < 8; calls++) {
    const made = await call(id)
    if (!made.ok) return calls
    await desk.release(id, made.reserved.id)
    await db.transaction((trx) =>
      usage.addQuarantine(trx, id, {
        destination: '+881',
        outside: true, // nobody's credential called
        seconds: 60,
        money: USD,
        tm_create: bucketOf(clock.wallMs()),
      }),
    )
  }
  return 8
}

async function forget(): Promise<void> {
  while ((await limits.forgetSome()) > 0);
}

test('an expensive destination is known after its first day, as long as it is called within 90 days, and else it is new again', async () => {
  const id = await customer()
  assert.equal(await letThrough(id), 3, 'three dollars in quarantine')
  assert.deepEqual(
    (await limits.get(id)).quarantine.map(({ destination }) => destination),
    ['+881'],
  )
  for (let time = 0; time < 3; time++) {
    clock.advance((REMEMBERED_DAYS - 1) * DAY_MS)
    await forget()
    assert.equal(await letThrough(id), 8, 'it was called within 90 days')
  }
  assert.deepEqual((await limits.get(id)).quarantine, [])
  clock.advance((REMEMBERED_DAYS + 1) * DAY_MS)
  await forget()
  assert.equal(await letThrough(id), 3, 'nobody called it for so long')
})

test('a decision reads the destinations that it is about, however many are remembered', async () => {
  const id = await customer()
  const made = await call(id)
  assert.ok(made.ok)
  await db.query(
    `insert into quarantined_destinations (customer_id, destination, seconds, money, tm_create, last_day)
     select $1, '+99' || n, 60, 1, $2::timestamptz, $2::timestamptz from generate_series(1, 3000) n`,
    [id, timestamp(clock.wallMs())],
  )
  const read = async (destinations: string[], reservations: string[]) =>
    (await usage.quarantine(db, id, { destinations, reservations })).map(({ destination }) => destination).sort()
  assert.deepEqual(await read(['+9917', '+7'], [made.reserved.id]), ['+881', '+9917'])
  assert.deepEqual(await read([], []), [])
  assert.equal((await limits.get(id)).quarantine.length, 1_000, 'an answer shows no more')
})

test('what is old is forgotten in pieces until nothing is left', async () => {
  const id = await customer()
  await db.query(
    `insert into quarantined_destinations (customer_id, destination, seconds, money, tm_create, last_day)
     select $1, '+88' || n, 60, 1, '2020-01-01', '2020-01-01' from generate_series(1, 7000) n`,
    [id],
  )
  const pieces = [await limits.forgetSome(), await limits.forgetSome(), await limits.forgetSome()]
  assert.deepEqual(
    pieces.map((each) => each > 0),
    [true, true, false],
  )
  assert.deepEqual(await usage.quarantine(db, id, { destinations: ['+881'], reservations: [] }), [])
})
