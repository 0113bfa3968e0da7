import { Type } from 'typebox'
import { apiErrors, endpoint, idParams, page, pageQuery } from '#platform/http'
import { Addresses, Password, RingMethod, Status } from './change-contract.ts'
import { AGENT_PASSWORD_MAX, Agent } from './contract.ts'
import { agentErrors } from './errors.ts'

/** What every agent may do, whatever the permission: see the others of the customer, and look after itself. */
export const listColleagues = endpoint({
  method: 'GET',
  path: '/service_agents/agents',
  summary: 'List the agents of your customer, as an agent',
  allow: 'agent',
  query: pageQuery,
  returns: page(Agent),
  errors: [],
})

export const getColleague = endpoint({
  method: 'GET',
  path: '/service_agents/agents/{id}',
  summary: 'Read an agent of your customer, as an agent',
  allow: 'agent',
  params: idParams,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

/** The login of an agent: an access key has no self. */
const self = { allow: 'agent', notAgent: apiErrors.AGENT_AUTH_REQUIRED } as const

export const getSelf = endpoint({
  method: 'GET',
  path: '/service_agents/me',
  summary: 'Read yourself, as an agent',
  ...self,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const updateSelf = endpoint({
  method: 'PUT',
  path: '/service_agents/me',
  summary: 'Replace your name, detail and ring method',
  ...self,
  body: Type.Object({ name: Type.String(), detail: Type.String(), ring_method: RingMethod }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.INVALID_RING_METHOD],
})

export const setOwnAddresses = endpoint({
  method: 'PUT',
  path: '/service_agents/me/addresses',
  summary: 'Replace your addresses',
  ...self,
  body: Addresses,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.ADDRESS_ALREADY_ASSIGNED],
})

export const setOwnStatus = endpoint({
  method: 'PUT',
  path: '/service_agents/me/status',
  summary: 'Set your status',
  ...self,
  body: Status,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const setOwnPassword = endpoint({
  method: 'PUT',
  path: '/service_agents/me/password',
  summary: 'Replace your password; all your logins end, this one included',
  ...self,
  body: Type.Object({
    password: Password,
    current_password: Type.Optional(
      Type.String({ maxLength: AGENT_PASSWORD_MAX, description: 'Checked when it is given.' }),
    ),
  }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})

export const logout = endpoint({
  method: 'POST',
  path: '/auth/logout',
  root: 'too',
  summary: 'Log out: all your logins end, and the cookie goes',
  ...self,
  returns: Type.Object({}),
  errors: [agentErrors.AGENT_NOT_FOUND],
})
