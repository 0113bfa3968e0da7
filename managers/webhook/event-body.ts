import { SYSTEM_CUSTOMER_ID } from '#managers/customer'
import type { LedgerEvent } from '#platform/events'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { Delivery } from './delivery.ts'

/** The activeflow that an event belongs to: its own for `activeflow_*`; the nil UUID for none. */
export function activeflowOf({ resource, resource_id, activeflow_id }: LedgerEvent): string {
  return resource === 'activeflow' ? resource_id : activeflow_id
}

/** Whether anything of this customer is ever sent: the platform's own customer has no webhooks. */
export function hasWebhooks(customer_id: string): boolean {
  return customer_id !== SYSTEM_CUSTOMER_ID && customer_id !== NIL_UUID
}

/** The delivery of an event to one endpoint. `data` is the resource exactly as REST shows it. */
export function eventDelivery(
  { ids, clock }: { ids: Ids; clock: Clock },
  event: LedgerEvent,
  kind: 'customer' | 'activeflow',
  body: string,
): Delivery {
  const owner = kind === 'customer' ? event.customer_id : activeflowOf(event)
  return {
    id: ids.uuid(),
    kind,
    endpoint: `${kind}:${owner}`,
    customer_id: event.customer_id,
    resource_id: event.resource_id,
    position: event.position,
    key: event.id,
    type: event.type,
    sequence: event.sequence,
    tm_event: event.tm_create,
    body,
    uri: '',
    method: '',
    content_type: '',
    attempts: 0,
    replay_of: null,
    tm_create: timestamp(clock.wallMs()),
  }
}

/** The body of every event: `type` and `data`, nothing else. */
export function eventBody({ type, data }: Pick<LedgerEvent, 'type' | 'data'>): string {
  return JSON.stringify({ type, data })
}
