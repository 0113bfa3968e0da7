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
  PAYMENT_SIGNATURE_INVALID: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'never',
    cause: 'The notice is not signed by the payment provider, or its signature is older than five minutes.',
    fix: 'Compare the webhook secret of the provider with STROWGER_PADDLE_WEBHOOK_SECRET, and the clock of this machine.',
    message: () => 'The signature is not valid.',
  },
  SPENDING_LIMIT_REACHED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_delay',
    cause:
      'A limit on paid calls would be passed: of the customer, of the access key, agent, extension or trunk that asks, of callers from outside, or of an expensive destination that was never called before.',
    fix: 'Wait until the window has moved on, or have the limit raised: see GET /spending_limits for what is used, and the guide on spending limits.',
    message: ({ limit, limited_by, used, most }: ReachedLimit) => {
      const whose = limited_by === 'outside' ? 'callers from outside' : `this ${limited_by}`
      return `The limit ${limit} of ${whose} is reached: ${used} of ${most}.`
    },
    details_schema: {
      type: 'object',
      required: ['limited_by', 'limit', 'most', 'used', 'window_seconds'],
      properties: {
        limited_by: {
          type: 'string',
          description:
            'Whose limit: customer, outside (all callers from outside), accesskey, agent, extension, trunk, quarantine.',
        },
        limit: { type: 'string' },
        most: { type: 'number', description: 'Calls, minutes, or micros.' },
        used: { type: 'number' },
        window_seconds: { type: 'integer', description: '0: it frees with the end of a call.' },
      },
    },
  },
  SPENDING_NOT_ALLOWED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause:
      'Paid calls of this kind are switched off, or the credential that asks may not call this number: countries or prefixes of the credential, transfers by phones (REFER), forwarding by agents.',
    fix: 'Change what `limited_by` names with PUT /spending_limits or that of the credential, or call another destination.',
    message: (p: { limited_by: string }) => `A paid call like this is not allowed (${p.limited_by}).`,
    details_schema: {
      type: 'object',
      required: ['limited_by'],
      properties: {
        limited_by: { type: 'string', description: 'countries, prefixes, paid_refer or paid_forwarding.' },
      },
    },
  },
})

/** What a refusal by a limit tells. */
interface ReachedLimit {
  limited_by: string
  limit: string
  most: number
  used: number
  window_seconds: number
}
