import { type Static, Type } from 'typebox'
import { tagErrors } from '#managers/tag/errors'
import {
  Address,
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  typedIdParams,
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

const Password = Type.String({
  minLength: AGENT_PASSWORD_MIN,
  maxLength: AGENT_PASSWORD_MAX,
  description: 'At least eight characters.',
})
const Permissions = Type.Integer({ minimum: 0, maximum: 65_535, description: 'Sum of the permission bits.' })
const TagIds = Type.Array(Type.String({ format: 'uuid' }), { maxItems: 100 })
const RingMethod = Type.String({ description: 'ringall (all addresses at once) or linear (one after the other).' })
/** The most addresses of one agent. */
const MOST_ADDRESSES = 50

/** Username and ring method are plain texts here, because each has a reason of its own when it is wrong. */
export const AgentCreate = Type.Object({
  username: Type.String({ description: 'An e-mail address, unique over all customers.' }),
  password: Password,
  name: Type.String(),
  detail: Type.String(),
  ring_method: RingMethod,
  permission: Permissions,
  tag_ids: TagIds,
  addresses: Type.Array(Address, { minItems: 1, maxItems: MOST_ADDRESSES }),
})
export type AgentCreate = Static<typeof AgentCreate>

/** What is left out stays as it is; an empty ring method is ringall. */
export const AgentUpdate = Type.Object({
  name: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  ring_method: Type.Optional(RingMethod),
})
export type AgentUpdate = Static<typeof AgentUpdate>

export const AgentAddresses = Type.Object({ addresses: Type.Array(Address, { maxItems: MOST_ADDRESSES }) })
export const AgentStatus = Type.Object({
  status: Type.Enum(AGENT_STATUSES, {
    description: 'available, away, busy or offline; ringing is what the platform says.',
  }),
})
export const AgentPassword = Type.Object({
  password: Password,
  current_password: Type.Optional(
    Type.String({
      maxLength: AGENT_PASSWORD_MAX,
      description: 'Of yourself, when you change your own and your login is older than ten minutes.',
    }),
  ),
})
export type AgentPassword = Static<typeof AgentPassword>

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
    tagErrors.TAG_NOT_FOUND,
    apiErrors.PERMISSION_DENIED,
  ],
})

export const getAgent = endpoint({
  method: 'GET',
  path: '/agents/{id}',
  summary: 'Read an agent: any of them as admin or manager, yourself always',
  allow: 'customer',
  params: idParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.PERMISSION_DENIED],
})

export const updateAgent = endpoint({
  method: 'PUT',
  path: '/agents/{id}',
  summary: 'Change name, detail and ring method of an agent: any of them as admin or manager, yourself always',
  allow: 'customer',
  params: idParams,
  body: AgentUpdate,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.INVALID_RING_METHOD, apiErrors.PERMISSION_DENIED],
})

export const deleteAgent = endpoint({
  method: 'DELETE',
  path: '/agents/{id}',
  summary: 'Delete an agent; its tokens end, and its addresses and username are free again',
  allow: adminOrManager,
  params: idParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const setAgentAddresses = endpoint({
  method: 'PUT',
  path: '/agents/{id}/addresses',
  summary: 'Replace the addresses of an agent',
  allow: adminOrManager,
  params: idParams,
  body: AgentAddresses,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.ADDRESS_ALREADY_ASSIGNED],
})

export const setAgentTagIds = endpoint({
  method: 'PUT',
  path: '/agents/{id}/tag_ids',
  summary: 'Replace the tags of an agent',
  allow: adminOrManager,
  params: idParams,
  body: Type.Object({ tag_ids: TagIds }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, tagErrors.TAG_NOT_FOUND],
})

export const setAgentStatus = endpoint({
  method: 'PUT',
  path: '/agents/{id}/status',
  summary: 'Set the status of an agent: of any of them as admin or manager, of yourself always',
  allow: 'customer',
  params: idParams,
  body: AgentStatus,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.PERMISSION_DENIED],
})

export const setAgentPermission = endpoint({
  method: 'PUT',
  path: '/agents/{id}/permission',
  summary: 'Set the permission of an agent, as far as you have it yourself; it holds within five seconds',
  allow: adminOrManager,
  params: idParams,
  body: Type.Object({ permission: Permissions }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const setAgentPassword = endpoint({
  method: 'PUT',
  path: '/agents/{id}/password',
  summary: 'Set the password of an agent; every token of it ends',
  allow: adminOrManager,
  params: idParams,
  body: AgentPassword,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID, apiErrors.RATE_LIMIT_EXCEEDED],
})

export const regenerateAgentHash = endpoint({
  method: 'POST',
  path: '/agents/{id}/direct-hash-regenerate',
  summary: 'Replace the direct hash of an agent; the old one is dead at once',
  allow: adminOrManager,
  params: typedIdParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})
