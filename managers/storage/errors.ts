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
    fix: 'Ask for a new address at the endpoint that gave this one, such as GET /recordingfiles/{id}.',
    message: (facts: { expired_at: string }) => `The address was good until ${facts.expired_at}.`,
    details_schema: {
      type: 'object',
      required: ['expired_at'],
      properties: { expired_at: { type: 'string', format: 'date-time' } },
    },
  },
})
