import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Direct } from './direct.ts'

const about =
  (type: string) =>
  (direct: Direct): NewEvent => ({
    customer_id: direct.customer_id,
    type,
    resource: 'direct',
    resource_id: direct.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: direct,
  })

export const directEvents = {
  direct_created: about('direct_created'),
  direct_regenerated: about('direct_regenerated'),
  direct_deleted: about('direct_deleted'),
}
