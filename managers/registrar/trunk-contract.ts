import { type Static, Type } from 'typebox'
import { provisioningErrors } from '#managers/provisioning/errors'
import { adminOrManager, endpoint, idParams, page, pageQuery, Timestamp, TimestampOrNull, Uuid } from '#platform/http'

/** How the devices behind a trunk prove themselves: by a password, or by the address that they call from. */
export const TRUNK_AUTH_TYPES = ['basic', 'ip'] as const
export type TrunkAuthType = (typeof TRUNK_AUTH_TYPES)[number]

/** Addresses and networks that a trunk names at most. */
const MOST_ADDRESSES = 100

/** A PBX or another device of a customer that calls the telephone network through the platform. */
export const Trunk = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    name: Type.String(),
    detail: Type.String(),
    domain_name: Type.String({
      description: 'Its devices call <domain_name>.trunk.<base>, which is the digest realm too.',
      examples: ['office-pbx'],
    }),
    auth_types: Type.Array(Type.Enum(TRUNK_AUTH_TYPES)),
    username: Type.String({ description: 'The digest user name.', examples: ['office'] }),
    password: Type.String({ description: 'Shown in the answers of creation and update; empty otherwise.' }),
    allowed_ips: Type.Array(Type.String(), { examples: [['192.0.2.10', '198.51.100.0/28']] }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Trunk' },
)
export type Trunk = Static<typeof Trunk>

const fields = {
  name: Type.String(),
  detail: Type.String(),
  auth_types: Type.Array(Type.Enum(TRUNK_AUTH_TYPES), {
    minItems: 1,
    maxItems: 2,
    description: 'basic: by username and password. ip: by the source address. With both either suffices.',
    examples: [['basic']],
  }),
  username: Type.String({ description: 'Needed for basic; empty otherwise.', examples: ['office'] }),
  password: Type.String({
    description:
      'Needed for basic: at least eight characters. An update with an empty one keeps it while the username stays.',
  }),
  allowed_ips: Type.Array(Type.String(), {
    maxItems: MOST_ADDRESSES,
    description: 'Source addresses or networks (CIDR); needed for ip.',
    examples: [['192.0.2.10']],
  }),
}

export const TrunkFields = Type.Object(fields)
export type TrunkFields = Static<typeof TrunkFields>

export const TrunkCreate = Type.Object({
  ...fields,
  domain_name: Type.String({
    description: 'A letter and 1 to 30 letters, digits, dots or hyphens; unique on the platform; it cannot change.',
    examples: ['office-pbx'],
  }),
})
export type TrunkCreate = Static<typeof TrunkCreate>

const { TRUNK_NOT_FOUND, TRUNK_ALREADY_EXISTS, RESOURCE_LIMIT_EXCEEDED } = provisioningErrors

export const listTrunks = endpoint({
  method: 'GET',
  path: '/trunks',
  summary: 'List trunks',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(Trunk),
  errors: [],
})

export const createTrunk = endpoint({
  method: 'POST',
  path: '/trunks',
  summary: 'Create a trunk, by which a PBX calls the telephone network',
  allow: adminOrManager,
  body: TrunkCreate,
  returns: Trunk,
  errors: [TRUNK_ALREADY_EXISTS, RESOURCE_LIMIT_EXCEEDED],
})

const ofOne = { allow: adminOrManager, params: idParams, returns: Trunk, errors: [TRUNK_NOT_FOUND] }

export const getTrunk = endpoint({ ...ofOne, method: 'GET', path: '/trunks/{id}', summary: 'Read a trunk' })

export const updateTrunk = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/trunks/{id}',
  summary: 'Replace the fields of a trunk; its domain name stays',
  body: TrunkFields,
})

export const deleteTrunk = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/trunks/{id}',
  summary: 'Delete a trunk; no new call comes by it',
})
