import { defineErrors } from '#platform/errors'

/** Each way in which customers and access keys can fail. */
export const customerErrors = defineErrors('customer-manager', {
  CUSTOMER_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Customer ID does not exist or the customer is deleted.',
    fix: 'Verify the ID with GET /customers.',
    message: (_: { customer_id: string }) => 'There is no such customer.',
    details: () => [],
  },
  CUSTOMER_ALREADY_EXISTS: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The e-mail address belongs to another customer or agent.',
    fix: 'Use another e-mail address.',
    message: () => 'The e-mail address is taken.',
  },
  ACCESSKEY_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Access key ID does not exist, is deleted, or belongs to another customer.',
    fix: 'Verify the ID with GET /accesskeys.',
    message: (_: { accesskey_id: string }) => 'There is no such access key.',
    details: () => [],
  },
})
