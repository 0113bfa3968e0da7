import type { Timestamp } from '#platform/time'

/** What an execution is bound to. */
export const REFERENCE_TYPES = [
  '',
  'ai',
  'api',
  'call',
  'campaign',
  'conversation',
  'transcribe',
  'recording',
  'webchat',
] as const
export type ReferenceType = (typeof REFERENCE_TYPES)[number]

export const WEBHOOK_METHODS = ['', 'POST', 'GET', 'PUT', 'DELETE'] as const
export type WebhookMethod = (typeof WEBHOOK_METHODS)[number]

/** Why an activeflow ended. */
export const ENDED_REASONS = [
  /** The cursor came to the end of the actions. */
  'finished',
  /** The action `stop`. */
  'stopped',
  /** `POST /activeflows/{id}/stop`. */
  'requested',
  /** `DELETE /activeflows/{id}` of one that ran. */
  'deleted',
  /** The call that it was bound to is over. */
  'call_hungup',
  /** An action failed whose failure ends the flow; `ended_detail` says which and why. */
  'action_failed',
  /** More than 100 steps (`flows.md` §4.4). */
  'step_limit',
  /** More than 100 stacks inside each other. */
  'stack_limit',
  /** The flow that it should run is gone. */
  'flow_not_found',
  /** The program that ran it ended, and its call with it. */
  'interrupted',
  /** The customer was frozen or deleted; no on-complete flow follows. */
  'account_closed',
] as const
export type EndedReason = (typeof ENDED_REASONS)[number]

/** How an action went that did not simply run: passed over by the media gate or failed, and why. */
export interface ActionRun {
  id: string
  /** The nil UUID = the next in the list. */
  next_id: string
  /** Empty for the start pseudo action (id …0001). */
  type: string
  /** With every placeholder replaced. */
  option?: Record<string, unknown>
  /** When it was begun; null where it never was (start, skipped). */
  tm_execute: Timestamp | null
  result?: 'skipped' | 'failed'
  /** Why it was skipped or failed: a word and, after a colon, what about it. */
  cause?: string
  /** Placeholders that named no variable and became empty. */
  unresolved?: string[]
  /** What was written while it was the current one, each value within its first 1,000 characters. */
  variables?: Record<string, string>
}

/** One execution of a flow. The record is the column, the type and the JSON. */
export interface Activeflow {
  id: string
  customer_id: string
  flow_id: string
  status: 'running' | 'ended'
  reference_type: ReferenceType
  reference_id: string
  /** The execution that this one follows (on-complete). */
  reference_activeflow_id: string
  on_complete_flow_id: string
  webhook_uri: string
  webhook_method: WebhookMethod
  current_action: ActionRun
  forward_action_id: string
  executed_actions: ActionRun[]
  /** Empty while it runs. */
  ended_reason: EndedReason | ''
  ended_detail: string
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}
