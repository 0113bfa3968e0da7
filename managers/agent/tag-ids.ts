import type { AnyTransaction } from '#platform/db'
import { apiErrors } from '#platform/http'
import { isUuid } from '#platform/ids'

/** What agents ask of tags, which an agent may have. */
export interface TagLookup {
  /** Those of the ids that are live tags of the customer; they stay so until the transaction ends. */
  holdTags(trx: AnyTransaction, customer: string, ids: readonly string[]): Promise<string[]>
}

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

/** The tags as they are kept, each once. `INVALID_ARGUMENT` names every one that the customer does not have. */
export async function checkTags(
  trx: AnyTransaction,
  customer: string,
  wanted: readonly string[],
  tags: TagLookup,
): Promise<string[]> {
  const ids = wanted.map((id) => id.toLowerCase())
  const unique = [...new Set(ids)]
  const known = new Set(await tags.holdTags(trx, customer, unique))
  const faults = ids.flatMap((id, at) =>
    known.has(id) ? [] : [{ field: `tag_ids[${at}]`, issue: 'names no tag of yours' }],
  )
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  return unique
}
