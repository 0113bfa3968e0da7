import { defineErrors } from '#platform/errors'
import { faultDetails, faultSchema } from '#platform/http'

/** Each way in which tags can fail. */
export const tagErrors = defineErrors('tag-manager', {
  TAG_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Tag ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /tags list call.',
    // `field` says which member of a body named the tag; an id in the path needs none.
    message: (p: { tag_id: string; field?: string }) =>
      p.field ? `${p.field} names no tag of yours.` : 'There is no such tag.',
    details: (p) => (p.field ? faultDetails({ field: p.field, issue: 'names no tag of yours' }) : []),
    details_schema: faultSchema,
  },
})
