import type { SpendingLimits } from './limits.ts'

/** What bounds how much somebody could spend who holds a credential. */
export interface ExposureFacts {
  /** What limits the credential itself; the customer's alone where it may change or pass its own. */
  credential: SpendingLimits
  customer: SpendingLimits
  /** What limits callers from outside, where it can make them spend, too: that is counted beside the customer's. */
  outside?: SpendingLimits
  /** The dearest paid calls that it can make go out; nothing = none at all. */
  dearest: DearestRate | undefined
  /** Micros that the account can still pay; `null` where no balance bounds it. */
  balance: number | null
  /** How long a call that goes out may talk on while nobody can decide. Seconds. */
  undecidedSeconds: number
}

/** What an interval and a minute of the dearest destination cost, and of the cheapest. Micros. */
export interface DearestRate {
  unit_seconds: number
  credit_per_unit: number
  /** Infinite where a call has a price however short it is, so that no minutes bound it. */
  credit_per_minute: number
  least_credit_per_minute: number
}

/** At most so much, within a window: micros and minutes. */
export interface Exposure {
  /** Of everything that is metered. */
  money: number
  /** Of calls that go out. */
  minutes: number
}

export interface Exposures {
  hour: Exposure
  day: Exposure
  /** Of both, what calls that talk on while nobody can decide can add. */
  undecided: Exposure
}

const NOTHING: Exposure = { money: 0, minutes: 0 }
const HOUR_MINUTES = 60
const DAY_MINUTES = 1_440

/**
 * The most that can be spent within an hour and a day. Money rests on limits of money and on the balance alone: recordings and
 * calls that come in cost, too, and count no minutes. Reserved money and minutes never pass a limit, whichever part of a day is
 * looked at; beyond them comes only what calls that go out add, which alone talk on while the database is away, each for so
 * long, once.
 */
export function exposuresOf(facts: ExposureFacts): Exposures {
  const { credential, customer, outside, dearest, balance, undecidedSeconds } = facts
  const least = (name: keyof SpendingLimits) => Math.min(credential[name], customer[name]) + (outside?.[name] ?? 0)
  const calls = least('concurrent_calls')
  const undecided = dearest ? undecidedOf(dearest, calls, undecidedSeconds) : NOTHING
  const within = (window: number, money: number, minutes: number): Exposure => {
    const mostMinutes = dearest ? Math.min(minutes, paidMinutes(balance, dearest), calls * window) : 0
    return {
      money: Math.ceil(Math.min(money, balance ?? Number.POSITIVE_INFINITY)) + undecided.money,
      minutes: Math.ceil(mostMinutes) + undecided.minutes,
    }
  }
  return {
    hour: within(HOUR_MINUTES, least('money_per_hour'), least('minutes_per_hour')),
    day: within(DAY_MINUTES, least('money_per_day'), least('minutes_per_day')),
    undecided,
  }
}

/** What so many calls add that talk on, each to the end of the interval that it is in then. */
function undecidedOf(dearest: DearestRate, calls: number, seconds: number): Exposure {
  const { unit_seconds, credit_per_unit, credit_per_minute } = dearest
  if (unit_seconds === 0) return NOTHING
  const perMinute = Number.isFinite(credit_per_minute) ? credit_per_minute : credit_per_unit * 60
  const each = Math.ceil((seconds * perMinute) / 60) + credit_per_unit
  return { money: calls * each, minutes: Math.ceil((calls * (seconds + unit_seconds)) / 60) }
}

/** How many minutes a balance pays at the cheapest. */
function paidMinutes(balance: number | null, { least_credit_per_minute }: DearestRate): number {
  if (balance === null || least_credit_per_minute === 0) return Number.POSITIVE_INFINITY
  return balance / least_credit_per_minute
}
