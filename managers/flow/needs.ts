/** What flows ask of the parts that `apps/server` joins them with. */
import type { HangupReason, LiveCall, PlaceCallsRequest, PlacedCalls } from '#managers/call'
import type { AnyTransaction } from '#platform/db'

/** A request that the action `webhook_send` makes. */
export interface WebhookRequest {
  uri: string
  method: 'POST' | 'GET' | 'PUT' | 'DELETE'
  /** Content-Type; empty = `application/json`. */
  data_type: string
  /** The body, byte for byte. */
  data: string
  /** Wait for the answer (`true`), or only until the request is in safe hands. */
  sync: boolean
  /** `activeflow_id:step`: the same for a repeat after a crash. */
  key: string
}

/** What became of it. A refused address, a timeout or a broken connection is `ok: false`, with a word for why. */
export type WebhookOutcome = { ok: true; status: number; body: string } | { ok: false; cause: string }

/** Sends it for the customer: signed with its secret, inside the rules for outside addresses. May reject: = failed. */
export type SendWebhook = (customer_id: string, request: WebhookRequest) => Promise<WebhookOutcome>

/** Lets go of everything that points to a flow (numbers), in the transaction that deletes it. */
export type OnFlowDeleted = (trx: AnyTransaction, customer_id: string, flow_id: string) => Promise<void>

/** How a call ended, for `hangup` with a `reference_id`; `undefined` while it lives, or when it is not this customer's. */
export type HangupReasonOf = (customer_id: string, call_id: string) => Promise<HangupReason | undefined>

/**
 * Makes outgoing calls for the customer. Rejects with a declared reason when nothing was created. A repeat under the same
 * key makes none again.
 */
export type PlaceCalls = (customer_id: string, request: PlaceCallsRequest, key: string) => Promise<PlacedCalls>

/** A live call of this node by its id, answered or not. */
export type LiveCallOf = (call_id: string) => LiveCall | undefined
