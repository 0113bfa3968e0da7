import { defineErrors } from '#platform/errors'

/** Each way in which providers, trunks and routes can fail: one domain, whichever folder serves them. */
export const provisioningErrors = defineErrors('provisioning-admin', {
  PROVIDER_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Provider ID does not exist.',
    fix: 'Verify the ID was obtained from a recent GET /providers list call. Admin-only resource.',
    message: (_: { provider_id: string }) => 'There is no such provider.',
    details: () => [],
  },
  TRUNK_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Trunk ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /trunks. Admin-only resource.',
    message: (_: { trunk_id: string }) => 'There is no such trunk.',
    details: () => [],
    pending: true,
  },
  ROUTE_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Route ID does not exist.',
    fix: 'Verify the ID with GET /routes. Admin-only resource.',
    message: (_: { route_id: string }) => 'There is no such route to a provider.',
    details: () => [],
  },
  PROVIDERCALL_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Provider call ID does not exist.',
    fix: 'Verify the ID with GET /providercalls. Admin-only resource.',
    message: (_: { providercall_id: string }) => 'There is no such provider call.',
    details: () => [],
  },
  INVALID_CODECS: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The codecs of a provider are empty, repeated or unknown.',
    fix: 'List known codec names, separated by commas.',
    message: (p: { issue: string }) => `codecs ${p.issue}.`,
    details_schema: {
      type: 'object',
      required: ['issue'],
      properties: { issue: { type: 'string' } },
    },
  },
  CARRIER_CREDENTIALS_REJECTED: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The carrier did not accept the API key of a provider setup.',
    fix: 'Make a new key at the carrier, with the right to change voice settings, and try again.',
    message: (p: { carrier: string }) => `${p.carrier} did not accept the API key.`,
    details_schema: {
      type: 'object',
      required: ['carrier'],
      properties: { carrier: { type: 'string' } },
    },
  },
})
