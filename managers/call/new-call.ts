import type { Address } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Admitted } from './admission.ts'
import type { Call, CallMetadata } from './call.ts'

/** The record of a call that came in and rings. */
export function newIncomingCall(id: string, admitted: Omit<Admitted, 'rule'>, tm_create: Timestamp): Call {
  return {
    ...newCall(id, admitted, tm_create),
    flow_id: 'flow_id' in admitted.flow ? admitted.flow.flow_id : NIL_UUID,
    status: 'ringing',
    direction: 'incoming',
    tm_ringing: tm_create,
  }
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
    owner_type: made.owner_id === NIL_UUID ? '' : 'agent',
    owner_id: made.owner_id,
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
