import { type Static, Type } from 'typebox'
import {
  adminOnly,
  apiErrors,
  endpoint,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { REFERENCE_TYPES, TRANSACTION_TYPES } from './billing.ts'
import { COST_TYPES } from './cost.ts'
import { billingErrors } from './errors.ts'

/** A row of the ledger. Amounts are signed as they change the balance; credit is in micros (1 USD = 1 000 000). */
export const Billing = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    account_id: Uuid,
    transaction_type: Type.Enum(TRANSACTION_TYPES),
    status: Type.Enum(['progressing', 'end', 'pending', 'finished']),
    reference_type: Type.Enum(REFERENCE_TYPES),
    reference_id: Uuid,
    cost_type: Type.Enum(['', ...COST_TYPES]),
    usage_duration: Type.Integer({ description: 'Seconds; 0 for what is charged at once.' }),
    billable_units: Type.Integer(),
    rate_token_per_unit: Type.Integer(),
    rate_credit_per_unit: Type.Integer(),
    amount_token: Type.Integer(),
    amount_credit: Type.Integer(),
    balance_token_snapshot: Type.Integer({ description: 'After this row; 0 while it is progressing.' }),
    balance_credit_snapshot: Type.Integer({ description: 'After this row; 0 while it is progressing.' }),
    idempotency_key: Uuid,
    tm_billing_start: TimestampOrNull,
    tm_billing_end: TimestampOrNull,
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
    rate_deck_version: Type.Integer({ description: 'Of the rate deck that priced it; 0 where nothing was priced.' }),
    rate_prefix: Type.String({ description: 'Digits that the number begins with, where the rate is for those.' }),
    rate_country: Type.String({ description: 'Country of the number, where the rate is a country’s.' }),
    rate_unit_seconds: Type.Integer({ description: 'Seconds of a unit; 0 = a unit is one thing.' }),
    rounding: Type.Enum(['up'], { description: 'Every started unit counts.' }),
    token_available: Type.Integer({ description: 'Tokens that could pay when it was priced.' }),
    enforced: Type.Boolean({ description: 'False: recorded, and nothing was paid.' }),
    number: Type.String({ description: 'The number that the rate was looked up for.' }),
    note: Type.String(),
  },
  { $id: 'Billing' },
)
export type Billing = Static<typeof Billing>

export const listBillings = endpoint({
  method: 'GET',
  path: '/billings',
  summary: 'List what your customer was charged, and what else has changed its balance',
  allow: adminOnly,
  query: pageQuery,
  returns: page(Billing),
  errors: [],
})

export const getBilling = endpoint({
  method: 'GET',
  path: '/billings/{billing_id}',
  summary: 'Read a row of the ledger',
  allow: adminOnly,
  params: Type.Object({ billing_id: Uuid }),
  returns: Billing,
  errors: [billingErrors.BILLING_NOT_FOUND],
})

const Money = Type.Object({ amount_token: Type.Integer(), amount_credit: Type.Integer() })

export const RerateRequest = Type.Object(
  {
    from: Type.String({ format: 'date-time', description: 'Charges that ended at or after this moment.' }),
    to: Type.String({ format: 'date-time', description: 'And before this one.' }),
    customer_id: Type.Optional(Uuid),
  },
  { examples: [{ from: '2026-01-01T00:00:00.000000Z', to: '2026-02-01T00:00:00.000000Z' }] },
)
export type RerateRequest = Static<typeof RerateRequest>

/** What charges add up to as they were booked, and as they come out when they are computed anew. */
export const Rerating = Type.Object(
  {
    charges: Type.Integer(),
    booked: Money,
    computed: Money,
    differing: Type.Integer(),
    differences: Type.Array(Type.Object({ billing_id: Uuid, booked: Money, computed: Money }), {
      description: 'The first hundred.',
    }),
  },
  { $id: 'Rerating' },
)
export type Rerating = Static<typeof Rerating>

export const rerate = endpoint({
  method: 'POST',
  path: '/billings/rerate',
  summary: 'Compute the charges of a period anew, from what they were priced by, as super admin; changes nothing',
  allow: superAdminOnly,
  deadlineMs: 120_000,
  body: RerateRequest,
  returns: Rerating,
  errors: [apiErrors.INVALID_ARGUMENT],
})

/** What the last check of the books has found. */
export const Audit = Type.Object(
  {
    tm_audit: TimestampOrNull,
    accounts: Type.Integer({ description: 'Accounts that were checked.' }),
    unbalanced: Type.Array(Type.Object({ account_id: Uuid, booked: Money, balance: Money }), {
      description: 'Accounts whose balance is not the sum of their rows; the first hundred.',
    }),
    uncharged: Type.Array(Type.Object({ reference_type: Type.String(), reference_id: Uuid }), {
      description: 'What was used and has no row; the first hundred.',
    }),
    stuck: Type.Array(Type.Object({ reference_type: Type.String(), reference_id: Uuid }), {
      description: 'What money is still held for though it must be over; the first hundred.',
    }),
  },
  { $id: 'BillingAudit' },
)
export type Audit = Static<typeof Audit>

export const getAudit = endpoint({
  method: 'GET',
  path: '/billings/audit',
  summary: 'Read whether the books are right, by their last check, as super admin',
  allow: superAdminOnly,
  returns: Audit,
  errors: [],
})
