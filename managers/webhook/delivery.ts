import type { Timestamp } from '#platform/time'

/** Where it goes: a customer's target, that of one activeflow, or one that a flow's action named. */
export type DeliveryKind = 'customer' | 'activeflow' | 'flow'

/** One thing to be sent to one endpoint. */
export interface Delivery {
  id: string
  kind: DeliveryKind
  /**
   * Who named the target (see `ownerOf`), after `replay:` for what is sent once more on request: what shares this shares an
   * order, and limits on how much is under way.
   */
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
  /** How often it has failed since it was stored or revived. */
  attempts: number
  /** The delivery that this one repeats on request; `null` for an original. */
  replay_of: string | null
  tm_create: Timestamp
}

/** The chain whose order a delivery keeps. */
export function chainOf({ endpoint, resource_id }: Pick<Delivery, 'endpoint' | 'resource_id'>): string {
  return `${endpoint} ${resource_id}`
}

const REPLAY = 'replay:'

/** The endpoint name of what is sent once more on request: apart, so that it holds up nothing that is new. */
export function replayEndpoint(owner: string): string {
  return REPLAY + owner
}

/** Who named the target: `customer:…`, `activeflow:…` or `flow:…`. Holds are on this, whatever is sent. */
export function ownerOf({ endpoint }: Pick<Delivery, 'endpoint'>): string {
  return endpoint.startsWith(REPLAY) ? endpoint.slice(REPLAY.length) : endpoint
}

/** The id behind the kind: of the customer, or of the activeflow. */
export function ownerIdOf(delivery: Pick<Delivery, 'endpoint'>): string {
  const owner = ownerOf(delivery)
  return owner.slice(owner.indexOf(':') + 1)
}
