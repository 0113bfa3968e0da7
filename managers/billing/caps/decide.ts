import type { CredentialLimits, CustomerLimits, LimitedKind, LimitName, SpendingLimits } from './limits.ts'

/** What was used of a window. */
export interface Spent {
  /** Of started intervals. */
  seconds: number
  /** Micros. */
  money: number
}

/** What is going on, and what was used within the last hour and day. */
export interface Usage {
  /** Paid calls that have not ended. */
  concurrent: number
  /** Paid calls begun within the last second. */
  begun: number
  hour: Spent
  day: Spent
}

/** Somebody whose spending is limited. */
export interface Limited<L extends SpendingLimits = SpendingLimits> {
  kind: LimitedKind
  id: string
  limits: L
  usage: Usage
}

/** What is about to be spent. */
export interface Spending {
  /** A call is begun by it; else one that goes on, or a recording. */
  isNewCall: boolean
  seconds: number
  money: number
}

/** A limit that would be passed. `most` and `used` are in the limit's own unit: calls, minutes or micros. */
export interface LimitReached {
  refusal: 'limit_reached'
  limited_by: LimitedKind | 'quarantine'
  limit: LimitName | 'quarantine_minutes' | 'quarantine_money'
  most: number
  used: number
}

/** What is not allowed however little was spent. */
export interface NotAllowed {
  refusal: 'not_allowed'
  limited_by: 'countries' | 'prefixes' | 'paid_refer' | 'paid_forwarding'
}

export type CapRefusal = LimitReached | NotAllowed

/** How a paid call came about, as far as that decides whether it may be. */
export type Occasion = 'asked' | 'refer' | 'forwarding'

const MINUTE_S = 60

/** The first limit that this spending would pass, if there is one. */
export function limitReached({ kind, limits, usage }: Limited, spending: Spending): LimitReached | undefined {
  const { isNewCall, seconds, money } = spending
  const { hour, day } = usage
  const calls = isNewCall ? 1 : 0
  const rows: readonly [LimitName, number, number][] = [
    ['concurrent_calls', usage.concurrent, calls],
    ['calls_per_second', usage.begun, calls],
    ['minutes_per_hour', hour.seconds / MINUTE_S, seconds / MINUTE_S],
    ['minutes_per_day', day.seconds / MINUTE_S, seconds / MINUTE_S],
    ['money_per_hour', hour.money, money],
    ['money_per_day', day.money, money],
  ]
  const passed = rows.find(([limit, used, more]) => more > 0 && used + more > limits[limit])
  if (!passed) return undefined
  const [limit, used] = passed
  return { refusal: 'limit_reached', limited_by: kind, limit, most: limits[limit], used }
}

/** Whether a credential may call this number at all. */
export function notAllowedTo(
  { countries, prefixes }: Pick<CredentialLimits, 'countries' | 'prefixes'>,
  { number, country }: { number: string; country: string },
): NotAllowed | undefined {
  if (countries.length > 0 && !countries.includes(country)) return { refusal: 'not_allowed', limited_by: 'countries' }
  if (prefixes.length > 0 && !startsWithAny(number, prefixes)) return { refusal: 'not_allowed', limited_by: 'prefixes' }
  return undefined
}

/** Whether the customer lets paid calls come about like this. */
export function notAllowedBy(limits: CustomerLimits, occasion: Occasion): NotAllowed | undefined {
  if (occasion === 'refer' && !limits.paid_refer) return { refusal: 'not_allowed', limited_by: 'paid_refer' }
  if (occasion === 'forwarding' && !limits.paid_forwarding)
    return { refusal: 'not_allowed', limited_by: 'paid_forwarding' }
  return undefined
}

/** The same for what a destination in quarantine has cost so far. */
export function quarantineReached(
  limits: CustomerLimits,
  spent: Spent,
  { seconds, money }: Spending,
): LimitReached | undefined {
  const { quarantine_minutes, quarantine_money } = limits
  const refusal = { refusal: 'limit_reached', limited_by: 'quarantine' } as const
  if (spent.seconds + seconds > quarantine_minutes * MINUTE_S)
    return { ...refusal, limit: 'quarantine_minutes', most: quarantine_minutes, used: spent.seconds / MINUTE_S }
  if (spent.money + money > quarantine_money)
    return { ...refusal, limit: 'quarantine_money', most: quarantine_money, used: spent.money }
  return undefined
}

export function startsWithAny(number: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => number.startsWith(prefix))
}
