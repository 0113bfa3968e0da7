import { uuidOfName } from '#platform/ids'
import { type Timestamp, timestamp, timestampToMs } from '#platform/time'

export type AccountStatus = 'active' | 'frozen' | 'deleted'
export type PlanType = 'free' | 'basic' | 'professional' | 'unlimited'

/** What a customer may spend: credit in micros (1 USD = 1 000 000, may be negative) and whole tokens. */
export interface BillingAccount {
  id: string
  customer_id: string
  status: AccountStatus
  name: string
  detail: string
  plan_type: PlanType
  /** What it has without any subscription: given by the operator. */
  given_plan_type: PlanType
  plan_status: 'active' | 'canceling'
  balance_credit: number
  balance_token: number
  payment_type: '' | 'prepaid'
  payment_method: '' | 'credit card'
  /** The subscription that is shown, of those that it may have, and who pays for it there. */
  paddle_subscription_id: string
  paddle_customer_id: string
  /** Frozen because a refund took more than there was: only the operator lifts that. */
  suspended_by_refund: boolean
  /** Micros: when credit falls below, the customer is told; `null` = never. */
  low_balance: number | null
  tm_last_topup: Timestamp | null
  tm_next_topup: Timestamp | null
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** Things that a plan limits, by the path of their collection. */
export type LimitedResource = 'extensions' | 'agents' | 'queues' | 'conferences' | 'trunks' | 'virtual_numbers'

/** Tokens that a plan sets each month. */
export const PLAN_TOKENS: Readonly<Record<PlanType, number>> = {
  free: 100,
  basic: 1_000,
  professional: 10_000,
  unlimited: 0,
}

const UNLIMITED = Number.POSITIVE_INFINITY

/** How many live things a plan allows (`billing.md` §3). */
export const PLAN_LIMITS: Readonly<Record<PlanType, Readonly<Record<LimitedResource, number>>>> = {
  free: { extensions: 5, agents: 5, queues: 2, conferences: 2, trunks: 1, virtual_numbers: 5 },
  basic: { extensions: 50, agents: 50, queues: 10, conferences: 10, trunks: 5, virtual_numbers: 50 },
  professional: { extensions: 500, agents: 500, queues: 100, conferences: 100, trunks: 50, virtual_numbers: 500 },
  unlimited: {
    extensions: UNLIMITED,
    agents: UNLIMITED,
    queues: UNLIMITED,
    conferences: UNLIMITED,
    trunks: UNLIMITED,
    virtual_numbers: UNLIMITED,
  },
}

/** What a new account starts with; the rest is the free plan. */
export interface AccountStart {
  plan_type?: PlanType
  /** Micros. */
  balance_credit?: number
}

/** A new customer's account: prepaid, the free plan unless another is named, its tokens topped up at once. */
export function newAccount(id: string, customer: string, nowMs: number, start: AccountStart = {}): BillingAccount {
  const plan_type = start.plan_type ?? 'free'
  const now = timestamp(nowMs)
  return {
    id,
    customer_id: customer,
    status: 'active',
    name: 'basic billing account',
    detail: 'billing account for default use',
    plan_type,
    given_plan_type: plan_type,
    plan_status: 'active',
    balance_credit: start.balance_credit ?? 0,
    balance_token: PLAN_TOKENS[plan_type],
    payment_type: 'prepaid',
    payment_method: '',
    paddle_subscription_id: '',
    paddle_customer_id: '',
    suspended_by_refund: false,
    low_balance: null,
    tm_last_topup: now,
    tm_next_topup: firstOfNextMonth(now),
    tm_create: now,
    tm_update: null,
    tm_delete: null,
  }
}

/** Midnight UTC of the first day of the month after the given moment. */
export function firstOfNextMonth(moment: Timestamp): Timestamp {
  const day = new Date(timestampToMs(moment) ?? 0)
  return timestamp(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1))
}

/** Names an account's allowance of a month, so that it is given once. */
export function allowanceReference(account_id: string, moment: Timestamp): string {
  return uuidOfName(`${account_id} topup:${moment.slice(0, 7)}`)
}
