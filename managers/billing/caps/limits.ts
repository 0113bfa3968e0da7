/**
 * Whose spending is limited: a customer's, within it that of each credential that can make paid calls, and beside it all that
 * callers from outside cause.
 */
export const CREDENTIAL_KINDS = ['accesskey', 'agent', 'extension', 'trunk'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]
export type LimitedKind = 'customer' | 'outside' | CredentialKind

/** On whose account a paid thing was begun; none for callers from outside, and for all that nobody of the customer's asked for. */
export type Spender = { kind: CredentialKind; id: string } | { kind: ''; id: '' }

/** Nobody's credential: the limits of callers from outside hold, beside those of the customer. */
export const NOBODY: Spender = { kind: '', id: '' }

/** How much, and how fast. Money is integer micros; minutes are those of started intervals. */
export interface SpendingLimits {
  /** Paid calls at the same time, ringing ones included. */
  concurrent_calls: number
  /** Paid calls that are begun within a second. */
  calls_per_second: number
  minutes_per_hour: number
  minutes_per_day: number
  money_per_hour: number
  money_per_day: number
}
export type LimitName = keyof SpendingLimits
export const LIMIT_NAMES: readonly LimitName[] = [
  'concurrent_calls',
  'calls_per_second',
  'minutes_per_hour',
  'minutes_per_day',
  'money_per_hour',
  'money_per_day',
]

/** Of one credential: also whom it may call, within what the customer may. */
export interface CredentialLimits extends SpendingLimits {
  /** ISO 3166 alpha-2, lower case; empty = every country that the customer may call. */
  countries: string[]
  /** Beginnings of E.164 numbers, with `+`; empty = every number. */
  prefixes: string[]
}

/** Of a customer: also what stands in the way of fraud. */
export interface CustomerLimits extends SpendingLimits {
  /** Phones may transfer to paid destinations by themselves (REFER). */
  paid_refer: boolean
  /** Calls to an agent may go on to the agent's telephone numbers. */
  paid_forwarding: boolean
  /** A destination that costs this much a minute, or more, is in quarantine for a day from its first call on. Micros. */
  quarantine_rate: number
  /** What may be spent on one destination in quarantine. */
  quarantine_minutes: number
  quarantine_money: number
  /** Beginnings of E.164 numbers, with `+`, that are never in quarantine. */
  trusted_prefixes: string[]
  /** What callers from outside may cause, beside what the customer spends itself. */
  outside: SpendingLimits
}

const USD = 1_000_000

/** What holds where nobody has said otherwise. A customer's own are at the same time its ceiling. */
export const DEFAULT_LIMITS: Readonly<Record<'customer' | CredentialKind, SpendingLimits>> = {
  customer: {
    ...{ concurrent_calls: 60, calls_per_second: 10, minutes_per_hour: 1_500, minutes_per_day: 6_000 },
    ...{ money_per_hour: 50 * USD, money_per_day: 200 * USD },
  },
  accesskey: {
    ...{ concurrent_calls: 30, calls_per_second: 5, minutes_per_hour: 600, minutes_per_day: 2_400 },
    ...{ money_per_hour: 20 * USD, money_per_day: 60 * USD },
  },
  agent: {
    ...{ concurrent_calls: 5, calls_per_second: 2, minutes_per_hour: 240, minutes_per_day: 960 },
    ...{ money_per_hour: 10 * USD, money_per_day: 30 * USD },
  },
  extension: {
    ...{ concurrent_calls: 4, calls_per_second: 2, minutes_per_hour: 180, minutes_per_day: 720 },
    ...{ money_per_hour: 5 * USD, money_per_day: 15 * USD },
  },
  trunk: {
    ...{ concurrent_calls: 30, calls_per_second: 5, minutes_per_hour: 900, minutes_per_day: 3_600 },
    ...{ money_per_hour: 30 * USD, money_per_day: 100 * USD },
  },
}

export const DEFAULT_CUSTOMER_LIMITS: Omit<CustomerLimits, 'outside'> = {
  ...DEFAULT_LIMITS.customer,
  ...{ paid_refer: false, paid_forwarding: false },
  ...{ quarantine_rate: USD / 5, quarantine_minutes: 10, quarantine_money: 3 * USD, trusted_prefixes: [] },
}

export function defaultLimitsOf(kind: CredentialKind): CredentialLimits {
  return { ...DEFAULT_LIMITS[kind], countries: [], prefixes: [] }
}

/** Nothing but how much, and how fast. */
export function spendingLimitsOf(limits: SpendingLimits): SpendingLimits {
  const { concurrent_calls, calls_per_second, minutes_per_hour, minutes_per_day, money_per_hour, money_per_day } =
    limits
  return { concurrent_calls, calls_per_second, minutes_per_hour, minutes_per_day, money_per_hour, money_per_day }
}

/** The lower of two, limit by limit. */
export function lowerOf<T extends SpendingLimits>(limits: T, ceiling: SpendingLimits): T {
  const lower = Object.fromEntries(LIMIT_NAMES.map((name) => [name, Math.min(limits[name], ceiling[name])]))
  return { ...limits, ...lower }
}
