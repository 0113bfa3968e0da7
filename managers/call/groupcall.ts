import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'

/** `progressing` until it is ended (`hangingup`), and over when none of its members lives any more (`hangup`). */
export const GROUPCALL_STATUSES = ['progressing', 'hangingup', 'hangup'] as const
export type GroupcallStatus = (typeof GROUPCALL_STATUSES)[number]

/** All at once, or one after the other. */
export const GROUP_RING_METHODS = ['', 'ring_all', 'linear'] as const
export type GroupRingMethod = Exclude<(typeof GROUP_RING_METHODS)[number], ''>

/** Several are called, one is wanted (`calls.md` §10): the record is the column, the type and the JSON. */
export interface Groupcall {
  id: string
  customer_id: string
  owner_type: '' | 'agent'
  owner_id: string
  status: GroupcallStatus
  /** What the answering leg runs; nil where it is joined with its master. */
  flow_id: string
  source: Address
  destinations: Address[]
  master_call_id: string
  master_groupcall_id: string
  ring_method: GroupRingMethod
  answer_method: '' | 'hangup_others'
  answer_call_id: string
  answer_groupcall_id: string
  /** Members so far. */
  call_ids: string[]
  groupcall_ids: string[]
  /** Members that are still alive. */
  call_count: number
  groupcall_count: number
  /** The position that was reached; of meaning where one is called after the other. */
  dial_index: number
  tm_create: Timestamp
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}

/** A groupcall that is about to call its members. */
export function newGroupcall(
  made: Pick<
    Groupcall,
    | 'id'
    | 'customer_id'
    | 'owner_id'
    | 'flow_id'
    | 'source'
    | 'destinations'
    | 'master_call_id'
    | 'master_groupcall_id'
    | 'ring_method'
    | 'tm_create'
  >,
): Groupcall {
  return {
    ...made,
    owner_type: made.owner_id === NIL_UUID ? '' : 'agent',
    status: 'progressing',
    answer_method: 'hangup_others',
    answer_call_id: NIL_UUID,
    answer_groupcall_id: NIL_UUID,
    call_ids: [],
    groupcall_ids: [],
    call_count: 0,
    groupcall_count: 0,
    dial_index: 0,
    tm_update: null,
    tm_delete: null,
  }
}
