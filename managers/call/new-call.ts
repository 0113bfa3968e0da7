import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { Admitted } from './admission.ts'
import type { Call } from './call.ts'

/** The record of a call that came in and rings. */
export function newIncomingCall(id: string, admitted: Admitted, tm_create: Timestamp): Call {
  return {
    id,
    customer_id: admitted.customer_id,
    owner_type: admitted.owner_id === NIL_UUID ? '' : 'agent',
    owner_id: admitted.owner_id,
    flow_id: admitted.flow_id,
    activeflow_id: NIL_UUID,
    type: 'flow',
    master_call_id: NIL_UUID,
    chained_call_ids: [],
    recording_id: NIL_UUID,
    recording_ids: [],
    groupcall_id: NIL_UUID,
    source: admitted.source,
    destination: admitted.destination,
    status: 'ringing',
    action: { id: NIL_UUID, next_id: NIL_UUID, type: '' },
    metadata: admitted.metadata,
    direction: 'incoming',
    mute_direction: '',
    hangup_by: '',
    hangup_reason: '',
    tm_ringing: tm_create,
    tm_progressing: null,
    tm_hangup: null,
    tm_create,
    tm_update: null,
    tm_delete: null,
  }
}
