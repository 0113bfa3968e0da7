import { DIRECT_RESOURCE_TYPES, type DirectResourceType } from '#managers/direct'
import { idOf, memberOf, type TokenKind, textOf } from './claims.ts'

/** What the token of a visitor says: which resource it came by, and the kinds of resource that it may use. */
export interface DirectClaims {
  type: 'direct'
  customer_id: string
  resource_type: DirectResourceType
  resource_id: string
  allowed_resource_types: readonly string[]
}

export const directToken: TokenKind<DirectClaims> = {
  seconds: 4 * 3_600,
  payload: ({ customer_id, resource_type, resource_id, allowed_resource_types }) => ({
    direct: { customer_id, resource_type, resource_id, allowed_resource_types },
  }),
  read({ direct }) {
    const customer_id = idOf(direct, 'customer_id')
    const resource_id = idOf(direct, 'resource_id')
    const resource_type = DIRECT_RESOURCE_TYPES.find((type) => type === textOf(direct, 'resource_type'))
    const allowed = memberOf(direct, 'allowed_resource_types')
    if (!customer_id || !resource_id || !resource_type || !Array.isArray(allowed)) return undefined
    const allowed_resource_types = allowed.filter((each) => typeof each === 'string')
    return { type: 'direct', customer_id, resource_type, resource_id, allowed_resource_types }
  },
}
