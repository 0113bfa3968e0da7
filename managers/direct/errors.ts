import { defineErrors } from '#platform/errors'

/** Each way in which direct hashes can fail. */
export const directErrors = defineErrors('direct-manager', {
  DIRECT_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'No resource of the customer has this direct hash; it may have been regenerated.',
    fix: 'Read the direct_hash of the resource again.',
    message: () => 'There is no such direct hash.',
  },
})
