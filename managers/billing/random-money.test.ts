/**
 * Money under fire: random charges, uses, reservations that are extended, released and settled, lives that die, refunds,
 * purchases, top-ups, plan changes and new prices in random order, several at once, with transactions that are broken off at random points and connections that are cut under them; what was broken off is
 * asked again, as whoever charges does. `npm run money:random` does 10,000; `RANDOM_SEED=n` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHub } from '#platform/bus'
import { type AnyTransaction, type Database, DatabaseUnavailable, sqlState } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { systemIds, uuidOfName } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { eventually, freshDatabase } from '#testkit'
import { PLAN_TOKENS, type PlanType } from './account.ts'
import { Auditor } from './audit/auditor.ts'
import type { BillingRecord } from './billing.ts'
import { NOBODY, type Spender } from './caps/limits.ts'
import type { CostType } from './cost.ts'
import { migrations } from './migrations/index.ts'
import { PaddleEvents } from './paddle/paddle-events.ts'
import { sign } from './paddle/signature.ts'
import { RateDecks } from './rate/deck-service.ts'
import { Rerater } from './rerate.ts'
import type { Reservation } from './reservation/reservation.ts'
import { ReservationDesk } from './reservation/reservation-desk.ts'
import { ReservationStore } from './reservation/reservation-store.ts'
import { Settler, type Use } from './reservation/settler.ts'
import { BillingService } from './service.ts'
import { BillingStore } from './store.ts'

const STEPS = Number(process.env.RANDOM_MONEY ?? 200)
const SEED = Number(process.env.RANDOM_SEED ?? 20_261_126)
const AT_ONCE = 6
const CUSTOMERS = 8
const SECRET = 'secret'

class BrokenOff extends Error {}

const { db, name } = await freshDatabase(migrations)
const clock = new ManualClock()
const basics = { db, clock, ids: systemIds }
const holds = new ReservationStore()
const billing = new BillingService({ ...basics, holds })
const decks = new RateDecks(basics)
const store = new BillingStore(db)
const paddle = new PaddleEvents({
  ...{ ...basics, log: silentLog, store, ledger: billing.ledger },
  ...{ webhookSecret: SECRET, planOfPrice: new Map() },
})
const { below, pick } = random(SEED)
const customers: { id: string; account: string }[] = []
/** What each thing that was asked for has cost: the same one may be asked again, and costs nothing more. */
const charged = new Map<string, string>()
const refusals = new Map<string, number>()
let broken = 0

/** What goes on and is reserved for, by what it is. */
const going = new Map<string, { reservation: Reservation; life: string; units: number }>()
/** What is on record of it. */
const used = new Map<string, Use>()
const livesOver = new Set<string>()
let lives = 0
let isShaky = true
/** Breaks off and is cut like every other transaction, and now and then its answer is lost. */
const shaky: Database = Object.assign(Object.create(db), {
  withDeadline: db.withDeadline.bind(db),
  query: db.query.bind(db),
  kysely: db.kysely.bind(db),
  transaction: async (work: (trx: AnyTransaction) => Promise<unknown>) => {
    if (!isShaky) return db.transaction(work)
    const isLost = below(20) === 0
    const result = await transaction(work)
    if (isLost) throw new DatabaseUnavailable('timeout')
    return result
  },
})
const deskOfLife = () => new ReservationDesk({ ...basics, db: shaky, billing, life: `life ${lives}` })
let desk = deskOfLife()
const settler = new Settler({
  ...{ db: shaky, clock, log: silentLog, billing, undecidedSeconds: 300 },
  bus: threadHub({ clock, log: silentLog, reasons: new Map() }),
  uses: { find: async (_, __, asked) => asked.flatMap((id) => used.get(id) ?? []) },
  livesOver: async (asked) => asked.filter((each) => livesOver.has(each)),
})

type Step = (nr: number) => Promise<unknown>

/** The transaction, which breaks off before it commits, or under which the connection is cut, now and then. */
function transaction<T>(work: (trx: AnyTransaction) => Promise<T>): Promise<T> {
  const fate = below(30)
  return db.transaction(async (trx) => {
    const result = await work(trx)
    if (fate < 3) throw new BrokenOff()
    if (fate === 3) {
      await db.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state = $2', [
        name,
        'idle in transaction',
      ])
    }
    return result
  })
}

