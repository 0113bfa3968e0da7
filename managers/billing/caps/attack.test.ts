import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHub } from '#platform/bus'
import { eventMigrations } from '#platform/events'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock, timestamp } from '#platform/time'
import { freshDatabase } from '#testkit'
import { billingErrors } from '../errors.ts'
import { migrations } from '../migrations/index.ts'
import { isCounted, type Reservation } from '../reservation/reservation.ts'
import { ReservationDesk } from '../reservation/reservation-desk.ts'
import { ReservationStore } from '../reservation/reservation-store.ts'
import { Settler, type Use } from '../reservation/settler.ts'
import { BillingService } from '../service.ts'
import { BillingStore } from '../store.ts'
import type { SpendingExposureView } from './contract.ts'
import { NOBODY, type Spender } from './limits.ts'
import { SpendingLimits } from './service.ts'
import { BUCKET_MS } from './usage-store.ts'

const { db } = await freshDatabase([...eventMigrations, ...migrations])
const USD = 1_000_000
const UNDECIDED_S = 300
const MINUTE_MS = 60_000
const HOURS = 10
const SEED = Number(process.env.ATTACK_SEED ?? 7)

// what an attacker looks for: satellite and premium numbers, some in short intervals
const DEAR = [
  { prefix: '881', credit: 4 * USD, seconds: 60 },
  { prefix: '8835', credit: 20_000, seconds: 1 },
  { prefix: '4490', credit: 190_000, seconds: 60 }, // just below what is put into quarantine
]
for (const { prefix, credit, seconds } of DEAR)
  await db.query('insert into rate_deck_rates values (1, $1, $2, $3, 0, $4, $5)', [
    ...['call_pstn_outgoing', prefix, ''],
    ...[credit, seconds],
  ])

/** A Lehmer generator: the same attack for the same seed. */
function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % sides
  }
}

interface Running {
  reservation: Reservation
  startMs: number
  units: number
}

/** Somebody who has a credential and spends as fast as it lets him, for ten hours of a clock that is turned by hand. */
class Attacker {
  readonly clock = new ManualClock()
  readonly ids = systemIds
  readonly billing = new BillingService({ db, clock: this.clock, ids: systemIds, holds: new ReservationStore() })
  readonly desk = new ReservationDesk({ db, clock: this.clock, ids: systemIds, billing: this.billing })
  readonly limits = new SpendingLimits({
    ...{ db, clock: this.clock, ids: systemIds, undecidedSeconds: UNDECIDED_S },
    countriesOf: async () => this.#countries,
    callingCodeOf: () => '1',
  })
  readonly #used = new Map<string, Use>()
  readonly #settler = new Settler({
    ...{ db, clock: this.clock, log: silentLog, billing: this.billing, undecidedSeconds: UNDECIDED_S },
    livesOver: async () => [],
    bus: threadHub({ clock: this.clock, log: silentLog, reasons: new Map() }),
    uses: { find: async (_, __, ids) => ids.flatMap((id) => this.#used.get(id) ?? []) },
  })
  readonly #roll = dice(SEED)
  readonly #countries: readonly string[] | 'all'
  readonly #prefixes: readonly string[]
  customer = ''
  #running: Running[] = []
  calls = 0

  constructor(countries: readonly string[] | 'all' = 'all', prefixes = DEAR.map(({ prefix }) => prefix)) {
    this.#countries = countries
    this.#prefixes = prefixes
  }

  async begin(balance_credit: number): Promise<void> {
    this.customer = this.ids.uuid()
    await db.transaction((trx) => this.billing.createAccount(trx, this.customer, { balance_credit }))
  }

  async balance(): Promise<number> {
    return (await new BillingStore(db).findPayer(this.customer))?.balance_credit ?? 0
  }

  get isIdle(): boolean {
    return this.#running.length === 0
  }

