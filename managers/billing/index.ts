/** Billing accounts, and the check before anything that costs: it decides, it charges nothing. */
export {
  type AccountStart,
  type AccountStatus,
  type BillingAccount,
  type LimitedResource,
  PLAN_LIMITS,
  PLAN_TOKENS,
  type PlanType,
} from './account.ts'
export {
  type BillingChecks,
  type CallCost,
  type CallEnds,
  type ChargeKind,
  costOfCall,
  kindOfCall,
  type Refusal,
  requireStart,
  SYSTEM_CUSTOMER_ID,
  type Verdict,
} from './check.ts'
export { migrations } from './migrations/index.ts'
export { BillingService, type PlanLimits } from './service.ts'
