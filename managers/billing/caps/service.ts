import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors } from '#platform/http'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp, timestampToMs } from '#platform/time'
import { BillingStore } from '../store.ts'
import {
  type Ceiling,
  type CeilingUpdate,
  type CredentialLimitsUpdate,
  type CredentialLimitsView,
  type CustomerLimitsUpdate,
  MOST_QUARANTINED,
  type SpendingExposureView,
  type SpendingLimitsView,
} from './contract.ts'
import { dearestRate, type Reach } from './dearest.ts'
import type { Usage } from './decide.ts'
import { limitsUpdated } from './events.ts'
import { type ExposureFacts, exposuresOf } from './exposure.ts'
import {
  ceilingOf,
  credentialLimitsOf,
  customerLimitsOf,
  LimitStore,
  type LimitsKind,
  type SaidLimits,
} from './limit-store.ts'
import { type CredentialKind, type CredentialLimits, LIMIT_NAMES, type SpendingLimits as Limits } from './limits.ts'
import { emptyUsage, OUTSIDE, QUARANTINE_MS, UsageStore, WHOLE_CUSTOMER } from './usage-store.ts'

export interface SpendingLimitsNeeds {
  db: Database
  clock: Clock
  ids: Ids
  /** Countries of the telephone network that the customer may call: ISO 3166 alpha-2, lower case. */
  countriesOf(customer: string): Promise<readonly string[] | 'all'>
  /** The digits that numbers of a country begin with; empty where there is no such country. */
  callingCodeOf(country: string): string
  undecidedSeconds: number
}

/** What bounds the spending of customers and credentials: read, changed, and what follows from it for one that leaks. */
export class SpendingLimits {
  readonly #needs: SpendingLimitsNeeds
  readonly #store: LimitStore
  readonly #usage = new UsageStore()
  readonly #accounts: BillingStore

  constructor(needs: SpendingLimitsNeeds) {
    this.#needs = needs
    this.#store = new LimitStore(needs.db)
    this.#accounts = new BillingStore(needs.db)
  }

  async get(customer: string): Promise<SpendingLimitsView> {
    const { db, clock } = this.#needs
    const nowMs = clock.wallMs()
    const [said, usages, quarantine] = await Promise.all([
      this.#store.said(customer),
      this.#usage.usages(db, customer, nowMs),
      this.#usage.inQuarantine(db, customer, nowMs, MOST_QUARANTINED),
    ])
    const held = quarantine.map(({ destination, outside, seconds, money, tm_create }) => ({
      ...{ destination, outside, minutes: seconds / 60, money, tm_create },
      tm_end: timestamp((timestampToMs(tm_create) ?? 0) + QUARANTINE_MS),
    }))
    const limits = customerLimitsOf(said)
    return {
      ...limits,
      outside: { ...limits.outside, usage: usageOf(usages, OUTSIDE) },
      ceiling: ceilingOf(said),
      usage: usageOf(usages, WHOLE_CUSTOMER),
      quarantine: held,
    }
  }

