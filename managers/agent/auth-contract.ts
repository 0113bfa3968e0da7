import { type Static, Type } from 'typebox'
import { customerErrors } from '#managers/customer/errors'
import { DIRECT_RESOURCE_TYPES } from '#managers/direct'
import { apiErrors, endpoint, superAdminOnly, Timestamp, Uuid } from '#platform/http'
import { agentErrors } from './errors.ts'

/** A login lasts seven days. */
export const LOGIN_SECONDS = 7 * 86_400

export const login = endpoint({
  method: 'POST',
  path: '/auth/login',
  root: 'too',
  summary: 'Log in as an agent',
  description:
    'The token comes in the answer and as the cookie `token`. Wrong passwords make you wait, longer each time.',
  allow: 'public',
  body: Type.Object({ username: Type.String({ maxLength: 1024 }), password: Type.String({ maxLength: 1024 }) }),
  returns: Type.Object({ username: Type.String(), token: Type.String() }, { $id: 'Login' }),
  errors: [apiErrors.INVALID_CREDENTIALS, apiErrors.RATE_LIMIT_EXCEEDED],
})

export const logout = endpoint({
  method: 'POST',
  path: '/auth/logout',
  root: 'too',
  summary: 'End every token of yours, on every device, and take back the cookie',
  allow: 'agent',
  frozenToo: true,
  returns: Type.Object({}),
  errors: [agentErrors.AGENT_NOT_FOUND],
})

/** The token of a visitor, and what it came by. */
export const Boot = Type.Object(
  {
    token: Type.String(),
    type: Type.Enum(['direct']),
    resource_type: Type.Enum(DIRECT_RESOURCE_TYPES),
    resource_id: Uuid,
    customer_id: Uuid,
    expire: Timestamp,
    resource_data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'What to show of it.' })),
  },
  { $id: 'Boot' },
)
export type Boot = Static<typeof Boot>

export const boot = endpoint({
  method: 'POST',
  path: '/auth/boot',
  root: 'too',
  summary: 'Get a token for what a direct hash reaches, as a visitor without an account',
  description: 'The token holds for four hours and may use what belongs to the resource, and nothing else.',
  allow: 'public',
  body: Type.Object({ direct_hash: Type.String({ maxLength: 64, description: 'direct. and twelve hex digits.' }) }),
  returns: Boot,
  errors: [],
})

export const delegate = endpoint({
  method: 'POST',
  path: '/auth/delegate',
  root: 'too',
  summary: 'Get a token to act as an admin of a customer, as a super admin; it is put on record',
  description: 'The token holds for eight hours, opens no WebSocket and makes no further one.',
  allow: superAdminOnly,
  body: Type.Object({
    customer_id: Uuid,
    reason: Type.String({
      pattern: '^[ -~]{10,200}$',
      description: 'Why, for the record: 10 to 200 printable ASCII characters.',
      examples: ['Asked for in support case 4711'],
    }),
  }),
  returns: Type.Object({ token: Type.String(), customer_id: Uuid, expire: Timestamp }, { $id: 'Delegate' }),
  errors: [customerErrors.CUSTOMER_NOT_FOUND, agentErrors.AGENT_NOT_FOUND, apiErrors.PERMISSION_DENIED],
})
