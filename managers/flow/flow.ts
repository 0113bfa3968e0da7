import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'

/** What a flow is for; the API makes `flow` only. */
export const FLOW_TYPES = ['flow', 'conference', 'queue', 'campaign', 'transfer'] as const
export type FlowType = (typeof FLOW_TYPES)[number]

/** One step of a flow as it is kept: the id is always a UUID, `next_id` the nil UUID for "the next in the list". */
export interface Action {
  id: string
  next_id: string
  type: string
  /** As the author wrote it, placeholders and all; absent = no options. */
  option?: Record<string, unknown>
}

/** A flow: a list of actions under a name. The record is the column, the type and the JSON. */
export interface Flow {
  id: string
  customer_id: string
  type: FlowType
  name: string
  detail: string
  actions: Action[]
  /** `direct.` and twelve hex digits; empty = none. */
  direct_hash: string
  /** The flow that starts when an activeflow of this flow ends; the nil UUID = none. */
  on_complete_flow_id: string
  /** `false`: a temporary flow, made of actions that came without one; never listed. Not on the wire. */
  persist: boolean
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** How long a temporary flow is kept at least; as long as something runs it in any case. Milliseconds. */
export const TEMPORARY_MS = 86_400_000

/** A flow as it begins. */
export function newFlow(
  id: string,
  customer_id: string,
  from: Pick<Flow, 'name' | 'detail' | 'actions' | 'on_complete_flow_id' | 'persist'>,
  tm_create: Timestamp,
): Flow {
  const { name, detail, actions, on_complete_flow_id, persist } = from
  return {
    id,
    customer_id,
    type: 'flow',
    name,
    detail,
    actions,
    direct_hash: '',
    on_complete_flow_id,
    persist,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}

/** A flow of actions that came without one. */
export function temporaryFlow(id: string, customer_id: string, actions: Action[], tm_create: Timestamp): Flow {
  const nothing = { name: '', detail: '', on_complete_flow_id: NIL_UUID }
  return newFlow(id, customer_id, { ...nothing, actions, persist: false }, tm_create)
}

/** The most persistent flows that a customer may have. */
export const FLOWS_PER_CUSTOMER = 10_000

/** Ids that no action of a customer has (`flows.md` §4.1). */
export const ACTION_ID_START = '00000000-0000-0000-0000-000000000001'
export const ACTION_ID_FINISH = '00000000-0000-0000-0000-000000000002'
export const ACTION_ID_NEXT = '00000000-0000-0000-0000-000000000003'
