import { defineErrors } from '#platform/errors'

/** Each way in which numbers can fail. */
export const numberErrors = defineErrors('number-manager', {
  NUMBER_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Number ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /numbers list call.',
    message: (_: { number_id: string }) => 'There is no such number.',
    details: () => [],
  },
  NUMBER_ALREADY_EXISTS: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The number belongs to a customer already.',
    fix: 'Choose another number.',
    message: (p: { number: string }) => `The number ${p.number} is taken.`,
    details_schema: {
      type: 'object',
      required: ['number'],
      properties: { number: { type: 'string' } },
    },
  },
  IDENTITY_VERIFICATION_REQUIRED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'Customer identity verification is required for this operation.',
    fix: 'Complete the identity verification of the customer, then retry. Virtual numbers need none.',
    message: () => 'The identity of the customer must be verified first.',
  },
  NUMBER_PROVIDER_NOT_CONFIGURED: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'after_fix',
    cause: 'No provider of telephone numbers is configured on this platform.',
    fix: 'Get a virtual number (+899…), or have the operator configure a provider.',
    message: () => 'This platform has no provider of telephone numbers; virtual numbers are available.',
  },
  NUMBER_NOT_AVAILABLE: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The provider does not sell the number, or not any more.',
    fix: 'Choose another number of GET /available_numbers; what it lists is not reserved.',
    message: (p: { number: string }) => `The number ${p.number} cannot be bought.`,
    details_schema: {
      type: 'object',
      required: ['number'],
      properties: { number: { type: 'string' } },
    },
  },
  NUMBER_PROVIDER_UNAVAILABLE: {
    status: 'UNAVAILABLE',
    blame: 'carrier',
    retry: 'same_key',
    cause: 'The provider of telephone numbers cannot be reached or refuses the platform.',
    fix: 'Ask again after a while: the same purchase goes on, and what nobody asks for again is undone by itself.',
    message: () => 'The provider of telephone numbers did not do what it was asked; nothing was charged.',
  },
  RESOURCE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The plan of the customer allows no more virtual numbers.',
    fix: 'Delete numbers that are no longer used, or change the plan.',
    message: (p: { limit: number }) => `The plan allows no more than ${p.limit} virtual numbers.`,
    details_schema: {
      type: 'object',
      required: ['limit'],
      properties: { limit: { type: 'integer' } },
    },
  },
})
