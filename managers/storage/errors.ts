import { defineErrors } from '#platform/errors'

/** Each way in which stored files and their downloads can fail. */
export const storageErrors = defineErrors('storage-manager', {
  FILE_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The file does not exist or belongs to another customer, or what was stored is gone.',
    fix: 'Verify that the resource still exists and has files.',
    message: (_: { id: string }) => 'There is no such file.',
    details: () => [],
  },
  ACCOUNT_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The storage account does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from GET /storage_account or a recent GET /storage_accounts list call.',
    message: () => 'There is no such storage account.',
  },
  RESOURCE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'What the customer keeps would be more than its quota.',
    fix: 'Delete files or recordings that are not needed any more, or have the quota raised.',
    message: (facts: { limit: number; used: number; size: number }) =>
      `At most ${facts.limit} bytes are kept; ${facts.used} are, and ${facts.size} more do not fit.`,
    details_schema: {
      type: 'object',
      required: ['limit', 'used', 'size'],
      properties: {
        limit: { type: 'integer', description: 'Octets that may be kept.' },
        used: { type: 'integer', description: 'Octets that are kept.' },
        size: { type: 'integer', description: 'Octets that did not fit.' },
      },
    },
  },
  SIGNING_NOT_CONFIGURED: {
    status: 'UNAVAILABLE',
    blame: 'platform',
    retry: 'after_fix',
    cause: 'Files are in an external store, and no credentials are configured with which addresses could be signed.',
    fix: 'The operator puts key and secret of the store into STROWGER_S3_URL.',
    message: () => 'No address can be given out: signing is not configured.',
  },
  SIGNATURE_INVALID: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The signature of a download address does not belong to its file and time.',
    fix: 'Use the address exactly as it was given, with every part of its query; ask for a new one where it is lost.',
    message: () => 'This is not an address that was given out.',
  },
  DOWNLOAD_EXPIRED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The time for which a download address was given out is over.',
    fix: 'Ask for a new address at the endpoint that gave this one, such as GET /storage_files/{id}/file or GET /recordingfiles/{id}.',
    message: (facts: { expired_at: string }) => `The address was good until ${facts.expired_at}.`,
    details_schema: {
      type: 'object',
      required: ['expired_at'],
      properties: { expired_at: { type: 'string', format: 'date-time' } },
    },
  },
})
