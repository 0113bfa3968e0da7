import { type Static, Type } from 'typebox'
import type { Download } from './download.ts'

/** Wire objects that all managers share. */

/** A UUID. In a path or query an unreadable one is `INVALID_REQUEST_PARAMETER`, in a body `INVALID_ID`. */
export const Uuid = Type.String({ format: 'uuid' })

/** The id of a resource in a path: no UUID, or the nil UUID, is `INVALID_ID`. */
export const Id = Type.String({ format: 'id' })

/** `{id}` of most paths. */
export const idParams = Type.Object({ id: Id })
/** `{id}` of the few paths whose id the API description types as a UUID. */
export const typedIdParams = Type.Object({ id: Uuid })

/** A moment: UTC, six digits of fraction, `Z`. */
export const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-02T03:04:05.123456Z'] })
/** A moment that may not have come yet: `null`. */
export const TimestampOrNull = Type.Union([Timestamp, Type.Null()])
export { TimestampOrNull as NullableTimestamp }

export const ADDRESS_TYPES = [
  '',
  'agent',
  'ai',
  'ai_team',
  'conference',
  'email',
  'extension',
  'line',
  'sip',
  'tel',
  'web_session',
  'webchat',
  'whatsapp',
] as const

/** One end of a conversation; each member is left out when empty. */
export const Address = Type.Object(
  {
    type: Type.Optional(Type.Enum(ADDRESS_TYPES, { examples: ['tel'] })),
    target: Type.Optional(Type.String({ maxLength: 1024, examples: ['+12025550123'] })),
    target_name: Type.Optional(Type.String({ maxLength: 255 })),
    name: Type.Optional(Type.String({ maxLength: 255 })),
    detail: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  { $id: 'Address' },
)
export type Address = Static<typeof Address>

/** What an endpoint with `files` returns. */
export const fileSchema = Type.Unsafe<Download>({ type: 'string', format: 'binary' })
