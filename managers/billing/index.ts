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
export type { UseReference } from './audit/audit-store.ts'
export { Auditor, type AuditorNeeds, type EndedUses } from './audit/auditor.ts'
export {
  type BillingRecord,
  REFERENCE_TYPES,
  type ReferenceType,
  TRANSACTION_TYPES,
  type TransactionType,
} from './billing.ts'
export { credentialEndpoints } from './caps/contract.ts'
export type { CapRefusal, Occasion } from './caps/decide.ts'
export { type CredentialKind, NOBODY, type Spender } from './caps/limits.ts'
export { reasonOfCap } from './caps/refused.ts'
export { spendingRoutes } from './caps/routes.ts'
export { SpendingLimits, type SpendingLimitsNeeds } from './caps/service.ts'
export type { Charge, EndedUsage, Holds, Movement, Reference } from './charge.ts'
export { type ChargeOf, Charges } from './charges.ts'
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
export { COST_TYPES, type CostType, type Measure, measureOf } from './cost.ts'
export type { Ledger } from './ledger.ts'
export { migrations } from './migrations/index.ts'
export { createPaddle, type Paddle, type PaddleSettings } from './paddle/paddle.ts'
export { paddleRoutes } from './paddle/routes.ts'
export { RateDecks } from './rate/deck-service.ts'
export { type Price, priceOf, type Rate, type Use, unitsOf } from './rate/price.ts'
export { type CountryOf, RateDeck, type RateQuery } from './rate/rate-deck.ts'
export { Rerater } from './rerate.ts'
export type { Decision, ReserveRefusal } from './reservation/book.ts'
export {
  isCounted,
  type Reservation,
  type ReservedType,
  type ReserveRequest,
  stepOf,
} from './reservation/reservation.ts'
export { ReservationDesk, type Reservations } from './reservation/reservation-desk.ts'
export { ReservationStore } from './reservation/reservation-store.ts'
export { Settler, type Use as ReservedUse, type Uses } from './reservation/settler.ts'
export { type BillingRoutesNeeds, billingRoutes } from './routes.ts'
export { type BillingNeeds, BillingService, type PlanLimits } from './service.ts'
export { MonthlyTopUp } from './top-up.ts'
