import { type Timestamp, timestampToMs } from '#platform/time'
import type { BillingRecord } from './billing.ts'
import type { EndedUsage, Movement } from './charge.ts'
import type { Price, Rate, Use } from './rate/price.ts'

/** Where a row comes from: its id, whose it is, who pays, and when it is written. */
export interface Origin {
  id: string
  customer_id: string
  account_id: string
  tm_create: Timestamp
}

/** A row without price and amount: what every kind of it begins with. */
function blank(origin: Origin): BillingRecord {
  return {
    ...origin,
    transaction_type: 'usage',
    status: 'end',
    reference_type: '',
    reference_id: origin.id,
    cost_type: '',
    usage_duration: 0,
    billable_units: 0,
    rate_token_per_unit: 0,
    rate_credit_per_unit: 0,
    amount_token: 0,
    amount_credit: 0,
    balance_token_snapshot: 0,
    balance_credit_snapshot: 0,
    idempotency_key: origin.id,
    tm_billing_start: null,
    tm_billing_end: null,
    tm_update: null,
    tm_delete: null,
    rate_deck_version: 0,
    rate_prefix: '',
    rate_country: '',
    rate_unit_seconds: 0,
    rounding: 'up',
    token_available: 0,
    enforced: true,
    number: '',
    note: '',
  }
}

/** What the price of a use was computed from, and what came of it. */
export interface Priced {
  use: Use
  price: Price
  token_available: number
  /** False: recorded, and nothing is paid. */
  enforced: boolean
}

/** The row of a use that is over: which rate priced it, and what it cost. */
export function endedRow(origin: Origin, usage: EndedUsage, rate: Rate, priced: Priced): BillingRecord {
  const { use, price, token_available, enforced } = priced
  return {
    ...blank(origin),
    reference_type: usage.reference_type,
    reference_id: usage.reference_id,
    cost_type: usage.cost_type,
    number: usage.number ?? '',
    tm_billing_start: usage.tm_billing_start,
    tm_billing_end: usage.tm_billing_end,
    rate_token_per_unit: rate.token_per_unit,
    rate_credit_per_unit: rate.credit_per_unit,
    rate_deck_version: rate.deck_version,
    rate_prefix: rate.prefix,
    rate_country: rate.country,
    rate_unit_seconds: rate.unit_seconds,
    usage_duration: 'seconds' in use ? use.seconds : 0,
    billable_units: price.billable_units,
    amount_token: enforced ? 0 - price.tokens : 0,
    amount_credit: enforced ? 0 - price.credit : 0,
    token_available,
    enforced,
  }
}

/** The row of a change that is no use. */
export function movementRow(origin: Origin, movement: Movement): BillingRecord {
  return { ...blank(origin), idempotency_key: origin.id, ...movement }
}

/** Whole seconds of a use; a clock that went back makes none. */
export function secondsOf({ seconds, tm_billing_start, tm_billing_end }: EndedUsage): number {
  const span = ((timestampToMs(tm_billing_end) ?? 0) - (timestampToMs(tm_billing_start) ?? 0)) / 1_000
  return Math.max(0, Math.trunc(seconds ?? span))
}
