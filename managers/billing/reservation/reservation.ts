import type { Timestamp } from '#platform/time'
import type { Occasion } from '../caps/decide.ts'
import type { CredentialKind, Spender } from '../caps/limits.ts'
import type { CostType } from '../cost.ts'
import type { Rate } from '../rate/price.ts'

/** What money can be reserved for. */
export const RESERVED_TYPES = ['call', 'recording'] as const
export type ReservedType = (typeof RESERVED_TYPES)[number]

/**
 * What is set aside of an account for one paid thing that goes on, interval by interval. It is open from before the thing
 * begins until it is settled (its charge is in the ledger) or released (it cost nothing).
 */
export interface Reservation {
  id: string
  customer_id: string
  account_id: string
  reference_type: ReservedType
  reference_id: string
  cost_type: CostType
  /** E.164; empty where the price depends on none. */
  number: string
  /** The rate when it began: it prices all of it, whatever deck comes meanwhile. */
  rate: Rate
  credential_kind: CredentialKind | ''
  credential_id: string
  status: 'open' | 'settled' | 'released'
  /** The incarnation of the process that uses it; empty where that is not known. */
  life: string
  /**
   * Intervals of the rate that are paid for, and what they take of the account. An open one of none has lapsed: the life that
   * would have used it is over, and it holds nothing; should a record turn up all the same, that is charged.
   */
  units: number
  amount_token: number
  /** Micros. */
  amount_credit: number
  /** What of it counts against limits of money, where tokens or a plan pay, too. Micros. */
  money: number
  /** It was told to end with this interval: no more than these are charged, however long the end takes. */
  most_units: number | null
  /** Intervals that its meter has seen begin, by a clock that nobody sets: they are charged at the least. */
  begun: number
  /** The expensive destination in quarantine that it calls; empty = none. */
  quarantine: string
  tm_create: Timestamp
  /** When its last interval was reserved. */
  tm_extend: Timestamp
  tm_end: Timestamp | null
}

/** What is about to begin. */
export interface ReserveRequest {
  customer_id: string
  reference_type: ReservedType
  reference_id: string
  cost_type: CostType
  number: string
  /** ISO 3166 alpha-2 of the number, lower case; empty where it is not known. */
  country: string
  spender: Spender
  occasion: Occasion
}

/** What goes on. */
export interface ExtendRequest {
  customer_id: string
  id: string
  /** Intervals that it needs by now, the next one included. */
  units: number
  /** Those that have begun: what is refused ends with the last of them. */
  begun: number
}

/** What is reserved at a time lasts at least so long. */
const STEP_S = 30

/** Whether money is held for it. */
export function isHeld({ status, units }: Pick<Reservation, 'status' | 'units'>): boolean {
  return status === 'open' && units > 0
}

/** How many intervals are reserved at a time: one, of short ones as many as make half a minute. */
export function stepOf({ unit_seconds }: Rate): number {
  return unit_seconds === 0 ? 1 : Math.max(1, Math.ceil(STEP_S / unit_seconds))
}

/** What intervals count against limits of money. */
export function moneyOf(rate: Rate, units: number): number {
  return rate.credit_per_unit * units
}

/** What intervals take of an account: tokens where they serve and are free, else credit. */
export function priceOfUnits(rate: Rate, units: number, freeTokens: number): { token: number; credit: number } {
  const { token_per_unit, credit_per_unit } = rate
  const byToken = token_per_unit === 0 ? 0 : Math.min(units, Math.max(0, Math.floor(freeTokens / token_per_unit)))
  return { token: byToken * token_per_unit, credit: (units - byToken) * credit_per_unit }
}

/**
 * Whether it counts against limits of calls and minutes: paid calls that go out do. What others cause (calls that come in)
 * and recordings count against limits of money alone, so that nobody from outside can use up what a customer may call.
 */
export function isCounted({ cost_type }: Pick<Reservation, 'cost_type'>): boolean {
  return cost_type === 'call_pstn_outgoing'
}
