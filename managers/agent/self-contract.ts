import { Type } from 'typebox'
import { apiErrors, endpoint, idParams, page, pageQuery } from '#platform/http'
import { Addresses, NewPassword, RingMethod, Status } from './change-contract.ts'
import { Agent } from './contract.ts'
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

export const getSelf = endpoint({
  method: 'GET',
  path: '/service_agents/me',
  summary: 'Read yourself, as an agent',
  allow: 'agent',
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const updateSelf = endpoint({
  method: 'PUT',
  path: '/service_agents/me',
  summary: 'Replace your name, detail and ring method',
  allow: 'agent',
  body: Type.Object({ name: Type.String(), detail: Type.String(), ring_method: RingMethod }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.INVALID_RING_METHOD],
})

export const setOwnAddresses = endpoint({
  method: 'PUT',
  path: '/service_agents/me/addresses',
  summary: 'Replace your addresses',
  allow: 'agent',
  body: Addresses,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.ADDRESS_ALREADY_ASSIGNED],
})

export const setOwnStatus = endpoint({
  method: 'PUT',
  path: '/service_agents/me/status',
  summary: 'Set your status',
  allow: 'agent',
  body: Status,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const setOwnPassword = endpoint({
  method: 'PUT',
  path: '/service_agents/me/password',
  summary: 'Replace your password; all your logins end, this one included',
  allow: 'agent',
  body: NewPassword,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID],
})
