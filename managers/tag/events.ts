import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Tag } from './contract.ts'

const about =
  (type: string) =>
  (tag: Tag): NewEvent => ({
    customer_id: tag.customer_id,
    type,
    resource: 'tag',
    resource_id: tag.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: tag,
  })

/** What happens to tags; the platform's own business, so no webhook hears of it. */
export const tagEvents = {
  tag_created: about('tag_created'),
  tag_updated: about('tag_updated'),
  tag_deleted: about('tag_deleted'),
}
