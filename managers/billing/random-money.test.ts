/**
 * Money under fire: random charges, uses, refunds, purchases, top-ups, plan changes and new prices in random order, several at
 * once, with transactions that are broken off at random points and connections that are cut under them; what was broken off is
 * asked again, as whoever charges does. `npm run money:random` does 10,000; `RANDOM_SEED=n` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyTransaction, DatabaseUnavailable, sqlState } from '#platform/db'
import { ReasonedError } from '#platform/errors'
import { systemIds, uuidOfName } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { PLAN_TOKENS, type PlanType } from './account.ts'
import { Auditor } from './audit/auditor.ts'
import type { BillingRecord } from './billing.ts'
import type { CostType } from './cost.ts'
import { migrations } from './migrations/index.ts'
import { PaddleEvents } from './paddle/paddle-events.ts'
import { sign } from './paddle/signature.ts'
import { RateDecks } from './rate/deck-service.ts'
import { Rerater } from './rerate.ts'
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
const billing = new BillingService(basics)
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
        refusals.set(error.reason, (refusals.get(error.reason) ?? 0) + 1)
        return
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

  const audit = await new Auditor({ db, clock, log: silentLog }).run(new AbortController().signal)
  assert.deepEqual([audit.accounts, audit.unbalanced], [CUSTOMERS, []], `RANDOM_SEED=${SEED}`)
  const period = { from: timestamp(0), to: timestamp(clock.wallMs() + 1) }
  const { charges, booked, computed, differing } = await new Rerater(db).rerate(period)
  assert.deepEqual([computed, differing], [booked, 0], `RANDOM_SEED=${SEED}`)
  assert.ok(charges >= charged.size && charges > STEPS / 4, `${charges} charges`)
  assert.ok(broken > 0, 'nothing was broken off')
  console.log({ steps: STEPS, charges, broken, refusals: Object.fromEntries(refusals), booked })
})

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
