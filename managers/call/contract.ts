import { type Static, Type } from 'typebox'
import {
  Address,
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  Uuid,
} from '#platform/http'
import { callErrors } from './errors.ts'

export const CallAction = Type.Object(
  {
    id: Uuid,
    next_id: Uuid,
    type: Type.String(),
    option: Type.Optional(Type.Object({}, { additionalProperties: true })),
    tm_execute: Type.Optional(Timestamp),
  },
  { $id: 'CallAction', description: 'What the flow does on the call at the moment.' },
)

export const CallMetadata = Type.Object(
  {
    rtp_debug: Type.Optional(Type.Boolean()),
    codecs: Type.Optional(Type.String()),
    route_provider_ids: Type.Optional(Type.Array(Uuid)),
    skip_source_validation: Type.Optional(Type.Boolean()),
  },
  { $id: 'CallMetadata' },
)

/** A call. Empty strings and unset times are left out; ids, addresses, lists and objects are always there. */
export const Call = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    owner_type: Type.Optional(Type.Enum(['', 'agent'])),
    owner_id: Uuid,
    flow_id: Uuid,
    activeflow_id: Uuid,
    type: Type.Optional(Type.Enum(['', 'flow', 'conference', 'sip-service'])),
    master_call_id: Uuid,
    chained_call_ids: Type.Array(Uuid),
    recording_id: Uuid,
    recording_ids: Type.Array(Uuid),
    groupcall_id: Uuid,
    source: Address,
    destination: Address,
    status: Type.Enum(['dialing', 'ringing', 'progressing', 'terminating', 'canceling', 'hangup']),
    action: CallAction,
    metadata: CallMetadata,
    direction: Type.Enum(['incoming', 'outgoing']),
    mute_direction: Type.Optional(Type.Enum(['', 'in', 'out', 'both'])),
    hangup_by: Type.Optional(Type.Enum(['', 'remote', 'local'])),
    hangup_reason: Type.Optional(
      Type.Enum(['', 'normal', 'failed', 'busy', 'cancel', 'timeout', 'noanswer', 'dialout', 'amd']),
    ),
    tm_ringing: Type.Optional(Timestamp),
    tm_progressing: Type.Optional(Timestamp),
    tm_hangup: Type.Optional(Timestamp),
    tm_create: Timestamp,
    tm_update: Type.Optional(Timestamp),
    tm_delete: Type.Optional(Timestamp),
  },
  { $id: 'Call' },
)
export type Call = Static<typeof Call>

export const listCalls = endpoint({
  method: 'GET',
  path: '/calls',
  summary: 'List calls',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Call),
  errors: [],
})

export const getCall = endpoint({
  method: 'GET',
  path: '/calls/{id}',
  summary: 'Read a call',
  allow: adminOrManager,
  params: idParams,
  returns: Call,
  errors: [callErrors.CALL_NOT_FOUND],
})

export const deleteCall = endpoint({
  method: 'DELETE',
  path: '/calls/{id}',
  summary: 'Delete a call; a live one is ended first',
  allow: adminOrManager,
  params: idParams,
  returns: Call,
  endsCall: true,
  deadlineMs: 15_000, // a phone that does not answer our BYE is waited for
  errors: [callErrors.CALL_NOT_FOUND, apiErrors.SERVICE_UNAVAILABLE],
})

export const hangupCall = endpoint({
  method: 'POST',
  path: '/calls/{id}/hangup',
  summary: 'End a call',
  description: 'Answers when the call has begun to end; the end itself is the event `call_hangup`.',
  allow: adminOrManager,
  params: idParams,
  returns: Call,
  endsCall: true,
  errors: [callErrors.CALL_NOT_FOUND, callErrors.CALL_ALREADY_HANGUP, apiErrors.SERVICE_UNAVAILABLE],
})
