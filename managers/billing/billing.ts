import type { Timestamp } from '#platform/time'
import type { CostType } from './cost.ts'

export const TRANSACTION_TYPES = ['usage', 'top_up', 'adjustment', 'refund'] as const
export type TransactionType = (typeof TRANSACTION_TYPES)[number]

export const REFERENCE_TYPES = [
  '',
  'call',
  'call_extension',
  'sms',
  'email',
  'number',
  'number_renew',
  'credit_free_tier',
  'monthly_allowance',
  'credit_adjustment',
  'token_adjustment',
  'speaking',
  'recording',
  'paddle_credit_purchase',
  'paddle_subscription',
  'paddle_refund',
] as const
export type ReferenceType = (typeof REFERENCE_TYPES)[number]

/**
 * One row of the ledger: a charge, top-up, adjustment or refund, signed as it changes the account. Amounts of credit are
 * integer micros, amounts of tokens whole. What a charge was computed from is kept with it, so that it can be computed
 * again.
 */
export interface BillingRecord {
  id: string
  /** Who used it. */
  customer_id: string
  /** Who paid for it. */
  account_id: string
  transaction_type: TransactionType
  status: 'progressing' | 'end'
  reference_type: ReferenceType
  reference_id: string
  cost_type: CostType | ''
  usage_duration: number
  billable_units: number
  rate_token_per_unit: number
  rate_credit_per_unit: number
  amount_token: number
  amount_credit: number
  balance_token_snapshot: number
  balance_credit_snapshot: number
  idempotency_key: string
  tm_billing_start: Timestamp | null
  tm_billing_end: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
  /** The version of the rate deck that priced it; 0 where nothing was priced. */
  rate_deck_version: number
  rate_prefix: string
  rate_country: string
  /** Seconds of a unit; 0 = a unit is one thing. */
  rate_unit_seconds: number
  /** Every started unit counts. */
  rounding: 'up'
  /** Tokens that were free to pay with when it was priced. */
  token_available: number
  /** False: recorded only, the account paid nothing (plan unlimited, billing switched off, the platform's own customer). */
  enforced: boolean
  /** The number that the rate was looked up for; empty where the cost depends on none. */
  number: string
  note: string
}
