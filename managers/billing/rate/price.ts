import type { CostType } from '../cost.ts'

/** What one unit of something costs by one version of the rate deck. Tokens are whole, credit is integer micros. */
export interface Rate {
  deck_version: number
  cost_type: CostType
  /** The digits that the number had to begin with, without `+`; empty where the rate is for every number. */
  prefix: string
  /** Country of the number (lower case), where the rate is a country's; else empty. */
  country: string
  /** 0 = tokens do not pay for it. */
  token_per_unit: number
  /** Micros. */
  credit_per_unit: number
  /** Seconds of one unit; 0 = a unit is one thing. */
  unit_seconds: number
}

/** How much was used: seconds (cut to whole ones) where the rate has an interval, things where it has none. */
export type Use = { seconds: number } | { count: number }

/** What a use costs; nothing of it is negative. */
export interface Price {
  billable_units: number
  tokens: number
  /** Micros. */
  credit: number
}

/**
 * The price of a use (`billing.md` §4): every started unit counts. Where tokens pay, whole units are paid by the tokens
 * that there are, and the units that are left by credit; a unit is never split.
 */
export function priceOf(rate: Rate, use: Use, balance_token: number): Price {
  const billable_units = unitsOf(rate, use)
  const byToken = unitsByToken(rate, billable_units, balance_token)
  return {
    billable_units,
    tokens: byToken * rate.token_per_unit,
    credit: (billable_units - byToken) * rate.credit_per_unit,
  }
}

/** Units of a use; 0 where nothing was used. */
export function unitsOf({ unit_seconds }: Rate, use: Use): number {
  if ('count' in use) return Math.max(0, Math.trunc(use.count))
  const seconds = Math.max(0, Math.trunc(use.seconds))
  return unit_seconds === 0 ? Math.min(1, seconds) : Math.ceil(seconds / unit_seconds)
}

function unitsByToken({ token_per_unit }: Rate, units: number, balance_token: number): number {
  if (token_per_unit === 0 || balance_token <= 0) return 0
  return Math.min(units, Math.floor(balance_token / token_per_unit))
}
