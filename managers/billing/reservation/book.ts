import {
  type CapRefusal,
  type Limited,
  limitReached,
  notAllowedBy,
  notAllowedTo,
  quarantineReached,
  type Spending,
  type Spent,
  startsWithAny,
} from '../caps/decide.ts'
import type { CredentialLimits, CustomerLimits } from '../caps/limits.ts'
import type { Payer } from '../ledger.ts'
import type { Rate } from '../rate/price.ts'
import { isCounted, moneyOf, priceOfUnits, type Reservation, type ReserveRequest, stepOf } from './reservation.ts'

/** Why nothing more is reserved; `closed`: it was settled or released before. */
export type ReserveRefusal = { refusal: 'insufficient_balance' | 'account_suspended' | 'closed' } | CapRefusal

export type Decision<T> = { ok: true; reserved: T } | ({ ok: false } & ReserveRefusal)

/** An account that pays, as it is under its lock. */
export interface Purse {
  /** Where it is not enforced nothing is paid, so no balance bounds it; limits do. */
  payer: Payer
  /** What open reservations hold. */
  held: { token: number; credit: number }
}

/** Accounts and all that bounds what may be spent of them, as they are under their locks. */
export interface BookFacts {
  /** Pays for what begins now; whatever goes on is paid by the account that it began with. */
  payer: string
  /** By the ids of their accounts. */
  purses: ReadonlyMap<string, Purse>
  customer: Limited<CustomerLimits>
  /** Callers from outside, whose spending counts beside the customer's. */
  outside: Limited
  /** By `keyOf`. */
  credentials: ReadonlyMap<string, Limited<CredentialLimits>>
  /** What was spent on destinations in quarantine, by `quarantineKey`; one without a row has not been called. */
  quarantine: ReadonlyMap<string, Spent & { isOver: boolean }>
}

/** Names a destination in quarantine, as the customer has called it or as callers from outside have. */
export function quarantineKey(destination: string, outside: boolean): string {
  return outside ? `outside ${destination}` : destination
}

/** Names a credential among those of a customer. */
export function keyOf(spender: { kind: string; id: string }): string {
  return `${spender.kind}:${spender.id}`
}

/**
 * Decides what may be reserved, one wish after the other, and keeps count: what was granted to one is not there for the
 * next. Read and written under the lock of the account, so nothing passes it.
 */
export class Book {
  readonly #facts: BookFacts
  readonly #purses: ReadonlyMap<string, Purse>
  readonly #quarantine: Map<string, Spent & { isOver: boolean }>

  constructor(facts: BookFacts) {
    this.#facts = facts
    this.#purses = new Map([...facts.purses].map(([id, { payer, held }]) => [id, { payer, held: { ...held } }]))
    this.#quarantine = new Map(facts.quarantine)
  }

  /** The first interval of something that is about to begin. */
  begin(
    request: ReserveRequest,
    rate: Rate,
  ): Decision<Pick<Reservation, 'amount_token' | 'amount_credit' | 'quarantine'>> {
    const { payer, customer, credentials } = this.#facts
    const isNewCall = isCounted(request)
    const notAllowed = notAllowedBy(customer.limits, request.occasion)
    if (notAllowed) return { ok: false, ...notAllowed }
    const credential = credentials.get(keyOf(request.spender))
    const outside = isNewCall && credential ? notAllowedTo(credential.limits, request) : undefined
    if (outside) return { ok: false, ...outside }
    const quarantine = isNewCall ? quarantineOf(customer.limits, request, rate) : ''
    const units = stepOf(rate)
    const isOutside = request.spender.kind === ''
    const decision = this.#take({ payer, rate, units, isCall: isNewCall, isNewCall, quarantine, credential, isOutside })
    return decision.ok ? { ok: true, reserved: { ...decision.reserved, quarantine } } : decision
  }

  /** More intervals of something that goes on. */
  extend(open: Reservation, units: number): Decision<Pick<Reservation, 'amount_token' | 'amount_credit'>> {
    const credential = this.#facts.credentials.get(keyOf({ kind: open.credential_kind, id: open.credential_id }))
    const isCall = isCounted(open)
    const { account_id: payer, rate, quarantine } = open
    const isOutside = open.credential_kind === ''
    return this.#take({ payer, rate, units, isCall, isNewCall: false, quarantine, credential, isOutside })
  }

  #take(wish: {
    payer: string
    rate: Rate
    units: number
    isCall: boolean
    isNewCall: boolean
    quarantine: string
    credential: Limited<CredentialLimits> | undefined
    isOutside: boolean
  }): Decision<Pick<Reservation, 'amount_token' | 'amount_credit'>> {
    const { rate, units, isCall, isNewCall, credential, isOutside } = wish
    const { customer, outside } = this.#facts
    const quarantine = wish.quarantine === '' ? '' : quarantineKey(wish.quarantine, isOutside)
    const purse = this.#purses.get(wish.payer)
    if (!purse?.payer.isOpen) return { ok: false, refusal: 'account_suspended' }
    const { account, enforced } = purse.payer
    const seconds = isCall ? rate.unit_seconds * units : 0
    const spending: Spending = { isNewCall, seconds, money: moneyOf(rate, units) }
    const limited: Limited[] = isOutside ? [outside] : [...(credential ? [credential] : []), customer]
    for (const each of limited) {
      const reached = limitReached(each, spending)
      if (reached) return { ok: false, ...reached }
    }
    const spent = this.#quarantine.get(quarantine) ?? { seconds: 0, money: 0, isOver: false }
    if (quarantine !== '' && !spent.isOver) {
      const reached = quarantineReached(customer.limits, spent, spending)
      if (reached) return { ok: false, ...reached }
    }
    const { token, credit } = priceOfUnits(rate, units, account.balance_token - purse.held.token)
    if (enforced && credit > 0 && account.balance_credit - purse.held.credit < credit)
      return { ok: false, refusal: 'insufficient_balance' }
    const reserved = enforced ? { amount_token: token, amount_credit: credit } : { amount_token: 0, amount_credit: 0 }
    purse.held.token += reserved.amount_token
    purse.held.credit += reserved.amount_credit
    for (const { usage } of limited) count(usage, spending)
    if (quarantine !== '') this.#quarantine.set(quarantine, { ...spent, ...added(spent, spending) })
    return { ok: true, reserved }
  }
}

/** What a rate for every number is a rate for. */
const ANYWHERE = '+'

/** The destination of an expensive call: the prefix or country of its rate. Empty where it is cheap or trusted. */
function quarantineOf(limits: CustomerLimits, { number }: ReserveRequest, rate: Rate): string {
  if (rate.cost_type !== 'call_pstn_outgoing' || rate.unit_seconds === 0) return ''
  const perMinute = (rate.credit_per_unit * 60) / rate.unit_seconds
  if (perMinute < limits.quarantine_rate || startsWithAny(number, limits.trusted_prefixes)) return ''
  return destinationOf(rate)
}

/** What quarantine calls the destination of a rate: its prefix, or its country. */
export function destinationOf(rate: Rate): string {
  return rate.prefix === '' ? rate.country || ANYWHERE : `+${rate.prefix}`
}

function count(usage: Limited['usage'], spending: Spending): void {
  if (spending.isNewCall) {
    usage.concurrent++
    usage.begun++
  }
  Object.assign(usage.hour, added(usage.hour, spending))
  Object.assign(usage.day, added(usage.day, spending))
}

function added(spent: Spent, { seconds, money }: Spending): Spent {
  return { seconds: spent.seconds + seconds, money: spent.money + money }
}
