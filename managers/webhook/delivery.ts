import type { Timestamp } from '#platform/time'

/** Where it goes: a customer's target, that of one activeflow, or one that a flow's action named. */
export type DeliveryKind = 'customer' | 'activeflow' | 'flow'

/** One thing to be sent to one endpoint. */
export interface Delivery {
  id: string
  kind: DeliveryKind
  /** Kind and id of who named the target; what shares a target and the limits on it shares this. */
  endpoint: string
  customer_id: string
  /** Deliveries to one endpoint about one resource keep their order. */
  resource_id: string
  /** The event's place in the customer's history; 0 for a flow's own requests. */
  position: number
  /** What a repeat has in common with the first attempt: the event's id, or `activeflow:step`. */
  key: string
  /** The event's type; `webhook_send` for a flow's own requests. */
  type: string
  sequence: number | null
  tm_event: Timestamp
  /** The bytes that are signed and sent. */
  body: string
  /** Only of a flow's own requests; events go where the target is at that moment. */
  uri: string
  method: string
  content_type: string
  /** How often it has failed. */
  attempts: number
}

/** A delivery that was given up. */
export interface DeadLetter {
  id: string
  customer_id: string
  kind: DeliveryKind
  type: string
  resource_id: string
  sequence: number | null
  event_id: string
  attempts: number
  /** Status of the last answer; 0 = there was none. */
  last_status: number
  /** Why the last attempt failed. */
  last_failure: string
  body: string
  tm_event: Timestamp
  /** When it was given up. */
  tm_update: Timestamp
}

/** The chain whose order a delivery keeps. */
export function chainOf({ endpoint, resource_id }: Pick<Delivery, 'endpoint' | 'resource_id'>): string {
  return `${endpoint} ${resource_id}`
}
