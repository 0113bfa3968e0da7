import { type Static, Type } from 'typebox'
import { adminOnly, endpoint, idParams, page, pageQuery, Timestamp, TimestampOrNull, Uuid } from '#platform/http'
import { customerErrors } from './errors.ts'

/** Name and detail are left out when empty; the token is there in the answer of the creation only. */
export const Accesskey = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    name: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
    token: Type.Optional(Type.String({ description: 'Shown once, in the answer of the creation.' })),
    token_prefix: Type.String(),
    tm_expire: Timestamp,
    tm_last_used: Type.Union([Timestamp, Type.Null()], {
      description: 'When it was last used, to a minute; null while it never was.',
    }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
    tm_delete: TimestampOrNull,
  },
  { $id: 'Accesskey' },
)
export type Accesskey = Static<typeof Accesskey>

/** The shortest and the longest life of an access key, and the one it gets when nothing is said. Seconds. */
export const ACCESSKEY_MIN_SECONDS = 86_400
export const ACCESSKEY_MAX_SECONDS = 3_153_600_000
export const ACCESSKEY_DEFAULT_SECONDS = 31_536_000

export const AccesskeyCreate = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  expire: Type.Optional(
    Type.Integer({
      minimum: ACCESSKEY_MIN_SECONDS,
      maximum: ACCESSKEY_MAX_SECONDS,
      description: `Seconds that the key lives; ${ACCESSKEY_DEFAULT_SECONDS} (a year) when left out.`,
    }),
  ),
})
export type AccesskeyCreate = Static<typeof AccesskeyCreate>

export const AccesskeyUpdate = Type.Object({ name: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) })
export type AccesskeyUpdate = Static<typeof AccesskeyUpdate>

export const listAccesskeys = endpoint({
  method: 'GET',
  path: '/accesskeys',
  summary: 'List access keys',
  allow: adminOnly,
  query: pageQuery,
  returns: page(Accesskey),
  errors: [],
})

export const createAccesskey = endpoint({
  method: 'POST',
  path: '/accesskeys',
  summary: 'Create an access key; its token is shown in this answer only',
  allow: adminOnly,
  body: AccesskeyCreate,
  returns: Accesskey,
  errors: [],
})

export const getAccesskey = endpoint({
  method: 'GET',
  path: '/accesskeys/{id}',
  summary: 'Read an access key',
  allow: adminOnly,
  params: idParams,
  returns: Accesskey,
  errors: [customerErrors.ACCESSKEY_NOT_FOUND],
})

export const updateAccesskey = endpoint({
  method: 'PUT',
  path: '/accesskeys/{id}',
  summary: 'Rename an access key',
  allow: adminOnly,
  params: idParams,
  body: AccesskeyUpdate,
  returns: Accesskey,
  errors: [customerErrors.ACCESSKEY_NOT_FOUND],
})

export const deleteAccesskey = endpoint({
  method: 'DELETE',
  path: '/accesskeys/{id}',
  summary: 'Delete an access key; deleting it again gives the same answer',
  allow: adminOnly,
  params: idParams,
  returns: Accesskey,
  errors: [customerErrors.ACCESSKEY_NOT_FOUND],
})
