import { type Static, Type } from 'typebox'
import {
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
import { provisioningErrors } from './errors.ts'

export const PROVIDER_TRANSPORTS = ['udp', 'tcp', 'auto'] as const
export const NUMBER_FORMATS = ['e164', 'e164_without_plus', 'national'] as const
export const HEALTH_STATUSES = ['unknown', 'healthy', 'unhealthy'] as const
export const REGISTRATION_STATES = ['off', 'registering', 'registered', 'failed'] as const

const text = (maxLength: number, description: string, example = '') =>
  Type.String({ maxLength, description, examples: [example] })

/** What of a provider is written, and read as it was written. */
const fields = {
  type: Type.Enum(['sip']),
  hostname: text(255, 'Host name or address, with a port where it is not 5060.', 'sip.example.net'),
  tech_prefix: text(32, 'Put before the dialled number.'),
  tech_postfix: text(32, 'Put after the dialled number.'),
  tech_headers: Type.Record(Type.String(), Type.String({ maxLength: 1024 }), {
    description: 'Headers of each INVITE, by name. Those of the platform’s own cannot be set.',
  }),
  name: text(255, 'A label.', 'Carrier'),
  detail: text(1024, 'A remark.'),
}

/** What of a provider may be left out, with what that means. */
const choices = {
  codecs: Type.String({
    maxLength: 255,
    default: '',
    examples: ['PCMU,PCMA'],
    description: 'Names of codecs, the preferred one first; empty for all that the platform has.',
  }),
  transport: Type.Enum(PROVIDER_TRANSPORTS, {
    default: 'udp',
    description: '`auto` asks the DNS for the preferred one (RFC 3263).',
  }),
  username: Type.String({
    maxLength: 255,
    default: '',
    description: 'Who we are where the provider asks; empty: nobody.',
  }),
  realm: Type.String({
    maxLength: 255,
    default: '',
    description: 'The only realm whose question is answered; empty: the host name.',
  }),
  registration: Type.Boolean({ default: false, description: 'Whether we register there.' }),
  addresses: Type.Array(Type.String({ maxLength: 64, examples: ['192.0.2.0/24'] }), {
    default: [],
    maxItems: 256,
    description: 'Addresses and networks that its calls come from, besides the host’s own.',
  }),
  failover_causes: Type.Union(
    [Type.Array(Type.Integer({ minimum: 0, maximum: 127 }), { maxItems: 128, uniqueItems: true }), Type.Null()],
    {
      default: null,
      description: 'Q.850 causes after which the next route is tried, 0 for our own giving up; null: the usual ones.',
    },
  ),
  number_format: Type.Enum(NUMBER_FORMATS, { default: 'e164', description: 'How numbers are written in INVITEs.' }),
  country: Type.String({
    default: '',
    pattern: '^([A-Za-z]{2})?$',
    examples: ['us'],
    description: 'ISO 3166 alpha-2: whose national numbers it speaks; empty: none.',
  }),
  user_phone: Type.Boolean({ default: false, description: 'Whether numbers are marked with `user=phone`.' }),
  assert_identity: Type.Boolean({
    default: false,
    description: 'Whether each INVITE names the caller in P-Asserted-Identity; an anonymous one always does.',
  }),
}

export const Provider = Type.Object(
  {
    id: Uuid,
    ...fields,
    codecs: Type.String(),
    transport: Type.Enum(PROVIDER_TRANSPORTS),
    username: Type.String(),
    realm: Type.String(),
    has_password: Type.Boolean({ description: 'Whether a password is kept; it is never answered.' }),
    registration: Type.Boolean(),
    registration_state: Type.Enum(REGISTRATION_STATES),
    registration_detail: Type.String({ description: 'Why it is not registered; empty where it is, or need not be.' }),
    addresses: Type.Array(Type.String()),
    failover_causes: Type.Union([Type.Array(Type.Integer()), Type.Null()]),
    number_format: Type.Enum(NUMBER_FORMATS),
    country: Type.String(),
    user_phone: Type.Boolean(),
    assert_identity: Type.Boolean(),
    metadata: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
      description: 'What a setup noted about the carrier’s own objects.',
    }),
    health_status: Type.Enum(HEALTH_STATUSES),
    health_checked_at: TimestampOrNull,
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Provider' },
)
export type Provider = Static<typeof Provider>

export const ProviderWrite = Type.Object({
  ...fields,
  codecs: Type.Optional(choices.codecs),
  transport: Type.Optional(choices.transport),
  username: Type.Optional(choices.username),
  realm: Type.Optional(choices.realm),
  password: Type.Optional(
    Type.String({
      maxLength: 255,
      description: 'Of `username`; stored encrypted. Left out, the one that is kept stays; empty: none.',
    }),
  ),
  registration: Type.Optional(choices.registration),
  addresses: Type.Optional(choices.addresses),
  failover_causes: Type.Optional(choices.failover_causes),
  number_format: Type.Optional(choices.number_format),
  country: Type.Optional(choices.country),
  user_phone: Type.Optional(choices.user_phone),
  assert_identity: Type.Optional(choices.assert_identity),
})
export type ProviderWrite = Static<typeof ProviderWrite>

const ofOne = { allow: superAdminOnly, params: idParams, returns: Provider }
const { PROVIDER_NOT_FOUND, INVALID_CODECS } = provisioningErrors

export const listProviders = endpoint({
  method: 'GET',
  path: '/providers',
  summary: 'List providers, as super admin',
  allow: superAdminOnly,
  query: pageQuery,
  returns: page(Provider),
  errors: [],
})

export const createProvider = endpoint({
  method: 'POST',
  path: '/providers',
  summary: 'Add a provider of the telephone network, as super admin',
  allow: superAdminOnly,
  body: ProviderWrite,
  returns: Provider,
  errors: [INVALID_CODECS, apiErrors.INVALID_ARGUMENT],
})

export const getProvider = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/providers/{id}',
  summary: 'Read a provider, as super admin',
  errors: [PROVIDER_NOT_FOUND],
})

export const updateProvider = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/providers/{id}',
  summary: 'Replace a provider, as super admin; what is left out takes its default, the password stays',
  body: ProviderWrite,
  errors: [PROVIDER_NOT_FOUND, INVALID_CODECS],
})

export const deleteProvider = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/providers/{id}',
  summary: 'Delete a provider, as super admin; its routes stay and lead nowhere',
  errors: [PROVIDER_NOT_FOUND],
})
