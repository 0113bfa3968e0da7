/** What accounts are made of that others have: the server joins them. */

import type { CallEntry } from './contract.ts'

/** A call as its owner shows it (`Call` of `#managers/call/contract`). */
export interface ExplainedCall {
  id: string
  customer_id: string
  activeflow_id: string
  master_call_id: string
  groupcall_id: string
  chained_call_ids: string[]
  status: string
  direction: 'incoming' | 'outgoing'
  destination: { type?: string; target?: string }
  hangup_by?: string
  hangup_reason?: string
  tm_create: string
  tm_ringing?: string
  tm_progressing?: string
  tm_hangup?: string
}

export interface ExecutedAction {
  id: string
  type?: string
  option?: Record<string, unknown>
  tm_execute: string | null
  result?: 'skipped' | 'failed'
  cause?: string
  unresolved?: string[]
  variables?: Record<string, string>
}

/** An execution of a flow as its owner shows it. */
export interface Execution {
  id: string
  status: string
  current_action: ExecutedAction
  executed_actions: ExecutedAction[]
  ended_reason?: string
  tm_create: string
}

/** Reads one of a customer's calls; rejects with `CALL_NOT_FOUND` where there is none such. */
export interface Calls {
  get(customer: string, call_id: string): Promise<ExplainedCall>
}

/** A groupcall as it is kept. */
export interface ExplainedGroup {
  id: string
  status: string
  ring_method: string
  master_groupcall_id: string
  call_ids: string[]
  groupcall_ids: string[]
  answer_call_id: string
  answer_groupcall_id: string
}

/** The groupcalls that a call is a member of, or that were made for it, the oldest first. */
export interface Groupcalls {
  ofCall(customer: string, call: { id: string; groupcall_id: string }): Promise<ExplainedGroup[]>
}

/** The execution of a customer's; `undefined` where there is none (any more). */
export interface Executions {
  find(customer: string, activeflow_id: string): Promise<Execution | undefined>
}

/** An event of a resource on its way to a webhook, with its attempts as far as they are on record. */
export interface WebhookAttempts {
  /** About a resource, of events of this time, oldest first, at most some hundreds. */
  ofResource(customer: string, of: { resource_id: string; since: string; until: string }): Promise<DeliveryAttempts[]>
}

export interface DeliveryAttempts {
  delivery_id: string
  event_type: string
  sequence: number | null
  /** `pending`, `delivered`, `failed`, … */
  status: string
  attempt_count: number
  tm_next: string | null
  tm_create: string
  attempts: { tm_start: string; http_status: number; failure: string; duration_ms: number }[]
}

/** What was charged for a call; there is nothing until calls cost something. */
export interface Charges {
  ofCall(customer: string, call_id: string): Promise<({ tm_create: string } & NonNullable<CallEntry['charge']>)[]>
}

/** An attempt to reach a number over a route (`RouteAttemptRecord` of calls). */
export interface RouteAttempt {
  attempt: number
  route_id: string
  provider_id: string
  outcome: 'dialing' | 'answered' | 'failed' | 'failed_over'
  sip_status: number
  cause: number
  tm_create: string
  tm_end: string | null
}

/** Ways that were tried through carriers, in their order. */
export interface RouteAttempts {
  ofCall(customer: string, call_id: string): Promise<RouteAttempt[]>
}
