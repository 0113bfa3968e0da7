import { type Static, Type } from 'typebox'
import { CallsCreate, createCalls } from '#managers/call/contract'
import {
  Address,
  endpoint,
  page,
  pageQuery,
  superAdminOnly,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from '#platform/http'
import { provisioningErrors } from './errors.ts'

const ANONYMOUS = ['yes', 'no', 'auto'] as const

/** A test call of the super admin's through one provider. */
export const ProviderCall = Type.Object(
  {
    id: Uuid,
    customer_id: { ...Uuid, description: 'Whose calls they are: the customer of who asked.' },
    provider_id: Uuid,
    flow_id: Uuid,
    source: Address,
    destinations: Type.Array(Address),
    anonymous: Type.Enum(ANONYMOUS),
    call_ids: Type.Array(Uuid),
    groupcall_ids: Type.Array(Uuid),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'ProviderCall' },
)
export type ProviderCall = Static<typeof ProviderCall>

const { flow_id, actions, source, destinations } = CallsCreate.properties

export const ProviderCallCreate = Type.Object({
  provider_id: Uuid,
  flow_id,
  actions,
  source,
  destinations,
  anonymous: Type.Optional(Type.Enum(ANONYMOUS, { default: 'auto' })),
})
export type ProviderCallCreate = Static<typeof ProviderCallCreate>

const { PROVIDER_NOT_FOUND, PROVIDERCALL_NOT_FOUND } = provisioningErrors
const ofOne = { allow: superAdminOnly, params: typedIdParams, returns: ProviderCall, errors: [PROVIDERCALL_NOT_FOUND] }

export const listProviderCalls = endpoint({
  method: 'GET',
  path: '/providercalls',
  summary: 'List test calls, as super admin; of one provider, or all',
  allow: superAdminOnly,
  query: Type.Object({ ...pageQuery.properties, provider_id: Type.Optional(Uuid) }),
  returns: page(ProviderCall),
  errors: [],
})

export const createProviderCall = endpoint({
  method: 'POST',
  path: '/providercalls',
  summary: 'Call somebody through this provider alone, with any source, as super admin',
  description:
    'Country list, identity and balance count, and the calls are charged, as for other calls of your customer.',
  allow: superAdminOnly,
  body: ProviderCallCreate,
  returns: ProviderCall,
  deadlineMs: 12_000, // names of hosts are looked up
  errors: [PROVIDER_NOT_FOUND, ...createCalls.errors],
})

export const getProviderCall = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/providercalls/{id}',
  summary: 'Read a test call, as super admin',
})

export const deleteProviderCall = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/providercalls/{id}',
  summary: 'Delete a test call, as super admin; its calls are not touched',
})
