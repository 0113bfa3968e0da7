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
  },
  RATE_DECK_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'There is no version of the rate deck with this ID or number.',
    fix: 'Verify it with GET /rate_decks.',
    message: () => 'There is no such rate deck.',
  },
  PAYMENT_PROVIDER_NOT_CONFIGURED: {
    status: 'FAILED_PRECONDITION',
    blame: 'platform',
    retry: 'after_fix',
    cause: 'The operator of the platform has set up no payment provider.',
    fix: 'Ask the operator to add credit (POST /billing_accounts/{id}/balance_add_force), or to set up the provider.',
    message: () => 'Payments by a provider are not set up on this platform.',
  },
  PAYMENT_PROVIDER_FAILED: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'after_delay',
    cause: 'The payment provider did not answer, or answered something that cannot be used.',
    fix: 'Try again in a moment.',
    message: () => 'The payment provider could not be asked.',
  },
})