  /**
   * As much as is let through: calls to whatever is dearest, and beside them calls to numbers of the customer's own, and
   * recordings, of which no limit counts minutes; gives how many.
   */
  async call(spenders: readonly Spender[]): Promise<number> {
    const before = this.calls
    const wishes = Array.from({ length: 16 }, (_, at) => {
      const spender = spenders[at % spenders.length] ?? NOBODY
      const reference_id = this.ids.uuid()
      const of = { customer_id: this.customer, reference_id, country: 'gb', spender, occasion: 'asked' } as const
      const prefix = this.#prefixes[this.#roll(this.#prefixes.length)] ?? ''
      const number = `+${prefix}${1_000_000 + this.#roll(1_000_000)}`
      switch (this.#roll(4)) {
        case 0:
          return this.desk.reserve({ ...of, reference_type: 'recording', cost_type: 'recording', number: '' })
        case 1:
          return this.desk.reserve({ ...of, reference_type: 'call', cost_type: 'call_vn', number: '+899000000001' })
        default:
          return this.desk.reserve({ ...of, reference_type: 'call', cost_type: 'call_pstn_outgoing', number })
      }
    })
    for (const decision of await Promise.all(wishes)) {
      if (!decision.ok) continue
      this.calls++
      const { reserved } = decision
      this.#running.push({ reservation: reserved, startMs: this.clock.wallMs(), units: reserved.units })
    }
    return this.calls - before
  }