  /** Changes what is not left out. Throws `INVALID_ARGUMENT` for what is above the ceiling. */
  async update(customer: string, change: CustomerLimitsUpdate): Promise<SpendingLimitsView> {
    const ceiling = ceilingOf(await this.#store.said(customer))
    const faults = [...aboveCeiling(change, ceiling), ...aboveCeiling(change.outside ?? {}, ceiling, 'outside.')]
    if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
    await this.#change(customer, 'customer', NIL_UUID, change)
    return this.get(customer)
  }

  /** Platform-wide: what a customer may allow itself at the most. */
  async ceiling(customer: string): Promise<Ceiling> {
    return ceilingOf(await this.#store.said(customer))
  }

  /** Platform-wide: changes what is not left out. */
  async updateCeiling(customer: string, change: CeilingUpdate): Promise<Ceiling> {
    await this.#change(customer, 'ceiling', NIL_UUID, change)
    return this.ceiling(customer)
  }

  /** Of a credential that exists. */
  async ofCredential(customer: string, kind: CredentialKind, id: string): Promise<CredentialLimitsView> {
    const [said, usage] = await Promise.all([this.#store.said(customer, [id]), this.#used(customer, { kind, id })])
    return { ...credentialLimitsOf(said, kind, id), usage }
  }

  async updateCredential(
    customer: string,
    kind: CredentialKind,
    id: string,
    change: CredentialLimitsUpdate,
  ): Promise<CredentialLimitsView> {
    await this.#change(customer, kind, id, change)
    return this.ofCredential(customer, kind, id)
  }

  /** What a credential that exists could cost if it leaked now. */
  async exposure(
    customer: string,
    { kind, id, mayManage }: { kind: CredentialKind; id: string; mayManage: boolean },
  ): Promise<SpendingExposureView> {
    const { db, clock, undecidedSeconds, countriesOf } = this.#needs
    const [said, account, countries] = await Promise.all([
      this.#store.said(customer, [id]),
      this.#accounts.findPayer(customer),
      countriesOf(customer),
    ])
    const own = credentialLimitsOf(said, kind, id)
    // who may change limits and allowed countries, and make other credentials, is bounded by the ceiling alone
    const customers = customerLimitsOf(said)
    // an agent chooses where it is called: where that may cost, callers from outside pay what it has chosen
    const outside = kind === 'agent' && customers.paid_forwarding ? { outside: customers.outside } : {}
    const ceiling = ceilingOf(said)
    const limits: Pick<ExposureFacts, 'credential' | 'customer' | 'outside'> = mayManage
      ? { credential: ceiling, customer: ceiling, outside: ceiling }
      : { credential: own, customer: customers, ...outside }
    const reach = mayManage ? undefined : this.#reach(countries, own)
    const dearest = reach?.countries?.length === 0 ? undefined : await dearestRate(db, clock, reach)
    const balance = account && account.plan_type !== 'unlimited' ? Math.max(0, account.balance_credit) : null
    const calls = exposuresOf({ ...limits, balance, undecidedSeconds, dearest })
    const purchases = mayManage ? balance : 0
    const total = purchases === null ? null : calls.day.money + purchases
    return {
      money: total === null || balance === null ? total : Math.min(total, balance + calls.undecided.money),
      minutes: calls.day.minutes,
      calls,
      purchases,
      bounded_by: mayManage ? 'customer' : 'credential',
    }
  }

  /** Platform-wide: forgets some of what no limit looks at any more; gives how much, 0 when nothing is left. */
  forgetSome(): Promise<number> {
    const { db, clock } = this.#needs
    return this.#usage.forgetSome(db, clock.wallMs())
  }

  async #used(customer: string, of: { kind: string; id: string }) {
    const { db, clock } = this.#needs
    return usageOf(await this.#usage.usages(db, customer, clock.wallMs()), of)
  }

  /** Whom a credential can call: within what its customer may, and its own countries and prefixes. */
  #reach(allowed: readonly string[] | 'all', own: CredentialLimits): Reach {
    const prefixes = own.prefixes.map((prefix) => prefix.slice(1))
    if (allowed === 'all' && own.countries.length === 0) return { prefixes }
    const candidates = allowed === 'all' ? own.countries : allowed
    const within = candidates.filter((each) => own.countries.length === 0 || own.countries.includes(each))
    const coded = within
      .map((each) => ({ each, code: this.#needs.callingCodeOf(each) }))
      .filter(({ code }) => code !== '')
    return { countries: coded.map(({ each }) => each), codes: coded.map(({ code }) => code), prefixes }
  }

  #change(customer: string, kind: LimitsKind, subject_id: string, change: object): Promise<void> {
    const { db, clock, ids } = this.#needs
    return db.transaction(async (trx) => {
      const before = await this.#store.lock(trx, customer, kind, subject_id)
      const said: SaidLimits = { kind, subject_id, limits: changed(before, change) }
      await this.#store.save(trx, customer, said, timestamp(clock.wallMs()))
      await appendEvents(trx, [limitsUpdated(customer, said)], { clock, ids })
    })
  }
}

/** What is left out stays as it is, also of what holds for callers from outside. */
function changed(before: { outside?: object } = {}, change: { outside?: object }): object {
  const outside = change.outside ? { outside: { ...before.outside, ...change.outside } } : {}
  return { ...before, ...change, ...outside }
}

function aboveCeiling(change: Partial<Limits>, ceiling: Limits, of = '') {
  return LIMIT_NAMES.flatMap((name) => {
    const wanted = change[name]
    if (wanted === undefined || wanted <= ceiling[name]) return []
    return [{ field: `${of}${name}`, issue: `must be at most ${ceiling[name]}, your ceiling` }]
  })
}

function usageOf(usages: ReadonlyMap<string, Usage>, { kind, id }: { kind: string; id: string }) {
  return presentUsage(usages.get(`${kind}:${id}`) ?? emptyUsage())
}

function presentUsage({ concurrent, hour, day }: Usage) {
  const spent = ({ seconds, money }: Usage['hour']) => ({ minutes: seconds / 60, money })
  return { concurrent_calls: concurrent, hour: spent(hour), day: spent(day) }
}