const someone = () => pick(customers)
/** A new thing, or one that was asked for before. */
const reference = (nr: number) => uuidOfName(`thing ${below(4) === 0 ? below(nr + 1) : nr}`)

/** Something that goes on, as long as there is any. */
const something = () => (going.size === 0 ? undefined : pick([...going.values()]))

/** It is over: never answered, after some time, or by a clock that was set meanwhile. */
function over({ reservation: { reference_id: id } }: { reservation: Reservation }): void {
  const [startMs, hour] = [clock.wallMs(), 3_600_000]
  const span = pick([below(600_000), below(600_000), 5 * hour, 0 - hour])
  const tm_start = below(5) === 0 ? null : timestamp(startMs)
  used.set(id, { id, isOver: true, tm_start, tm_end: timestamp(startMs + span) })
  going.delete(id)
}

const steps: readonly [weight: number, Step][] = [
  [
    30,
    async (nr) => {
      const cost_type: CostType = pick(['sms', 'email', 'number', 'number_renew'])
      const [what, count] = [reference(nr), 1 + below(3)]
      await note(await transaction((trx) => charge(trx, cost_type, what, count)))
    },
  ],
  [
    40,
    async (nr) => {
      const cost_type: CostType = pick(['call_vn', 'call_pstn_outgoing', 'call_pstn_incoming', 'tts', 'recording'])
      const { id, account } = someone()
      const number = `+${pick(['44', '447', '1', '999'])}${below(1e8)}`
      const usages = Array.from({ length: 1 + below(4) }, (_, at) => {
        const [reference_id, seconds] = [at === 0 ? reference(nr) : uuidOfName(`thing ${nr} ${at}`), below(400)]
        const tm_billing_start = timestamp(clock.wallMs())
        clock.advance(seconds * 1_000 + below(1_000))
        const times = { tm_billing_start, tm_billing_end: timestamp(clock.wallMs()) }
        return { cost_type, reference_type: 'call', reference_id, number, ...times } as const
      })
      for (const row of await transaction((trx) => billing.ledger.settle(trx, id, account, usages))) await note(row)
    },
  ],
  [
    40,
    async (nr) => {
      const reference_id = uuidOfName(`use ${below(4) === 0 ? below(nr + 1) : nr}`)
      const [reference_type, cost_type] = pick([
        ['call', 'call_pstn_outgoing'],
        ['call', 'call_vn'],
        ['recording', 'recording'],
      ] as const)
      const spender = pick<Spender>([NOBODY, { kind: 'agent', id: uuidOfName(`agent ${below(4)}`) }])
      const life = `life ${lives}`
      const owner = customers[Number.parseInt(reference_id.slice(0, 4), 16) % CUSTOMERS] ?? someone()
      const decision = await desk.reserve({
        ...{ customer_id: owner.id, reference_type, reference_id, cost_type, country: '', spender, occasion: 'asked' },
        number: cost_type === 'recording' ? '' : `+${pick(['44', '447', '1'])}${below(1e8)}`,
      })
      if (!decision.ok) return refused(decision.refusal)
      const { reserved } = decision
      if (reserved.status === 'open')
        going.set(reserved.reference_id, { reservation: reserved, life, units: reserved.units })
    },
  ],
  [
    40,
    async () => {
      const some = something()
      if (!some) return
      const { customer_id, id, reference_id, rate } = some.reservation
      if (below(3) === 0) used.set(reference_id, { id: reference_id, isOver: false, tm_start: null, tm_end: null })
      clock.advance(below(rate.unit_seconds * 1_000))
      const [units, begun] = [some.units + 1 + below(3), some.units]
      const decision = await desk.extend({ customer_id, id, units, begun })
      if (decision.ok) some.units = decision.reserved.units
      else {
        refused(decision.refusal)
        over(some)
      }
    },
  ],
  [30, async () => void [something()].flatMap((some) => (some ? [over(some)] : []))],
  [
    5,
    async () => {
      const some = something()
      if (!some || used.has(some.reservation.reference_id)) return
      going.delete(some.reservation.reference_id)
      await desk.release(some.reservation.customer_id, some.reservation.id)
    },
  ],
  [10, () => Promise.all([settler.run(), settler.run()])],
  [
    2,
    async () => {
      const dead = `life ${lives}`
      lives++
      desk = deskOfLife()
      // what had a record is closed by who clears up; of the rest one turns up late, now and then
      for (const some of going.values()) {
        if (some.life !== dead) continue
        if (used.has(some.reservation.reference_id) || below(8) === 0) over(some)
        else if (below(2) === 0) going.delete(some.reservation.reference_id)
      }
      livesOver.add(dead)
    },
  ],
  [
    5,
    (nr) => {
      const [reference_type, reference_id] = [pick(['sms', 'call'] as const), uuidOfName(`thing ${below(nr + 1)}`)]
      return transaction((trx) => billing.refund(trx, { reference_type, reference_id }))
    },
  ],
  [10, async () => billing.accounts.moveCredit(someone().account, pick([1, -1]), { balance_micros: 1 + below(9e6) })],
  [5, async () => billing.accounts.moveTokens(someone().account, pick([1, -1]), 1 + below(50))],
  [5, async () => billing.accounts.setPlan(someone().account, pick(Object.keys(PLAN_TOKENS) as PlanType[]))],
  [3, async () => billing.accounts.setStatus(someone().account, pick(['active', 'active', 'frozen']))],
  [
    8,
    async (nr) => {
      const custom_data = { customer_id: someone().id, plan_type: pick(['basic', 'professional']) }
      const [id, total] = [`x${below(nr + 1)}`, String(below(900))]
      const notices: [string, object][] = [
        ['transaction.completed', { custom_data, details: { totals: { total } } }],
        ['transaction.refunded', { custom_data, adjustments: [{ id: `adj_${id}`, totals: { total } }] }],
        ['subscription.created', { id: `sub_${custom_data.customer_id}`, custom_data }],
        ['subscription.canceled', { id: `sub_${custom_data.customer_id}`, custom_data }],
      ]
      await tell(pick(notices), `evt_${id}`)
    },
  ],
  [
    2,
    async () => {
      clock.advance(below(40) * 86_400_000)
      await Promise.all([billing.topUp.topUpSome(), billing.topUp.topUpSome()])
    },
  ],
  [
    2,
    async () => {
      const rate = (prefix: string) => ({ prefix, token_per_unit: 0, credit_per_unit: below(50_000) })
      const rates = ['', '44', '447'].map((each) => ({ cost_type: 'call_pstn_outgoing' as const, ...rate(each) }))
      await decks.create({ name: 'random', based_on: 1, rates })
      clock.advance(below(10_000))
    },
  ],
  [2, async () => db.transaction((trx) => billing.setPayer(trx, someone().id, someone().account, { anyones: true }))],
]

