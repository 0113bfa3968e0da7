import { type Static, Type } from 'typebox'
import { billingErrors } from '#managers/billing/errors'
import { flowErrors } from '#managers/flow/errors'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { numberErrors } from './errors.ts'

export const NUMBER_TYPES = ['normal', 'virtual'] as const

/** A number that can be called. Virtual numbers (`+899…`) are free and reachable from SIP only. */
export const PhoneNumber = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    number: Type.String({ description: 'E.164.' }),
    type: Type.Enum(NUMBER_TYPES),
    call_flow_id: Uuid,
    message_flow_id: Uuid,
    name: Type.String(),
    detail: Type.String(),
    status: Type.Enum(['active', 'deleted']),
    t38_enabled: Type.Boolean(),
    emergency_enabled: Type.Boolean(),
    metadata: Type.Object({ rtp_debug: Type.Boolean() }),
    tm_purchase: TimestampOrNull,
    tm_renew: TimestampOrNull,
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Number' },
)
export type PhoneNumber = Static<typeof PhoneNumber>

const flowId = (what: string) =>
  Type.String({ description: `Flow that answers ${what}; empty or the nil UUID for none.` })

export const NumberCreate = Type.Object({
  number: Type.String({ description: 'E.164; +899 and nine digits for a virtual number.' }),
  type: Type.Optional(Type.Enum(NUMBER_TYPES, { default: 'normal', examples: ['virtual'] })),
  call_flow_id: Type.Optional(flowId('calls')),
  message_flow_id: Type.Optional(flowId('messages')),
  name: Type.String(),
  detail: Type.String(),
})
export type NumberCreate = Static<typeof NumberCreate>

/** Either may be left out and keeps its value. */
export const NumberFlowIds = Type.Object({
  call_flow_id: Type.Optional(flowId('calls')),
  message_flow_id: Type.Optional(flowId('messages')),
})
export type NumberFlowIds = Static<typeof NumberFlowIds>

export const listNumbers = endpoint({
  method: 'GET',
  path: '/numbers',
  summary: 'List numbers',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(PhoneNumber),
  errors: [],
})

export const createNumber = endpoint({
  method: 'POST',
  path: '/numbers',
  summary: 'Get a number',
  allow: adminOrManager,
  body: NumberCreate,
  returns: PhoneNumber,
  errors: [
    numberErrors.NUMBER_ALREADY_EXISTS,
    numberErrors.IDENTITY_VERIFICATION_REQUIRED,
    numberErrors.RESOURCE_LIMIT_EXCEEDED,
    flowErrors.FLOW_NOT_FOUND,
    billingErrors.INSUFFICIENT_BALANCE,
    billingErrors.ACCOUNT_SUSPENDED,
    numberErrors.NUMBER_PROVIDER_NOT_CONFIGURED,
    apiErrors.INVALID_ID,
  ],
})

export const getNumber = endpoint({
  method: 'GET',
  path: '/numbers/{id}',
  summary: 'Read a number',
  allow: adminOrManager,
  params: idParams,
  returns: PhoneNumber,
  errors: [numberErrors.NUMBER_NOT_FOUND],
})

export const deleteNumber = endpoint({
  method: 'DELETE',
  path: '/numbers/{id}',
  summary: 'Give a number back',
  allow: adminOrManager,
  params: idParams,
  returns: PhoneNumber,
  errors: [numberErrors.NUMBER_NOT_FOUND],
})

export const updateNumberFlowIds = endpoint({
  method: 'PUT',
  path: '/numbers/{id}/flow_ids',
  summary: 'Choose the flows that answer a number',
  allow: adminOrManager,
  params: idParams,
  body: NumberFlowIds,
  returns: PhoneNumber,
  errors: [numberErrors.NUMBER_NOT_FOUND, flowErrors.FLOW_NOT_FOUND, apiErrors.INVALID_ID],
})
