import { type Static, Type } from 'typebox'
import {
  adminOnly,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { billingErrors } from './errors.ts'

export const ACCOUNT_STATUSES = ['active', 'frozen', 'deleted'] as const
export const PLAN_TYPES = ['free', 'basic', 'professional', 'unlimited'] as const
const PAYMENT_TYPES = ['', 'prepaid'] as const
const PAYMENT_METHODS = ['', 'credit card'] as const

/** Of one movement, in USD: so that no sum of them leaves what a number holds exactly. */
const MOST_USD = 1_000_000_000
const MOST_MICROS = MOST_USD * 1_000_000
const MOST_TOKENS = 1_000_000_000_000

const accountFields = {
  id: Uuid,
  customer_id: Uuid,
  name: Type.String(),
  detail: Type.String(),
  plan_type: Type.Enum(PLAN_TYPES),
  plan_status: Type.Enum(['active', 'canceling']),
  balance_credit: Type.Integer({ description: 'Micros: 1 USD = 1 000 000. May be negative.' }),
  balance_token: Type.Integer(),
  payment_type: Type.Enum(PAYMENT_TYPES),
  payment_method: Type.Enum(PAYMENT_METHODS),
  paddle_subscription_id: Type.Optional(Type.String({ description: 'Left out when empty.' })),
  paddle_customer_id: Type.Optional(Type.String({ description: 'Left out when empty.' })),
  low_balance: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Micros: the event `billing_account_low` tells when credit falls below; null = it is not told.',
  }),
  tm_last_topup: TimestampOrNull,
  tm_next_topup: TimestampOrNull,
  tm_create: Timestamp,
  tm_update: TimestampOrNull,
  tm_delete: TimestampOrNull,
}

/** An account as its customer sees it. */
export const BillingAccount = Type.Object(accountFields, { $id: 'BillingAccount' })
export type BillingAccount = Static<typeof BillingAccount>

/** An account as the super admin sees it. */
export const BillingAccountForAdmin = Type.Object(
  { ...accountFields, status: Type.Enum(ACCOUNT_STATUSES) },
  { $id: 'BillingAccountForAdmin' },
)
export type BillingAccountForAdmin = Static<typeof BillingAccountForAdmin>

export const AccountUpdate = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 255 })),
  detail: Type.Optional(Type.String({ maxLength: 1024 })),
  low_balance: Type.Optional(
    Type.Union([Type.Integer({ minimum: -MOST_MICROS, maximum: MOST_MICROS }), Type.Null()], {
      description: 'Micros below which a webhook tells that credit is low; null for none.',
    }),
  ),
})
export type AccountUpdate = Static<typeof AccountUpdate>

export const PaymentInfo = Type.Object({
  payment_type: Type.Optional(Type.Enum(PAYMENT_TYPES)),
  payment_method: Type.Optional(Type.Enum(PAYMENT_METHODS)),
})
export type PaymentInfo = Static<typeof PaymentInfo>

/** An amount of credit: in dollars, or exactly in micros. */
export const CreditAmount = Type.Object(
  {
    balance: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: MOST_USD, description: 'USD, rounded to micros.' }),
    ),
    balance_micros: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MOST_MICROS, description: 'The same in micros (1 USD = 1 000 000).' }),
    ),
  },
  { examples: [{ balance: 12.5 }] },
)
export type CreditAmount = Static<typeof CreditAmount>

export const TokenAmount = Type.Object({
  token: Type.Integer({ minimum: 1, maximum: MOST_TOKENS, examples: [100] }),
})

const own = { allow: adminOnly, returns: BillingAccount }
const ofOne = { allow: superAdminOnly, params: idParams, returns: BillingAccountForAdmin }
const { BILLING_ACCOUNT_NOT_FOUND, PAYMENT_PROVIDER_NOT_CONFIGURED, PAYMENT_PROVIDER_FAILED } = billingErrors
const { PERMISSION_DENIED, STATE_INVALID } = apiErrors

export const getAccount = endpoint({
  ...own,
  method: 'GET',
  path: '/billing_account',
  summary: 'Read the billing account that pays for your customer',
  errors: [STATE_INVALID],
})

export const updateAccount = endpoint({
  ...own,
  method: 'PUT',
  path: '/billing_account',
  summary: 'Name your billing account',
  body: AccountUpdate,
  errors: [STATE_INVALID, PERMISSION_DENIED],
})

export const updatePaymentInfo = endpoint({
  ...own,
  method: 'PUT',
  path: '/billing_account/payment_info',
  summary: 'Say how your billing account is paid',
  body: PaymentInfo,
  errors: [STATE_INVALID, PERMISSION_DENIED],
})

export const createPortalSession = endpoint({
  method: 'POST',
  path: '/billing_account/paddle_portal_session',
  summary: 'Get the address at which your payments and plan are managed, at the payment provider',
  allow: adminOnly,
  returns: Type.Object({ url: Type.String() }),
  errors: [STATE_INVALID, PERMISSION_DENIED, PAYMENT_PROVIDER_NOT_CONFIGURED, PAYMENT_PROVIDER_FAILED],
})

export const listAccounts = endpoint({
  method: 'GET',
  path: '/billing_accounts',
  summary: 'List billing accounts, as super admin',
  allow: superAdminOnly,
  query: pageQuery,
  returns: page(BillingAccountForAdmin),
  errors: [],
})

export const getAccountById = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/billing_accounts/{id}',
  summary: 'Read a billing account, as super admin',
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const updateAccountById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/billing_accounts/{id}',
  summary: 'Name a billing account, as super admin',
  body: AccountUpdate,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const updatePaymentInfoById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/billing_accounts/{id}/payment_info',
  summary: 'Say how a billing account is paid, as super admin',
  body: PaymentInfo,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const updatePlanById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/billing_accounts/{id}/plan_type',
  summary: 'Change the plan of a billing account, as super admin; its tokens change with the next monthly top-up',
  body: Type.Object({ plan_type: Type.Enum(PLAN_TYPES) }),
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const updateStatusById = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/billing_accounts/{id}/status',
  summary: 'Suspend a billing account or reactivate it, as super admin',
  body: Type.Object({ status: Type.Enum(['active', 'frozen']) }),
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const addBalance = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/billing_accounts/{id}/balance_add_force',
  aliases: ['/billing_accounts/{id}/balance_add'],
  summary: 'Add credit to a billing account, as super admin',
  body: CreditAmount,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const subtractBalance = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/billing_accounts/{id}/balance_subtract_force',
  aliases: ['/billing_accounts/{id}/balance_subtract'],
  summary: 'Take credit from a billing account, as super admin; it may become negative',
  body: CreditAmount,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const addTokens = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/billing_accounts/{id}/token_add_force',
  summary: 'Add tokens to a billing account until its next monthly top-up, as super admin',
  body: TokenAmount,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})

export const subtractTokens = endpoint({
  ...ofOne,
  method: 'POST',
  path: '/billing_accounts/{id}/token_subtract_force',
  summary: 'Take tokens from a billing account, as super admin; they may become negative',
  body: TokenAmount,
  errors: [BILLING_ACCOUNT_NOT_FOUND],
})
