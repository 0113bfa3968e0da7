import type { BillingAccount } from './account.ts'
import type { CostType } from './cost.ts'
import { billingErrors } from './errors.ts'

/** The reserved customer of the platform itself: never billed. */
export const SYSTEM_CUSTOMER_ID = '00000000-0000-0000-0000-000000000002'

/**
 * What is about to be started, as the balance predicate of `billing.md` §6.1 knows it. `call_extension` stands for every
 * free leg, `call_pstn` for calls of the telephone network, which tokens do not pay for.
 */
export type ChargeKind =
  | 'call'
  | 'call_pstn'
  | 'call_extension'
  | 'number'
  | 'number_renew'
  | 'recording'
  | 'sms'
  | 'email'

/** What of an account the check looks at. */
export type Spendable = Pick<BillingAccount, 'status' | 'plan_type' | 'balance_credit' | 'balance_token'>

/** Why a chargeable thing may not start. */
export type Refusal = 'insufficient_balance' | 'account_suspended' | 'no_account'

/** The answer of the check before something chargeable starts. */
export type Verdict = { ok: true } | { ok: false; refusal: Refusal }

/** The check before anything chargeable starts. It decides and charges nothing. */
export interface BillingChecks {
  /** Whether the customer may start `count` things of this kind (`billing.md` §6.1). Free legs need no balance, only an account that lives. */
  mayStart(customer: string, kind: ChargeKind, count?: number): Promise<Verdict>
}

/** What a call costs, first match (`billing.md` §4.1). */
export type CallCost = 'call_vn' | 'call_pstn_incoming' | 'call_direct_ext' | 'call_extension' | 'call_pstn_outgoing'

/** The two ends of a call as far as its price depends on them. */
export interface CallEnds {
  direction: 'incoming' | 'outgoing'
  /** Address types and targets, normalised. */
  source: { type: string; target: string }
  destination: { type: string; target: string }
}

/** The cost type of a call by its ends: the table of `billing.md` §4.1, first match. */
export function costOfCall(call: CallEnds): CallCost {
  const { direction, source, destination } = call
  if (direction === 'outgoing') return destination.type === 'tel' ? 'call_pstn_outgoing' : 'call_extension'
  if (destination.type === 'tel' && destination.target.startsWith('+899')) return 'call_vn'
  if (destination.type === 'tel' && source.type === 'tel') return 'call_pstn_incoming'
  if (source.type === 'sip' && destination.type === 'extension') return 'call_direct_ext'
  return 'call_extension'
}

/** What to ask `mayStart` before a call: free legs pass, virtual numbers need tokens or credit, all others credit. */
export function kindOfCall(call: CallEnds): ChargeKind {
  const cost = costOfCall(call)
  if (cost === 'call_extension' || cost === 'call_direct_ext') return 'call_extension'
  return cost === 'call_vn' ? 'call' : 'call_pstn'
}

/** The price of one thing of a kind: the least credit that lets it start. */
export function costTypeOf(kind: ChargeKind): CostType {
  if (kind === 'call') return 'call_vn'
  return kind === 'call_pstn' ? 'call_pstn_outgoing' : kind
}

/** Kinds that any token at all lets start. */
const TOKENS_SERVE: ReadonlySet<ChargeKind> = new Set(['call', 'recording'])

/** The predicate of `billing.md` §6.1, in its order; `credit_per_unit` in micros. A dead account refuses even what is free. */
export function decide(
  account: Spendable | undefined,
  kind: ChargeKind,
  count: number,
  credit_per_unit: number,
): Verdict {
  if (!account) return { ok: false, refusal: 'no_account' }
  if (account.status !== 'active') return { ok: false, refusal: 'account_suspended' }
  if (account.plan_type === 'unlimited' || kind === 'call_extension') return { ok: true }
  if (TOKENS_SERVE.has(kind) && account.balance_token > 0) return { ok: true }
  if (account.balance_credit >= credit_per_unit * count) return { ok: true }
  return { ok: false, refusal: 'insufficient_balance' }
}

/** Throws the reason of a refusal; what may start passes. */
export function requireStart(verdict: Verdict): void {
  if (verdict.ok) return
  if (verdict.refusal === 'account_suspended') throw billingErrors.ACCOUNT_SUSPENDED()
  throw billingErrors.INSUFFICIENT_BALANCE()
}
