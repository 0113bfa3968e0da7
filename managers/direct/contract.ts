import { Type } from 'typebox'
import { adminOrManager, endpoint, Timestamp, TimestampOrNull, Uuid } from '#platform/http'
import { DIRECT_RESOURCE_TYPES } from './direct.ts'
import { directErrors } from './errors.ts'

/** Which resource a direct hash reaches. */
const DirectHash = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    resource_type: Type.Enum(DIRECT_RESOURCE_TYPES),
    resource_id: Uuid,
    hash: Type.String({ examples: ['direct.0123456789ab'] }),
    tm_create: Timestamp,
    tm_update: TimestampOrNull,
  },
  { $id: 'DirectHash' },
)

export const getDirect = endpoint({
  method: 'GET',
  path: '/directs/{hash}',
  summary: 'Find out which of your resources a direct hash reaches',
  description: 'Of a hash that got about: what it opens, and so whose `direct-hash-regenerate` closes it.',
  allow: adminOrManager,
  params: Type.Object({ hash: Type.String({ examples: ['direct.0123456789ab'] }) }),
  returns: DirectHash,
  errors: [directErrors.DIRECT_NOT_FOUND],
})
