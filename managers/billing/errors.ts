import { defineErrors } from '#platform/errors'

/** Each way in which billing accounts and checks can fail. */
export const billingErrors = defineErrors('billing-manager', {
  INSUFFICIENT_BALANCE: {
    status: 'PAYMENT_REQUIRED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'Customer balance is below the minimum required for a chargeable operation.',
    fix: 'Top up with POST /billing_accounts/{id}/balance_add_force (super admin) or add credit, then retry.',
    message: () => 'The balance is too low for this.',
  },
  ACCOUNT_SUSPENDED: {
    status: 'PAYMENT_REQUIRED',
    blame: 'client',
    retry: 'after_fix',
    cause: "The customer's billing account is frozen.",
    fix: 'Settle what is open and have the account reactivated, then retry.',
    message: () => 'The billing account is suspended.',
  },
  BILLING_ACCOUNT_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Billing account ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /billing_accounts.',
    message: () => 'There is no such billing account.',
  },
  BILLING_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Billing ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /billings.',
    message: (_: { billing_id: string }) => 'There is no such billing.',
    details: () => [],
    pending: true,
  },
})
