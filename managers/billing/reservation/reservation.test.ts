import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHub } from '#platform/bus'
import { type Database, DatabaseUnavailable } from '#platform/db'
import { eventMigrations } from '#platform/events'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { eventually, freshDatabase } from '#testkit'
import { LimitStore } from '../caps/limit-store.ts'
import { NOBODY, type Spender } from '../caps/limits.ts'
import { emptyUsage, UsageStore } from '../caps/usage-store.ts'
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
/** Lives that are over. */
const over = new Set<string>()
/** What happens between the look at what is reserved and that at what became of it. */
let meanwhile: (() => Promise<void>) | undefined
const uses = {
  find: async (_: string, __: string, asked: readonly string[]) => {
    const happens = meanwhile
    meanwhile = undefined
    await happens?.()
    return asked.flatMap((id) => used.get(id) ?? [])
  },
}
const settler = new Settler({
  ...{ db, clock, log: silentLog, billing, uses, undecidedSeconds: 300 },
  livesOver: async (lives) => lives.filter((each) => over.has(each)),
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

const call = (
  customer_id: string,
  {
    desk: by = desk,
    ...more
  }: { spender?: Spender; number?: string; reference_id?: string; desk?: ReservationDesk } = {},
) =>
  by.reserve({
    ...{ customer_id, reference_type: 'call', reference_id: ids.uuid(), cost_type: 'call_pstn_outgoing' },
    ...{ number: '+14155550100', country: 'us', spender: NOBODY, occasion: 'asked', ...more },
  })

const usage = new UsageStore()
const USAGE = 'select usage_duration from billings where reference_id = $1'
const tokensOf = async (id: string) => (await accounts.findPayer(id))?.balance_token ?? Number.NaN
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

test('a clock that jumps by hours during a call makes it cost no more than was reserved, and what may be talked on undecided', async () => {
  const id = await customer(1_000 * MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  await desk.extend({ customer_id: id, id: made.reserved.id, units: 3, begun: 2 })
  ended(made.reserved.reference_id, clock.wallMs(), 5 * 3_600)
  await settler.run()
  assert.equal(await balanceOf(id), (1_000 - 3 - 5) * MINUTE)
  const recording = await desk.reserve({
    ...{ customer_id: id, reference_type: 'recording', reference_id: ids.uuid(), cost_type: 'recording', number: '' },
    ...{ country: '', spender: NOBODY, occasion: 'asked' },
  })
  assert.ok(recording.ok)
  const before = await tokensOf(id)
  ended(recording.reserved.reference_id, clock.wallMs(), 5 * 3_600)
  await settler.run()
  assert.equal(before - (await tokensOf(id)), 3, 'nothing but calls that go out talks on undecided')
})

test('a clock that goes back during a call does not make it free: what had begun is charged', async () => {
  const id = await customer(1_000 * MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  await desk.extend({ customer_id: id, id: made.reserved.id, units: 8, begun: 7 })
  ended(made.reserved.reference_id, clock.wallMs(), -3_600)
  await settler.run()
  assert.equal(await balanceOf(id), (1_000 - 7) * MINUTE)
  const rows = await db.query<{ usage_duration: number }>(USAGE, [made.reserved.reference_id])
  assert.deepEqual(rows, [{ usage_duration: 361 }], 'the row says a time that has its price')
})

test('what is reserved while a settlement is about to begin is given back to the last unit, and a promise of that moment holds', async () => {
  const id = await customer(3 * MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  const { reference_id } = made.reserved
  // the record is read after the reservation: meanwhile its meter had two more minutes, and was told to end with them
  meanwhile = async () => {
    assert.equal((await desk.extend({ customer_id: id, id: made.reserved.id, units: 3, begun: 2 })).ok, true)
    assert.equal((await desk.extend({ customer_id: id, id: made.reserved.id, units: 4, begun: 3 })).ok, false)
    ended(reference_id, clock.wallMs(), 200)
  }
  await settler.run()
  assert.equal(await balanceOf(id), 0, 'three minutes, and not the fourth that its end took')
  assert.equal((await usage.usages(db, id, clock.wallMs())).get(`outside:${NIL_UUID}`)?.hour.money, 3 * MINUTE)
})

test('who was refused, did not hear it and goes on with new money pays for all of it', async () => {
  const id = await customer(MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  const extend = () => desk.extend({ customer_id: id, id: made.reserved.id, units: 2, begun: 1 })
  assert.equal((await extend()).ok, false)
  await db.query('update billing_accounts set balance_credit = $1 where customer_id = $2', [5 * MINUTE, id])
  assert.equal((await extend()).ok, true)
  ended(made.reserved.reference_id, clock.wallMs(), 100)
  await settler.run()
  assert.equal(await balanceOf(id), 3 * MINUTE)
})

const deskOf = (life: string) => new ReservationDesk({ db, clock, ids, billing, life })
const spentBy = async (id: string) => {
  const { concurrent, hour } = (await usage.usages(db, id, clock.wallMs())).get(`outside:${NIL_UUID}`) ?? emptyUsage()
  return { concurrent, money: hour.money }
}

test('what a process that was killed has reserved for calls that never came to be is free again as soon as it is known to be over', async () => {
  const id = await customer(2 * MINUTE)
  const killed = deskOf('killed')
  const [made, record] = [await call(id, { desk: killed }), await call(id, { desk: killed })]
  assert.ok(made.ok && record.ok)
  const since = { id: record.reserved.reference_id, tm_start: timestamp(clock.wallMs()), tm_end: null }
  used.set(since.id, { ...since, isOver: false })
  await settler.run()
  assert.equal((await call(id)).ok, false, 'it may still be alive')
  over.add('killed')
  await settler.run()
  assert.deepEqual(await spentBy(id), { concurrent: 1, money: MINUTE }, 'what has a record is held until it is closed')
  assert.equal((await call(id)).ok, true)
  ended(since.id, clock.wallMs(), 30)
  await settler.run()
  assert.equal(await balanceOf(id), MINUTE)
})

test('a call that turns up after what it had reserved was given back is charged, once, and for no more than it had', async () => {
  const id = await customer(9 * MINUTE)
  const made = await call(id, { desk: deskOf('silent') })
  assert.ok(made.ok)
  over.add('silent')
  await settler.run()
  await settler.run()
  assert.deepEqual(await spentBy(id), { concurrent: 0, money: 0 })
  ended(made.reserved.reference_id, clock.wallMs(), 600)
  await Promise.all([settler.run(), settler.run()])
  await settler.run()
  assert.equal(await balanceOf(id), 8 * MINUTE)
  assert.deepEqual(await spentBy(id), { concurrent: 0, money: MINUTE })
  assert.deepEqual(await store.open(db, id), [])
})

test('who was thought dead and asks for more holds all of it again, and pays for all of it', async () => {
  const id = await customer(9 * MINUTE)
  const silent = deskOf('silent too')
  const made = await call(id, { desk: silent })
  assert.ok(made.ok)
  over.add('silent too')
  await settler.run()
  const more = await silent.extend({ customer_id: id, id: made.reserved.id, units: 2, begun: 1 })
  assert.equal(more.ok, true)
  assert.deepEqual(await spentBy(id), { concurrent: 1, money: 2 * MINUTE })
  ended(made.reserved.reference_id, clock.wallMs(), 100)
  await settler.run()
  assert.equal(await balanceOf(id), 7 * MINUTE)
})

test('a life that begins a call again which an earlier one had reserved for has it from then on', async () => {
  const id = await customer(2 * MINUTE)
  const reference_id = ids.uuid()
  const first = await call(id, { reference_id, desk: deskOf('earlier') })
  over.add('earlier')
  const again = await call(id, { reference_id, desk: deskOf('later') })
  assert.ok(first.ok && again.ok)
  assert.equal(again.reserved.id, first.reserved.id)
  await settler.run()
  assert.deepEqual(await spentBy(id), { concurrent: 1, money: MINUTE })
})

test('a call that is begun again after what it had reserved was given back is not free', async () => {
  const id = await customer(2 * MINUTE)
  const [reference_id, lapsed] = [ids.uuid(), ids.uuid()]
  const made = await call(id, { reference_id })
  assert.ok(made.ok)
  await desk.release(id, made.reserved.id)
  assert.equal((await call(id, { reference_id: lapsed, desk: deskOf('before') })).ok, true)
  over.add('before')
  await settler.run()
  for (const reference of [reference_id, lapsed]) {
    assert.equal((await call(id, { reference_id: reference })).ok, true)
    ended(reference, clock.wallMs(), 30)
  }
  await settler.run()
  assert.equal(await balanceOf(id), 0)
})

test('money that was reserved although nobody heard the answer is given back soon, unless the call is begun again', async () => {
  const id = await customer(2 * MINUTE)
  let isAway = true
  const deaf: Database = Object.assign(Object.create(db), {
    withDeadline: db.withDeadline.bind(db),
    transaction: async (work: Parameters<Database['transaction']>[0]) => {
      const result = await db.transaction(work)
      if (isAway) throw new DatabaseUnavailable('timeout')
      return result
    },
  })
  const unheard = new ReservationDesk({ db: deaf, clock, ids, billing })
  const reference_id = ids.uuid()
  for (const more of [{}, { reference_id }])
    await assert.rejects(call(id, { ...more, desk: unheard }), DatabaseUnavailable)
  assert.equal((await store.open(db, id)).length, 2)
  isAway = false
  const again = await call(id, { reference_id, desk: unheard })
  assert.ok(again.ok)
  clock.advance(5_000)
  await eventually('one is free again', async () => (await store.open(db, id)).length === 1)
  assert.deepEqual(
    (await store.open(db, id)).map((each) => each.id),
    [again.reserved.id],
  )
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

test('wishes for one call that share a transaction see what those before them did: nothing of what was counted is left over', async () => {
  const id = await customer(50 * MINUTE)
  const made = await call(id)
  assert.ok(made.ok)
  const extend = (units: number) => desk.extend({ customer_id: id, id: made.reserved.id, units, begun: units - 1 })
  await Promise.all([extend(2), extend(3), extend(5), desk.release(id, made.reserved.id), extend(6)])
  assert.deepEqual(await spentBy(id), { concurrent: 0, money: 0 })
  assert.deepEqual(await store.open(db, id), [])
})

test('callers from outside and the customer itself use up limits of their own, and none of the other’s', async () => {
  const id = await customer(1_000 * MINUTE)
  await limit(id, 'customer', NIL_UUID, { calls_per_second: 1_000, money_per_hour: 2 * MINUTE })
  const own = { spender: { kind: 'agent', id: ids.uuid() } } as const
  for (const caller of [{}, own]) {
    const decisions = await Promise.all([1, 2, 3].map(() => call(id, caller)))
    assert.deepEqual(decisions.map(({ ok }) => ok).toSorted(), [false, true, true])
  }
  const refused = await call(id)
  assert.equal(!refused.ok && refused.refusal === 'limit_reached' && refused.limited_by, 'outside')
})

test('strangers who are called on to an expensive destination leave its quarantine to the customer', async () => {
  const id = await customer(1_000 * MINUTE)
  await limit(id, 'customer', NIL_UUID, { calls_per_second: 1_000, quarantine_rate: 1, quarantine_minutes: 2 })
  const own = { spender: { kind: 'agent', id: ids.uuid() } } as const
  for (const caller of [{}, own]) {
    const decisions = await Promise.all([1, 2, 3].map(() => call(id, caller)))
    assert.deepEqual(decisions.map(({ ok }) => ok).toSorted(), [false, true, true])
  }
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

test('a call goes on at the cost of the account that it began with, whoever pays for its customer meanwhile', async () => {
  const id = await customer(10 * MINUTE)
  const operator = await customer(MINUTE)
  const [own, others] = [(await accounts.findPayer(id))?.id, (await accounts.findPayer(operator))?.id]
  assert.ok(own && others)
  await db.transaction((trx) => billing.setPayer(trx, id, others, { anyones: true }))
  const made = await call(id)
  assert.ok(made.ok)
  await db.transaction((trx) => billing.setPayer(trx, id, own))
  const minute = (reservation: string, units: number) =>
    desk.extend({ customer_id: id, id: reservation, units, begun: units - 1 })
  assert.deepEqual(await minute(made.reserved.id, 2), { ok: false, refusal: 'insufficient_balance' })
  ended(made.reserved.reference_id, clock.wallMs(), 70)
  await settler.run()
  assert.equal(await balanceOf(operator), 0, 'it paid for what it had')
  const later = await call(id)
  assert.ok(later.ok)
  assert.equal((await minute(later.reserved.id, 2)).ok, true, 'the new account pays for what began on it')
  await db.transaction((trx) => billing.setStatus(trx, id, 'frozen'))
  assert.deepEqual(await minute(later.reserved.id, 3), { ok: false, refusal: 'account_suspended' })
})

test('customers who pay for each other’s calls extend them at once without waiting for each other', async () => {
  const both = [await customer(50 * MINUTE), await customer(50 * MINUTE)]
  const paying = await Promise.all(both.map(async (id) => (await accounts.findPayer(id))?.id ?? ''))
  const calls = await Promise.all(both.map((id) => call(id)))
  for (const [at, id] of both.entries())
    await db.transaction((trx) => billing.setPayer(trx, id, paying[1 - at] ?? '', { anyones: true }))
  for (let units = 2; units < 22; units++) {
    const decisions = await Promise.all(
      calls.map((made, at) => {
        assert.ok(made.ok)
        const customer_id = both[at] ?? ''
        return desk.extend({ customer_id, id: made.reserved.id, units, begun: units - 1 })
      }),
    )
    assert.ok(decisions.every(({ ok }) => ok))
  }
})
