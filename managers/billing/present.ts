import type { BillingAccount as AccountRecord } from './account.ts'
import type { BillingAccount, BillingAccountForAdmin } from './contract.ts'

/** An account as its customer sees it: without its status. */
export function presentAccount(account: AccountRecord): BillingAccount {
  const { status: _, ...seen } = presentForAdmin(account)
  return seen
}

/** An account as the super admin sees it; ids at the payment provider are left out where there are none. */
export function presentForAdmin(account: AccountRecord): BillingAccountForAdmin {
  const { suspended_by_refund: _, given_plan_type: __, paddle_subscription_id, paddle_customer_id, ...seen } = account
  return {
    ...seen,
    ...(paddle_subscription_id ? { paddle_subscription_id } : {}),
    ...(paddle_customer_id ? { paddle_customer_id } : {}),
  }
}