function charge(trx: AnyTransaction, cost_type: CostType, reference_id: string, count: number): Promise<BillingRecord> {
  return billing.charge(trx, someone().id, { cost_type, reference_type: 'sms', reference_id, count })
}

/** The same thing always has the same row. */
async function note({ id, reference_type, reference_id }: BillingRecord): Promise<void> {
  const key = `${reference_type} ${reference_id}`
  assert.equal(charged.get(key) ?? id, id, `${key} was charged twice`)
  charged.set(key, id)
}

function refused(why: string): void {
  refusals.set(why, (refusals.get(why) ?? 0) + 1)
}

async function tell([event_type, data]: [string, object], event_id: string): Promise<void> {
  const occurred_at = timestamp(clock.wallMs())
  const bytes = Buffer.from(JSON.stringify({ event_id: `${event_type} ${event_id}`, event_type, occurred_at, data }))
  for (let times = 1 + below(2); times > 0; times--) await paddle.take(bytes, sign(bytes, SECRET, clock.wallMs()))
}

/** Does a step; one that was broken off is done again later, as a caller would, or never. */
async function attempt(nr: number, step: Step): Promise<void> {
  for (let times = 0; times < 3; times++)
    try {
      await step(nr)
      return
    } catch (error) {
      if (error instanceof ReasonedError) {
        return refused(error.reason)
      }
      const isPassing = error instanceof BrokenOff || error instanceof DatabaseUnavailable
      if (!isPassing && !['40P01', '23505'].includes(sqlState(error) ?? '')) throw error
      broken++
    }
}

