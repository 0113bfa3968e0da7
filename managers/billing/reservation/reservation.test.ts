import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHub } from '#platform/bus'
import { eventMigrations } from '#platform/events'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { LimitStore } from '../caps/limit-store.ts'
import { NOBODY, type Spender } from '../caps/limits.ts'
import { migrations } from '../migrations/index.ts'
import { BillingService } from '../service.ts'
import { BillingStore } from '../store.ts'
import { ReservationDesk } from './reservation-desk.ts'
import { ReservationStore } from './reservation-store.ts'
import { Settler, type Use } from './settler.ts'

const { db } = await freshDatabase([...eventMigrations, ...migrations])
const clock = new ManualClock()
const ids = systemIds
const store = new ReservationStore()
const billing = new BillingService({ db, clock, ids, holds: store })
const accounts = new BillingStore(db)
const desk = new ReservationDesk({ db, clock, ids, billing })
const used = new Map<string, Use>()
const uses = {
  find: async (_: string, __: string, asked: readonly string[]) => asked.flatMap((id) => used.get(id) ?? []),
}
const settler = new Settler({
  ...{ db, clock, log: silentLog, billing, uses },
  bus: threadHub({ clock, log: silentLog, reasons: new Map() }),
})
const MINUTE = 10_000

async function customer(balance_credit: number): Promise<string> {
  const id = ids.uuid()
  await db.transaction((trx) => billing.createAccount(trx, id, { balance_credit }))
  await limit(id, 'customer', NIL_UUID, { calls_per_second: 1_000, concurrent_calls: 1_000 })
  return id
}

async function limit(of: string, kind: 'customer' | 'accesskey' | 'extension', subject_id: string, limits: object) {
  const said = { kind, subject_id, limits }
  const ceiling = {
    kind: 'ceiling',
    subject_id: NIL_UUID,
    limits: { calls_per_second: 1e9, concurrent_calls: 1e9 },
  } as const
  const now = timestamp(clock.wallMs())
  await db.transaction(async (trx) => {
    await new LimitStore(db).save(trx, of, said, now)
    await new LimitStore(db).save(trx, of, ceiling, now)
  })
}

const call = (customer_id: string, more: { spender?: Spender; number?: string; reference_id?: string } = {}) =>
  desk.reserve({
    ...{ customer_id, reference_type: 'call', reference_id: ids.uuid(), cost_type: 'call_pstn_outgoing' },
    ...{ number: '+14155550100', country: 'us', spender: NOBODY, occasion: 'asked', ...more },
  })

const balanceOf = async (id: string) => (await accounts.findPayer(id))?.balance_credit
const ended = (id: string, fromMs: number, seconds: number) =>
  used.set(id, { id, isOver: true, tm_start: timestamp(fromMs), tm_end: timestamp(fromMs + seconds * 1_000) })

test('fifty calls that begin at once never reserve more than there is', async () => {
  const id = await customer(7 * MINUTE)
  const decisions = await Promise.all(Array.from({ length: 50 }, () => call(id)))
  assert.equal(decisions.filter(({ ok }) => ok).length, 7)
  assert.ok(decisions.every((each) => each.ok || each.refusal === 'insufficient_balance'))
})

test('a call is charged once for its started minutes, however often it is settled, and what it held is free again', async () => {
  const id = await customer(2 * MINUTE)
  const first = await call(id)
  assert.ok(first.ok)
  assert.deepEqual(await desk.extend({ customer_id: id, id: first.reserved.id, units: 2, begun: 1 }), {
    ok: true,
    reserved: { units: 2 },
  })
  assert.equal((await call(id)).ok, false, 'both minutes are held')
  ended(first.reserved.reference_id, clock.wallMs(), 59)
  const rounds = await Promise.all([settler.run(), settler.run(), settler.run()])
  assert.equal(
    rounds.reduce((sum, each) => sum + each, 0),
    1,
  )
  assert.equal(await balanceOf(id), MINUTE)
  assert.equal((await call(id)).ok, true, 'the second minute was not needed')
})

test('a call that nobody answered costs nothing', async () => {
  const id = await customer(MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  used.set(made.reserved.reference_id, {
    id: made.reserved.reference_id,
    isOver: true,
    tm_start: null,
    tm_end: timestamp(clock.wallMs()),
  })
  await settler.run()
  assert.equal(await balanceOf(id), MINUTE)
  assert.deepEqual(await store.open(db, id), [])
})

test('who is told to end pays no more than was promised, however long the end takes', async () => {
  const id = await customer(MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  const more = await desk.extend({ customer_id: id, id: made.reserved.id, units: 2, begun: 1 })
  assert.deepEqual(more, { ok: false, refusal: 'insufficient_balance' })
  ended(made.reserved.reference_id, clock.wallMs(), 75)
  await settler.run()
  assert.equal(await balanceOf(id), 0)
})

test('a repeat for the same call reserves nothing more', async () => {
  const id = await customer(MINUTE)
  const reference_id = ids.uuid()
  const [one, two] = await Promise.all([call(id, { reference_id }), call(id, { reference_id })])
  assert.ok(one.ok && two.ok)
  assert.equal(one.reserved.id, two.reserved.id)
})

test('a credential has limits of its own, within those of its customer', async () => {
  const id = await customer(1_000 * MINUTE)
  const spender = { kind: 'extension', id: ids.uuid() } as const
  await limit(id, 'extension', spender.id, { calls_per_second: 1_000, concurrent_calls: 2, countries: ['us'] })
  assert.equal((await call(id, { spender })).ok, true)
  assert.equal((await call(id, { spender })).ok, true)
  const third = await call(id, { spender })
  assert.deepEqual(third, {
    ok: false,
    refusal: 'limit_reached',
    limited_by: 'extension',
    limit: 'concurrent_calls',
    most: 2,
    used: 2,
  })
  assert.equal((await call(id)).ok, true, 'others still may')
})

test('the tokens of a new month are never fewer than those that are set aside for what goes on', async () => {
  const id = ids.uuid()
  const account = await db.transaction((trx) => billing.createAccount(trx, id, { plan_type: 'professional' }))
  const virtual = { reference_type: 'call', reference_id: ids.uuid(), cost_type: 'call_vn', number: '' } as const
  const made = await desk.reserve({ ...virtual, customer_id: id, country: '', spender: NOBODY, occasion: 'asked' })
  assert.ok(made.ok)
  await desk.extend({ customer_id: id, id: made.reserved.id, units: 300, begun: 299 })
  await billing.accounts.setPlan(account.id, 'free')
  clock.advance(32 * 86_400_000)
  await billing.topUp.topUpSome()
  assert.equal((await accounts.findPayer(id))?.balance_token, 300)
})
