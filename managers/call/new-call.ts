import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Called, Entered } from './admission.ts'
import type { Call, CallMetadata } from './call.ts'

/** The record of a call that comes in and rings, before its owner has said whether it may. */
export function newIncomingCall(
  id: string,
  called: Pick<Called, 'customer_id' | 'source' | 'destination' | 'flow'>,
  tm_create: Timestamp,
): Call {
  return {
    ...newCall(id, { ...called, owner_id: NIL_UUID, metadata: {} }, tm_create),
    flow_id: 'flow_id' in called.flow ? called.flow.flow_id : NIL_UUID,
    status: 'ringing',
    direction: 'incoming',
    tm_ringing: tm_create,
  }
}

/** The same with what its owner adds. */
export function entered(call: Call, { owner_id, metadata }: Entered): Call {
  return { ...call, ...ownedBy(owner_id), metadata }
}

/** What a call that goes out is made of. */
export interface OutgoingCall {
  customer_id: string
  source: Address
  destination: Address
  metadata: CallMetadata
  owner_id: string
  master_call_id: string
  groupcall_id: string
}

/** The record of a call that is about to be dialled. */
export function newOutgoingCall(id: string, made: OutgoingCall, tm_create: Timestamp): Call {
  const { master_call_id, groupcall_id } = made
  return { ...newCall(id, made, tm_create), master_call_id, groupcall_id, status: 'dialing', direction: 'outgoing' }
}

function newCall(
  id: string,
  made: Pick<OutgoingCall, 'customer_id' | 'source' | 'destination' | 'metadata' | 'owner_id'>,
  tm_create: Timestamp,
): Omit<Call, 'status' | 'direction'> {
  return {
    id,
    customer_id: made.customer_id,
    ...ownedBy(made.owner_id),
    flow_id: NIL_UUID,
    activeflow_id: NIL_UUID,
    type: 'flow',
    master_call_id: NIL_UUID,
    chained_call_ids: [],
    recording_id: NIL_UUID,
    recording_ids: [],
    groupcall_id: NIL_UUID,
    source: made.source,
    destination: made.destination,
    action: { id: NIL_UUID, next_id: NIL_UUID, type: '' },
    metadata: made.metadata,
    mute_direction: '',
    hangup_by: '',
    hangup_reason: '',
    tm_ringing: null,
    tm_progressing: null,
    tm_hangup: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}

function ownedBy(owner_id: string): Pick<Call, 'owner_type' | 'owner_id'> {
  return { owner_type: owner_id === NIL_UUID ? '' : 'agent', owner_id }
}