  /** Everything that runs goes on; what is refused ends where it must. */
  async goOn(): Promise<void> {
    const decisions = await Promise.all(
      this.#running.map(async (each) => {
        const { rate, id } = each.reservation
        const begun = Math.ceil((this.clock.wallMs() - each.startMs) / 1_000 / rate.unit_seconds)
        const units = begun + Math.ceil(60 / rate.unit_seconds)
        return this.desk.extend({ customer_id: this.customer, id, units, begun })
      }),
    )
    const ended = this.#running.filter((each, at) => {
      const decision = decisions[at]
      if (decision?.ok) each.units = decision.reserved.units
      return !decision?.ok
    })
    for (const each of ended) this.#end(each, each.startMs + each.units * each.reservation.rate.unit_seconds * 1_000)
    if (ended.length > 0) await this.#settler.run()
  }

  /** The database is away: calls that go out talk on for as long as they may, and all else ends with what is paid. */
  async talkOn(): Promise<void> {
    const all = this.#running.map((each) => ({
      each,
      paidMs: each.startMs + each.units * each.reservation.rate.unit_seconds * 1_000,
    }))
    this.clock.advance(UNDECIDED_S * 1_000 + MINUTE_MS)
    for (const { each, paidMs } of all)
      this.#end(each, paidMs + (isCounted(each.reservation) ? UNDECIDED_S * 1_000 : 0))
    await this.#settler.run()
  }

  async hangUpSome(): Promise<void> {
    for (const each of [...this.#running]) if (this.#roll(9) === 0) this.#end(each, this.clock.wallMs())
    await this.#settler.run()
  }

  async stop(): Promise<void> {
    for (const each of [...this.#running]) this.#end(each, this.clock.wallMs())
    await this.#settler.run()
  }

  #end(each: Running, endMs: number): void {
    this.#running = this.#running.filter((other) => other !== each)
    const id = each.reservation.reference_id
    this.#used.set(id, { id, isOver: true, tm_start: timestamp(each.startMs), tm_end: timestamp(endMs) })
  }
}

async function tenHours(attacker: Attacker, spenders: () => Spender[], beside: () => Promise<void> = async () => {}) {
  const startMs = attacker.clock.wallMs()
  for (let minute = 0; attacker.clock.wallMs() < startMs + HOURS * 3_600_000; minute++) {
    await attacker.call(spenders())
    attacker.clock.advance(1_100)
    const more = await attacker.call(spenders())
    await beside()
    // limits move on in steps of five minutes: until then nothing would be let through
    const stepMs = more === 0 && attacker.isIdle ? BUCKET_MS : MINUTE_MS
    attacker.clock.advance(stepMs - (attacker.clock.wallMs() % stepMs))
    await attacker.goOn()
    if (minute % 7 === 3) await attacker.hangUpSome()
    if (minute === 1) await attacker.talkOn()
  }
  await attacker.stop()
}

function print(what: string, loss: number, calls: number, { money, calls: within }: SpendingExposureView) {
  const usd = (micros: number | null) => ((micros ?? Number.NaN) / USD).toFixed(2)
  console.log(
    `${what}: ${calls} calls in ${HOURS} h cost ${usd(loss)} USD; printed exposure ${usd(money)}, of it ` +
      `${usd(within.undecided.money)} for calls that talk on while the database is away (seed ${SEED})`,
  )
}

test('a stolen extension costs no more in ten hours than its printed exposure', async () => {
  const attacker = new Attacker()
  await attacker.begin(10_000 * USD)
  const spender: Spender = { kind: 'extension', id: systemIds.uuid() }
  const exposure = await attacker.limits.exposure(attacker.customer, {
    kind: 'extension',
    id: spender.id,
    mayManage: false,
  })
  await tenHours(attacker, () => [spender])
  const loss = 10_000 * USD - (await attacker.balance())
  print('a stolen extension', loss, attacker.calls, exposure)
  assert.ok(exposure.money !== null && loss <= exposure.money, `${loss} is more than ${exposure.money}`)
  assert.ok(loss > 10 * USD, 'it was really tried')
})

test('a stolen extension that may call cheap numbers only costs no more than its printed exposure, whatever it records', async () => {
  const attacker = new Attacker(['us'], ['1415'])
  await attacker.begin(10_000 * USD)
  const spender: Spender = { kind: 'extension', id: systemIds.uuid() }
  const of = { kind: 'extension', id: spender.id, mayManage: false } as const
  const exposure = await attacker.limits.exposure(attacker.customer, of)
  await tenHours(attacker, () => [spender])
  const loss = 10_000 * USD - (await attacker.balance())
  print('a stolen extension that calls cheap numbers', loss, attacker.calls, exposure)
  assert.ok(exposure.money !== null && loss <= exposure.money, `${loss} is more than ${exposure.money}`)
  assert.ok(loss > 7.2 * USD, 'more than all its minutes of calls cost at a cent')
})

test('strangers who dial in to flows that call out cost no more than they may cause, and leave the customer its own', async () => {
  const attacker = new Attacker()
  await attacker.begin(10_000 * USD)
  const { outside } = await attacker.limits.get(attacker.customer)
  await tenHours(attacker, () => [NOBODY])
  const loss = 10_000 * USD - (await attacker.balance())
  const most = outside.money_per_day + outside.concurrent_calls * (UNDECIDED_S / 60 + 1) * 4 * USD
  assert.ok(loss <= most, `${loss} is more than ${most}`)
  assert.ok((await attacker.call([NOBODY])) === 0, 'strangers have used up what they may cause')
  const extension: Spender = { kind: 'extension', id: systemIds.uuid() }
  assert.ok((await attacker.call([extension])) > 0, 'and the customer calls on')
})

test('a stolen access key, which makes other credentials, raises limits and buys numbers, costs no more than its printed exposure', async () => {
  const attacker = new Attacker()
  const balance = 900 * USD
  await attacker.begin(balance)
  const key: Spender = { kind: 'accesskey', id: systemIds.uuid() }
  const exposure = await attacker.limits.exposure(attacker.customer, { kind: 'accesskey', id: key.id, mayManage: true })
  const top = await attacker.limits.get(attacker.customer)
  await attacker.limits.update(attacker.customer, { ...top.ceiling, quarantine_rate: 1_000 * USD, paid_refer: true })
  const others = Array.from({ length: 6 }, (): Spender => ({ kind: 'accesskey', id: systemIds.uuid() }))
  let bought = 0
  await tenHours(
    attacker,
    // strangers who dial in, to flows that the attacker has written, count beside the customer's own
    () => [key, ...others, NOBODY],
    async () => {
      if (bought > 60) return
      const number = { cost_type: 'number', reference_type: 'number', reference_id: systemIds.uuid() } as const
      await db
        .transaction((trx) => attacker.billing.charge(trx, attacker.customer, number))
        .then(() => bought++)
        .catch((error: unknown) => assert.ok(billingErrors.INSUFFICIENT_BALANCE.is(error)))
    },
  )
  const loss = balance - (await attacker.balance())
  print(`a stolen access key (and ${bought} numbers bought)`, loss, attacker.calls, exposure)
  assert.ok(exposure.money !== null && loss <= exposure.money, `${loss} is more than ${exposure.money}`)
  assert.ok(loss > 150 * USD, 'it was really tried')
})
