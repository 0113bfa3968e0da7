import { type Static, Type } from 'typebox'
import { agentErrors } from '#managers/agent/errors'
import { billingErrors } from '#managers/billing/errors'
import { flowErrors } from '#managers/flow/errors'
import { numberErrors } from '#managers/number/errors'
import { registrarErrors } from '#managers/registrar/errors'
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

/** Several are called, the first who answers is kept. Empty strings and unset times are left out. */
export const Groupcall = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    owner_type: Type.Optional(Type.Enum(['', 'agent'])),
    owner_id: Uuid,
    status: Type.Enum(['progressing', 'hangingup', 'hangup']),
    flow_id: Uuid,
    source: Address,
    destinations: Type.Array(Address),
    master_call_id: Uuid,
    master_groupcall_id: Uuid,
    ring_method: Type.Enum(['', 'ring_all', 'linear']),
    answer_method: Type.Optional(Type.Enum(['', 'hangup_others'])),
    answer_call_id: Uuid,
    answer_groupcall_id: Uuid,
    call_ids: Type.Array(Uuid),
    groupcall_ids: Type.Array(Uuid),
    call_count: Type.Integer({ description: 'Calls of it that are still alive.' }),
    groupcall_count: Type.Integer({ description: 'Groupcalls of it that are still alive.' }),
    dial_index: Type.Integer({ description: 'The position that was reached, with the ring method linear.' }),
    tm_create: Timestamp,
    tm_update: Type.Optional(Timestamp),
    tm_delete: Type.Optional(Timestamp),
  },
  { $id: 'Groupcall' },
)
export type Groupcall = Static<typeof Groupcall>

/** A destination that was skipped. */
export const SkippedDestination = Type.Object(
  {
    field: Type.String({ examples: ['destinations[1]'] }),
    pointer: Type.String({ examples: ['/destinations/1'] }),
    domain: Type.String(),
    reason: Type.String(),
    issue: Type.String(),
  },
  { $id: 'SkippedDestination' },
)

/** One request calls no more than this. */
export const MOST_DESTINATIONS = 100

/** How long somebody who calls may let it ring, and talk. */
const LONGEST_DIAL_SECONDS = 180
const LONGEST_CALL_SECONDS = 14_400

export const CallsCreate = Type.Object({
  flow_id: Type.Optional(Type.String({ description: 'Runs on each call that is answered; wins over `actions`.' })),
  actions: Type.Optional(
    Type.Array(Type.Object({}, { additionalProperties: true }), {
      minItems: 1,
      description: 'Actions in place of a flow.',
      examples: [[{ type: 'answer' }]],
    }),
  ),
  source: Type.Optional(Address),
  destinations: Type.Array(Address, {
    minItems: 1,
    maxItems: MOST_DESTINATIONS,
    description: 'Of the types tel, sip, extension and agent; each is called for itself.',
  }),
  anonymous: Type.Optional(
    Type.String({
      description: 'yes, no or auto (the default): whether the callee of a tel destination sees who calls.',
    }),
  ),
  dial_timeout: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LONGEST_DIAL_SECONDS,
      default: 60,
      description: 'Seconds that each callee may take to answer; then its call ends as `dialout`.',
    }),
  ),
  max_duration: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LONGEST_CALL_SECONDS,
      default: 3_600,
      description: 'Seconds that each call may last, ringing included; then it ends as `timeout`.',
    }),
  ),
  variables: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Variables of the flow. At most 100, 64 KiB in all, 32 KiB each.',
    }),
  ),
})
export type CallsCreate = Static<typeof CallsCreate>

export const createCalls = endpoint({
  method: 'POST',
  path: '/calls',
  summary: 'Call somebody, and run a flow on each call that is answered',
  description:
    'sip and tel destinations become calls, extensions and agents groupcalls. A destination that cannot be called is skipped and listed in `details`; when none can, the answer is the reason of the first.',
  allow: adminOrManager,
  body: CallsCreate,
  returns: Type.Object({
    calls: Type.Array(Call),
    groupcalls: Type.Array(Groupcall),
    details: Type.Array(SkippedDestination, { description: 'Destinations that were skipped, and why.' }),
  }),
  deadlineMs: 12_000, // names of hosts are looked up
  errors: [
    flowErrors.FLOW_NOT_FOUND,
    flowErrors.INVALID_ACTION_TYPE,
    flowErrors.INVALID_ANONYMOUS_VALUE,
    flowErrors.RESOURCE_LIMIT_EXCEEDED,
    apiErrors.INVALID_ID,
    apiErrors.INVALID_VARIABLES,
    numberErrors.IDENTITY_VERIFICATION_REQUIRED,
    callErrors.INSUFFICIENT_BALANCE,
    billingErrors.ACCOUNT_SUSPENDED,
    billingErrors.SPENDING_LIMIT_REACHED,
    billingErrors.SPENDING_NOT_ALLOWED,
    callErrors.DESTINATION_NOT_ALLOWED,
    callErrors.NO_ROUTE_TO_DESTINATION,
    callErrors.SOURCE_NOT_ALLOWED,
    registrarErrors.EXTENSION_NOT_FOUND,
    agentErrors.AGENT_NOT_FOUND,
    apiErrors.SERVICE_UNAVAILABLE,
  ],
})

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
