import type { Timestamp } from '#platform/time'

/** A fact to announce, written in the same transaction as the change that it announces. */
export interface NewEvent {
  customer_id: string
  /** `<resource>_<verb>`, e.g. `call_hangup`. */
  type: string
  /** The kind of thing, e.g. `call`. */
  resource: string
  resource_id: string
  /** Public events get a `sequence` and reach webhooks, sockets and `GET /events`; the others stay inside. */
  public: boolean
  /** The activeflow it belongs to, for the activeflow's own webhook; the nil UUID where there is none. */
  activeflow_id: string
  /** The resource exactly as REST would present it at that moment. */
  data: object
  /** The moment it happened; by default the moment at which it is handed over. */
  tm_create?: Timestamp
}

/** An event in the ledger, with its place in the customer's history. */
export interface LedgerEvent {
  /** The event's own id, the same in every delivery (`X-VoIPBIN-Event-Id`). */
  id: string
  customer_id: string
  /** Its place among all events of the customer: 1, 2, 3, … without a gap. */
  position: number
  /** Its place among the public ones, the wire's `sequence`; `null` for an internal event. */
  sequence: number | null
  type: string
  resource: string
  resource_id: string
  public: boolean
  activeflow_id: string
  data: object
  tm_create: Timestamp
}
