import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { PhoneNumber } from './contract.ts'

const about =
  (type: string) =>
  (number: PhoneNumber): NewEvent => ({
    customer_id: number.customer_id,
    type,
    resource: 'number',
    resource_id: number.id,
    public: true,
    activeflow_id: NIL_UUID,
    data: number,
  })

export const numberEvents = {
  number_created: about('number_created'),
  number_updated: about('number_updated'),
  number_deleted: about('number_deleted'),
}
