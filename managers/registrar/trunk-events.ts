import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Trunk } from './trunk-contract.ts'

const about =
  (type: string) =>
  (trunk: Trunk): NewEvent => ({
    customer_id: trunk.customer_id,
    type,
    resource: 'trunk',
    resource_id: trunk.id,
    public: false,
    activeflow_id: NIL_UUID,
    data: { ...trunk, password: '' },
  })

/** What happens to trunks; a password is never announced. */
export const trunkEvents = {
  trunk_created: about('trunk_created'),
  trunk_updated: about('trunk_updated'),
  trunk_deleted: about('trunk_deleted'),
}
