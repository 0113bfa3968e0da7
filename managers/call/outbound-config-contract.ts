import { type Static, Type } from 'typebox'
import { customerErrors } from '#managers/customer/errors'
import { provisioningErrors } from '#managers/provisioning/errors'
import {
  adminOnly,
  apiErrors,
  endpoint,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from '#platform/http'
import { callErrors } from './errors.ts'

/** What a customer may call in the telephone network, and how it calls. */
export const OutboundConfig = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    name: Type.String(),
    detail: Type.String(),
    destination_whitelist: Type.Array(Type.String(), {
      description: 'Countries that may be called (ISO 3166 alpha-2 in lower case, or sandbox); none of them: nobody.',
      examples: [['us', 'de']],
    }),
    codecs: Type.String({
      description: 'What SIP destinations are offered, the preferred one first; empty for what the platform has.',
      examples: ['PCMU,PCMA'],
    }),
    default_outgoing_source_number_id: Type.String({
      format: 'uuid',
      description: 'The number that is shown where the caller has none of its own; the nil UUID for none.',
    }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'OutboundConfig' },
)

const orUnchanged = <T extends Parameters<typeof Type.Union>[0][number]>(value: T) =>
  Type.Optional(Type.Union([value, Type.Null()]))

/** What is absent or null stays as it is. */
export const OutboundConfigUpdate = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  destination_whitelist: orUnchanged(
    Type.Array(Type.String(), {
      maxItems: 300,
      description: 'All countries that may be called, in any case; an empty list allows nobody.',
      examples: [['us', 'de']],
    }),
  ),
  codecs: orUnchanged(
    Type.String({
      description: 'Names, separated by commas; empty for what the platform has.',
      examples: ['PCMU,PCMA'],
    }),
  ),
  default_outgoing_source_number_id: orUnchanged(
    Type.String({
      format: 'uuid',
      description: 'An active telephone number of the customer; the nil UUID for none.',
    }),
  ),
})
export type OutboundConfigUpdate = Static<typeof OutboundConfigUpdate>

const { OUTBOUND_CONFIG_NOT_FOUND } = callErrors
const { INVALID_CODECS } = provisioningErrors

export const getOwnOutboundConfig = endpoint({
  method: 'GET',
  path: '/outbound_config',
  summary: 'Read what you may call in the telephone network',
  allow: adminOnly,
  returns: OutboundConfig,
  errors: [OUTBOUND_CONFIG_NOT_FOUND],
})

export const updateOwnOutboundConfig = endpoint({
  method: 'PUT',
  path: '/outbound_config',
  summary: 'Choose what you may call in the telephone network; what is left out stays',
  allow: adminOnly,
  body: OutboundConfigUpdate,
  returns: OutboundConfig,
  errors: [OUTBOUND_CONFIG_NOT_FOUND, INVALID_CODECS],
})

export const listOutboundConfigs = endpoint({
  method: 'GET',
  path: '/outbound_configs',
  summary: 'List the outbound configurations of all customers or of one, as super admin',
  allow: superAdminOnly,
  query: Type.Object({
    ...pageQuery.properties,
    customer_id: Type.Optional(Type.String({ format: 'uuid', description: 'Only that of this customer.' })),
  }),
  returns: page(OutboundConfig),
  errors: [],
})

export const createOutboundConfig = endpoint({
  method: 'POST',
  path: '/outbound_configs',
  summary: 'Create the outbound configuration of a customer, as super admin',
  description: 'Every customer has one from its beginning: this makes a new one after the old one was deleted.',
  allow: superAdminOnly,
  body: Type.Object({
    ...OutboundConfigUpdate.properties,
    customer_id: Type.Optional(
      Type.String({ format: 'id', description: 'Whose it is; your own customer unless said.' }),
    ),
  }),
  returns: OutboundConfig,
  errors: [customerErrors.CUSTOMER_NOT_FOUND, apiErrors.STATE_INVALID, INVALID_CODECS],
})

const ofOne = { allow: superAdminOnly, params: typedIdParams, returns: OutboundConfig }

export const getOutboundConfig = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/outbound_configs/{id}',
  summary: 'Read an outbound configuration, as super admin',
  errors: [OUTBOUND_CONFIG_NOT_FOUND],
})

export const updateOutboundConfig = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/outbound_configs/{id}',
  summary: 'Change an outbound configuration, as super admin; what is left out stays',
  body: OutboundConfigUpdate,
  errors: [OUTBOUND_CONFIG_NOT_FOUND, INVALID_CODECS],
})

export const deleteOutboundConfig = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/outbound_configs/{id}',
  summary: 'Delete an outbound configuration, as super admin: the customer calls nobody in the telephone network then',
  errors: [OUTBOUND_CONFIG_NOT_FOUND],
})
