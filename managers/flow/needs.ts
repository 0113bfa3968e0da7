/** What flows ask of the parts that `apps/server` joins them with. */
import type { HangupReason, LiveCall, PlaceCallsRequest, PlacedCalls } from '#managers/call'
import type { AnyTransaction } from '#platform/db'
import type { ReferenceType } from './activeflow.ts'
import type { Action } from './flow.ts'

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
  /** The largest answer that is of use, in bytes: one beyond it fails as `too_large`. Absent: its beginning is kept. */
  most_bytes?: number
  /** The longest wait for a synchronous answer, where that is less than the usual. Milliseconds. */
  within_ms?: number
}

/** What became of it. A refused address, a timeout or a broken connection is `ok: false`, with a word for why. */
export type WebhookOutcome =
  | { ok: true; status: number; body: string; truncated?: boolean }
  | { ok: false; cause: string }

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

/** What a flow wants of another manager: an action that is that manager's business, with its options as they stand now. */
export interface AskedFor {
  action: string
  options: Readonly<Record<string, unknown>>
  activeflow_id: string
  reference_type: ReferenceType
  reference_id: string
}

/** What came of it: variables to write, actions to work through before the next one; or a word for why not. */
export type AskOutcome =
  | { ok: true; set?: Readonly<Record<string, string>>; push?: readonly Action[] }
  | { ok: false; cause: string }

/** Does what an action asks for, for this customer's own resources only. A repeat under the same key does nothing again. */
export type Ask = (customer_id: string, asked: AskedFor, key: string) => Promise<AskOutcome>

/** Who carries out the actions of other managers, by type; a type without one fails as `action_not_available`. */
export type Asks = Readonly<Record<string, Ask>>
