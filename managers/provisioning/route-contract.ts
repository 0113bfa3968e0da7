import { type Static, Type } from 'typebox'
import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { customerErrors } from '#managers/customer/errors'
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

const writable = {
  name: Type.String({ maxLength: 255, examples: ['Everything'] }),
  detail: Type.String({ maxLength: 1024, examples: [''] }),
  provider_id: Uuid,
  priority: Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Lower first.', examples: [0] }),
  target: Type.String({
    maxLength: 16,
    description:
      '`all`; `+` and the first digits of numbers (the longest match comes first); or an emergency number, as `112`.',
    examples: ['all'],
  }),
}
const cost = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000,
  default: 0,
  description: 'What a minute costs us, in micros: of routes with the same priority the cheapest comes first.',
})

/** A way from a customer's numbers to a provider. */
export const ProviderRoute = Type.Object(
  {
    id: Uuid,
    customer_id: { ...Uuid, description: `Whose calls take it; ${ROUTING_CUSTOMER_ID}: everybody’s.` },
    ...writable,
    cost: Type.Integer(),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Route' },
)
export type ProviderRoute = Static<typeof ProviderRoute>

export const RouteChange = Type.Object({ ...writable, cost: Type.Optional(cost) })
export type RouteChange = Static<typeof RouteChange>
export const RouteCreate = Type.Object({ customer_id: Uuid, ...writable, cost: Type.Optional(cost) })
export type RouteCreate = Static<typeof RouteCreate>

const ofOne = { allow: superAdminOnly, params: idParams, returns: ProviderRoute }
const { PROVIDER_NOT_FOUND, ROUTE_NOT_FOUND } = provisioningErrors

export const listRoutes = endpoint({
  method: 'GET',
  path: '/routes',
  summary: 'List routes, as super admin; of one customer, or all',
  allow: superAdminOnly,
  query: Type.Object({ ...pageQuery.properties, customer_id: Type.Optional(Uuid) }),
  returns: page(ProviderRoute),
  errors: [],
})

export const createRoute = endpoint({
  method: 'POST',
  path: '/routes',
  summary: 'Let a customer’s calls, or everybody’s, take a provider, as super admin',
  allow: superAdminOnly,
  body: RouteCreate,
  returns: ProviderRoute,
  errors: [PROVIDER_NOT_FOUND, customerErrors.CUSTOMER_NOT_FOUND, apiErrors.INVALID_ID],
})

export const getRoute = endpoint({
  ...ofOne,
  method: 'GET',
  path: '/routes/{id}',
  summary: 'Read a route, as super admin',
  errors: [ROUTE_NOT_FOUND],
})

export const updateRoute = endpoint({
  ...ofOne,
  method: 'PUT',
  path: '/routes/{id}',
  summary: 'Replace a route, as super admin; whose it is cannot change',
  body: RouteChange,
  errors: [ROUTE_NOT_FOUND, PROVIDER_NOT_FOUND, apiErrors.INVALID_ID],
})

export const deleteRoute = endpoint({
  ...ofOne,
  method: 'DELETE',
  path: '/routes/{id}',
  summary: 'Delete a route, as super admin',
  errors: [ROUTE_NOT_FOUND],
})
