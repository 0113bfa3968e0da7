import type { NewEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { SaidLimits } from './limit-store.ts'

/** Limits were said anew: of the customer as a whole, its ceiling, or one of its credentials. */
export function limitsUpdated(customer_id: string, said: SaidLimits): NewEvent {
  return {
    customer_id,
    type: 'spending_limits_updated',
    resource: 'spending_limits',
    resource_id: said.subject_id === NIL_UUID ? customer_id : said.subject_id,
    public: false,
    activeflow_id: NIL_UUID,
    data: said,
  }
}
