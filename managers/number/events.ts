import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { PhoneNumber } from './contract.ts'

const about =
  (type: string, isPublic = true) =>
  (number: PhoneNumber): NewEvent => ({
    customer_id: number.customer_id,
    type,
    resource: 'number',
    resource_id: number.id,
    public: isPublic,
    activeflow_id: NIL_UUID,
    data: number,
  })

export const numberEvents = {
  number_created: about('number_created'),
  number_updated: about('number_updated'),
  number_deleted: about('number_deleted'),
  number_renewed: about('number_renewed', false),
  /** It will be given back at its `tm_release` unless it can be paid for until then. */
  number_renewal_failed: about('number_renewal_failed'),
}