test(`after ${STEPS} random steps every balance is the sum of its rows, and rating again gives the same sum`, async () => {
  for (let made = 0; made < CUSTOMERS; made++) {
    const id = systemIds.uuid()
    const plan_type = made === 0 ? 'unlimited' : 'free'
    const start = { plan_type, balance_credit: below(20_000_000) } as const
    const account = await db.transaction((trx) => billing.createAccount(trx, id, start))
    customers.push({ id, account: account.id })
  }
  const often = steps.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))
  let nr = 0
  const worker = async () => {
    while (nr < STEPS) await attempt(nr++, pick(often))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))

  await endAll()
  const audit = await new Auditor({ db, clock, log: silentLog }).run(new AbortController().signal)
  assert.deepEqual([audit.accounts, audit.unbalanced], [CUSTOMERS, []], `RANDOM_SEED=${SEED}`)
  const period = { from: timestamp(0), to: timestamp(clock.wallMs() + 1) }
  const { charges, booked, computed, differing } = await new Rerater(db).rerate(period)
  assert.deepEqual([computed, differing], [booked, 0], `RANDOM_SEED=${SEED}`)
  assert.ok(charges >= charged.size && charges > STEPS / 4, `${charges} charges`)
  assert.ok(broken > 0, 'nothing was broken off')
  console.log({ steps: STEPS, charges, broken, refusals: Object.fromEntries(refusals), booked })
})

/** What goes on is over, and every life: then nothing may be held, and what was spent is what was charged, to the micro. */
async function endAll(): Promise<void> {
  isShaky = false
  // what has a record is closed by who clears up
  for (const some of going.values()) if (used.has(some.reservation.reference_id) || below(2) === 0) over(some)
  for (let life = 0; life <= lives; life++) livesOver.add(`life ${life}`)
  clock.advance(5_000) // what nobody heard of is let go
  await eventually('nothing is held for what nobody uses', async () => {
    await settler.run()
    const [held] = await db.query<{ n: number }>(
      `select count(*)::bigint as n from reservations where status = 'open' and (units > 0 or amount_credit <> 0)`,
    )
    return held?.n === 0
  })
  clock.advance(2 * 3_600_000 + 1_000)
  await settler.run()
  const [left] = await db.query<{ open: number; settled: number; differing: number }>(
    `select count(*) filter (where r.status = 'open')::bigint as open,
       count(*) filter (where r.status = 'settled')::bigint as settled,
       count(*) filter (where (r.status = 'settled') <> (b.id is not null))::bigint as differing
     from reservations r left join billings b on b.reference_type = r.reference_type
       and b.reference_id = r.reference_id and b.transaction_type = 'usage'`,
  )
  assert.deepEqual([left?.open, left?.differing], [0, 0], `RANDOM_SEED=${SEED}`)
  assert.ok((left?.settled ?? 0) > STEPS / 50, `${left?.settled} reservations were settled`)
  const spent = await db.query<{ customer_id: string; money: number; charged: number }>(
    `select customer_id, coalesce(s.money, 0)::bigint as money, coalesce(c.money, 0)::bigint as charged
     from (select customer_id, sum(money) as money from spending_buckets
           where kind in ('customer', 'outside') group by customer_id) s
     full join (select b.customer_id, sum(b.billable_units * b.rate_credit_per_unit) as money
           from reservations r join billings b on b.reference_type = r.reference_type
             and b.reference_id = r.reference_id and b.transaction_type = 'usage'
           group by b.customer_id) c using (customer_id)`,
  )
  for (const { money, charged: cost } of spent) assert.equal(money, cost, `RANDOM_SEED=${SEED}`)
}

/** Numbers that the same seed gives again (mulberry32). */
function random(seed: number) {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T
  return { below, pick }
}
