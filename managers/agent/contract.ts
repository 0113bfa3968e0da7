import { type Static, Type } from 'typebox'
import {
  Address,
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  Uuid,
} from '#platform/http'
import { agentErrors } from './errors.ts'

export const AGENT_STATUSES = ['', 'available', 'away', 'busy', 'offline', 'ringing'] as const
export const RING_METHODS = ['ringall', 'linear'] as const

/** A person who takes calls and logs in. Times that are unset are left out. */
export const Agent = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    username: Type.String(),
    name: Type.String(),
    detail: Type.String(),
    ring_method: Type.Enum(RING_METHODS),
    status: Type.Enum(AGENT_STATUSES),
    permission: Type.Integer({ description: 'Sum of the permission bits.' }),
    tag_ids: Type.Array(Uuid),
    addresses: Type.Array(Address),
    direct_hash: Type.String(),
    tm_create: Timestamp,
    tm_update: Type.Optional(Timestamp),
    tm_delete: Type.Optional(Timestamp),
  },
  { $id: 'Agent' },
)
export type Agent = Static<typeof Agent>

/** The shortest and longest password of an agent, in characters, and the longest name, in bytes. */
export const AGENT_PASSWORD_MIN = 8
export const AGENT_PASSWORD_MAX = 1024
export const AGENT_NAME_MAX_BYTES = 255

/** Username and ring method are plain texts here, because each has a reason of its own when it is wrong. */
export const AgentCreate = Type.Object({
  username: Type.String({ description: 'An e-mail address, unique over all customers.' }),
  password: Type.String({ minLength: AGENT_PASSWORD_MIN, maxLength: AGENT_PASSWORD_MAX }),
  name: Type.String(),
  detail: Type.String(),
  ring_method: Type.String({ description: 'ringall or linear.' }),
  permission: Type.Integer({ minimum: 0, maximum: 65_535, description: 'Sum of the permission bits.' }),
  tag_ids: Type.Array(Type.String({ format: 'uuid' }), { maxItems: 100 }),
  addresses: Type.Array(Address, { minItems: 1, maxItems: 50 }),
})
export type AgentCreate = Static<typeof AgentCreate>

export const listAgents = endpoint({
  method: 'GET',
  path: '/agents',
  summary: 'List agents',
  allow: adminOrManager,
  query: Type.Object({
    ...pageQuery.properties,
    tag_ids: Type.Optional(
      Type.String({ description: 'One to 100 tag ids, separated by commas: any of them matches.' }),
    ),
    status: Type.Optional(Type.Enum(AGENT_STATUSES)),
  }),
  returns: page(Agent),
  errors: [apiErrors.INVALID_TAG_IDS],
})

export const createAgent = endpoint({
  method: 'POST',
  path: '/agents',
  summary: 'Create an agent',
  allow: adminOrManager,
  body: AgentCreate,
  returns: Agent,
  success: 201,
  errors: [
    agentErrors.AGENT_ALREADY_EXISTS,
    agentErrors.ADDRESS_ALREADY_ASSIGNED,
    agentErrors.INVALID_USERNAME_FORMAT,
    agentErrors.INVALID_RING_METHOD,
    agentErrors.RESOURCE_LIMIT_EXCEEDED,
    apiErrors.PERMISSION_DENIED,
    apiErrors.SERVICE_UNAVAILABLE,
  ],
})

export const getAgent = endpoint({
  method: 'GET',
  path: '/agents/{id}',
  summary: 'Read an agent: any of them as admin or manager, yourself always',
  allow: adminOrManager,
  selfToo: true,
  params: idParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const getMe = endpoint({
  method: 'GET',
  path: '/me',
  summary: 'Read yourself, as the agent who is logged in',
  allow: 'agent',
  notAgent: apiErrors.AGENT_AUTH_REQUIRED,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})
