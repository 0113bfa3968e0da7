import { defineErrors } from '#platform/errors'

/** Each way in which tags can fail. */
export const tagErrors = defineErrors('tag-manager', {
  TAG_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Tag ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /tags list call.',
    message: (_: { tag_id: string }) => 'There is no such tag.',
    details: () => [],
  },
})
