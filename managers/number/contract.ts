import { type Static, Type } from 'typebox'
import { billingErrors } from '#managers/billing/errors'
import { customerErrors } from '#managers/customer/errors'
import { flowErrors } from '#managers/flow/errors'
import {
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'
import { numberErrors } from './errors.ts'
import { NUMBER_FEATURES } from './vendor.ts'

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
    tm_release: Type.Union([Timestamp, Type.Null()], {
      description: 'Could not be renewed, and is given back then unless it can be; null otherwise.',
    }),
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
  customer_id: Type.Optional(
    Type.String({
      format: 'id',
      description:
        'As super admin: the customer who gets it. A telephone number is then registered as it is, from a carrier of your ' +
        'own: nothing is bought, charged, renewed or given back.',
    }),
  ),
})
export type NumberCreate = Static<typeof NumberCreate>

export const NumberUpdate = Type.Object({
  call_flow_id: flowId('calls'),
  message_flow_id: flowId('messages'),
  name: Type.String(),
  detail: Type.String(),
})
export type NumberUpdate = Static<typeof NumberUpdate>

export const NumberMetadata = Type.Object({
  rtp_debug: Type.Optional(Type.Boolean({ description: 'Whether the sound of calls to it is captured.' })),
})
export type NumberMetadata = Static<typeof NumberMetadata>

/** A number that could be had at the moment of the search. */
export const AvailableNumber = Type.Object(
  {
    number: Type.String({ description: 'E.164.' }),
    country: Type.String({
      description: 'ISO 3166 alpha-2 in lower case; 899 of virtual numbers, sandbox of the sandbox.',
    }),
    region: Type.String(),
    postal_code: Type.String(),
    features: Type.Array(Type.Enum(NUMBER_FEATURES)),
  },
  { $id: 'AvailableNumber' },
)

export const AvailableQuery = Type.Object({
  country_code: Type.Optional(
    Type.String({
      description: 'ISO 3166 alpha-2, a calling code, or sandbox; needed unless the type is virtual.',
      examples: ['us'],
    }),
  ),
  type: Type.Optional(Type.Enum(NUMBER_TYPES, { default: 'normal' })),
  features: Type.Optional(
    Type.String({
      description: `What each number must have, separated by commas: ${NUMBER_FEATURES.join(', ')}.`,
      examples: ['voice'],
    }),
  ),
  page_size: Type.Optional(pageQuery.properties.page_size),
})
export type AvailableQuery = Static<typeof AvailableQuery>

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
    customerErrors.CUSTOMER_NOT_FOUND,
    numberErrors.NUMBER_NOT_AVAILABLE,
    numberErrors.NUMBER_PROVIDER_NOT_CONFIGURED,
    numberErrors.NUMBER_PROVIDER_UNAVAILABLE,
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

export const updateNumber = endpoint({
  method: 'PUT',
  path: '/numbers/{id}',
  summary: 'Replace name, detail and flows of a number',
  allow: adminOrManager,
  params: idParams,
  body: NumberUpdate,
  returns: PhoneNumber,
  errors: [numberErrors.NUMBER_NOT_FOUND, flowErrors.FLOW_NOT_FOUND, apiErrors.INVALID_ID],
})

export const updateNumberMetadata = endpoint({
  method: 'PUT',
  path: '/numbers/{id}/metadata',
  summary: 'Turn diagnostics of calls to a number on or off',
  allow: adminOrManager,
  params: idParams,
  body: NumberMetadata,
  returns: PhoneNumber,
  errors: [numberErrors.NUMBER_NOT_FOUND],
})

export const renewNumbers = endpoint({
  method: 'POST',
  path: '/numbers/renew',
  summary:
    'Renew the numbers of all customers that were renewed last before a moment, as super admin; at most 1,000 at once',
  allow: superAdminOnly,
  body: Type.Object({
    tm_renew: Type.String({
      description: 'RFC 3339; not in the future.',
      examples: ['2026-01-02T03:04:05.123456Z'],
    }),
  }),
  returns: Type.Array(PhoneNumber),
  errors: [billingErrors.INSUFFICIENT_BALANCE],
})

export const listAvailableNumbers = endpoint({
  method: 'GET',
  path: '/available_numbers',
  summary: 'Search numbers that can be had; nothing is reserved',
  allow: adminOrManager,
  query: AvailableQuery,
  returns: Type.Object({ result: Type.Array(AvailableNumber) }),
  errors: [apiErrors.MISSING_REQUEST_PARAMETER, numberErrors.NUMBER_PROVIDER_UNAVAILABLE],
})
