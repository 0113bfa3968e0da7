import { type Static, Type } from 'typebox'
import { Address, adminOrManager, apiErrors, endpoint, idParams, typedIdParams } from '#platform/http'
import { AGENT_PASSWORD_MAX, AGENT_PASSWORD_MIN, AGENT_STATUSES, Agent } from './contract.ts'
import { agentErrors } from './errors.ts'

const Password = Type.String({ minLength: AGENT_PASSWORD_MIN, maxLength: AGENT_PASSWORD_MAX })
export const Addresses = Type.Object({
  addresses: Type.Array(Address, { maxItems: 50, description: 'All of them; an empty list takes every address away.' }),
})
export const Status = Type.Object({
  status: Type.Enum(AGENT_STATUSES, {
    description: 'available, away, busy or offline; that it rings is for the platform to say.',
  }),
})
/** Of the own password also the current one, unless the login is fresh. */
export const NewPassword = Type.Object({
  password: Password,
  current_password: Type.Optional(
    Type.String({
      maxLength: AGENT_PASSWORD_MAX,
      description: 'Yours, when you change your own password and your login is older than ten minutes.',
    }),
  ),
})
export type NewPassword = Static<typeof NewPassword>

/** The ring method is a plain text here, because it has a reason of its own when it is wrong. */
export const RingMethod = Type.String({ description: 'ringall or linear; ringall when empty.' })

export const updateAgent = endpoint({
  method: 'PUT',
  path: '/agents/{id}',
  summary: 'Replace name, detail and ring method: of any agent as admin or manager, your own always',
  allow: adminOrManager,
  selfToo: true,
  params: idParams,
  body: Type.Object({
    name: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
    ring_method: Type.Optional(RingMethod),
  }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.INVALID_RING_METHOD],
})

export const deleteAgent = endpoint({
  method: 'DELETE',
  path: '/agents/{id}',
  summary: 'Delete an agent; its logins end, its addresses are free for others',
  allow: adminOrManager,
  params: idParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const setAgentStatus = endpoint({
  method: 'PUT',
  path: '/agents/{id}/status',
  summary: 'Set the status: of any agent as admin or manager, your own always',
  allow: adminOrManager,
  selfToo: true,
  params: idParams,
  body: Status,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const setAgentAddresses = endpoint({
  method: 'PUT',
  path: '/agents/{id}/addresses',
  summary: 'Replace the addresses of an agent',
  allow: adminOrManager,
  params: idParams,
  body: Addresses,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.ADDRESS_ALREADY_ASSIGNED],
})

export const setAgentTags = endpoint({
  method: 'PUT',
  path: '/agents/{id}/tag_ids',
  summary: 'Replace the tags of an agent',
  allow: adminOrManager,
  params: idParams,
  body: Type.Object({ tag_ids: Type.Array(Type.String({ format: 'uuid' }), { maxItems: 100 }) }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const setAgentPermission = endpoint({
  method: 'PUT',
  path: '/agents/{id}/permission',
  summary: 'Replace the permission of an agent, as far as you may give and take it; nobody adds to the own one',
  allow: adminOrManager,
  params: idParams,
  body: Type.Object({
    permission: Type.Integer({ minimum: 0, maximum: 65_535, description: 'Sum of the permission bits.' }),
  }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const setAgentPassword = endpoint({
  method: 'PUT',
  path: '/agents/{id}/password',
  summary: 'Replace the password of an agent; all its logins end',
  allow: adminOrManager,
  params: idParams,
  body: NewPassword,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
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
