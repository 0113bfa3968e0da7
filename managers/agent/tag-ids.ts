import { apiErrors } from '#platform/http'
import { isUuid } from '#platform/ids'

const MOST = 100

/** The filter `tag_ids` of a list: 1 to 100 UUIDs, separated by commas. */
export function parseTagIds(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim().toLowerCase())
  if (ids.length > MOST)
    throw apiErrors.INVALID_TAG_IDS({ field: 'tag_ids', issue: `must not have more than ${MOST} ids` })
  if (!ids.every(isUuid))
    throw apiErrors.INVALID_TAG_IDS({ field: 'tag_ids', issue: 'must be UUIDs, separated by commas' })
  return ids
}
