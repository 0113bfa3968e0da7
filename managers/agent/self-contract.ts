import { Type } from 'typebox'
import { apiErrors, endpoint, idParams, page, pageQuery } from '#platform/http'
import { Agent, AgentAddresses, AgentPassword, AgentStatus } from './contract.ts'
import { agentErrors } from './errors.ts'

export const getMe = endpoint({
  method: 'GET',
  path: '/me',
  summary: 'Read yourself, as the agent who is logged in',
  allow: 'agent',
  notAgent: apiErrors.AGENT_AUTH_REQUIRED,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const getOwnAgent = endpoint({
  method: 'GET',
  path: '/service_agents/me',
  summary: 'Read yourself',
  allow: 'agent',
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const updateOwnAgent = endpoint({
  method: 'PUT',
  path: '/service_agents/me',
  summary: 'Replace your name, detail and ring method',
  allow: 'agent',
  body: Type.Object({
    name: Type.String(),
    detail: Type.String(),
    ring_method: Type.String({ description: 'ringall or linear.' }),
  }),
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.INVALID_RING_METHOD],
})

export const setOwnAddresses = endpoint({
  method: 'PUT',
  path: '/service_agents/me/addresses',
  summary: 'Replace your addresses',
  allow: 'agent',
  body: AgentAddresses,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, agentErrors.ADDRESS_ALREADY_ASSIGNED],
})

export const setOwnStatus = endpoint({
  method: 'PUT',
  path: '/service_agents/me/status',
  summary: 'Set your status',
  allow: 'agent',
  body: AgentStatus,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND],
})

export const setOwnPassword = endpoint({
  method: 'PUT',
  path: '/service_agents/me/password',
  summary: 'Set your password; every token of yours ends, this one too',
  allow: 'agent',
  body: AgentPassword,
  returns: Agent,
  errors: [agentErrors.AGENT_NOT_FOUND, apiErrors.STATE_INVALID, apiErrors.RATE_LIMIT_EXCEEDED],
})

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
