import { defineErrors } from '#platform/errors'
import { type Faults, faultDetails, faultMessage, faultSchema } from '#platform/http'

/** Each way in which agents can fail. */
export const agentErrors = defineErrors('agent-manager', {
  AGENT_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Agent ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /agents list call.',
    message: (_: { agent_id: string }) => 'There is no such agent.',
    details: () => [],
  },
  AGENT_ALREADY_EXISTS: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The username belongs to an agent already; usernames are unique over all customers.',
    fix: 'Choose another username.',
    message: () => 'The username is taken.',
  },
  ADDRESS_ALREADY_ASSIGNED: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'One of the addresses belongs to another agent of the customer.',
    fix: 'Take the address from the other agent first, or leave it out.',
    message: (facts: Faults) => faultMessage(facts),
    details: (facts: Faults) => faultDetails(facts),
    details_schema: faultSchema,
  },
  INVALID_USERNAME_FORMAT: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The username of an agent is not an e-mail address.',
    fix: 'Use an e-mail address.',
    message: () => 'username must be an e-mail address.',
    details: () => faultDetails({ field: 'username', issue: 'must be an e-mail address' }),
    details_schema: faultSchema,
  },
  INVALID_RING_METHOD: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The ring method is neither ringall nor linear.',
    fix: 'Use ringall or linear.',
    message: () => 'ring_method must be ringall or linear.',
    details: () => faultDetails({ field: 'ring_method', issue: 'must be ringall or linear' }),
    details_schema: faultSchema,
  },
  RESOURCE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The plan of the customer allows no more agents.',
    fix: 'Delete agents that are no longer used, or change the plan.',
    message: (p: { limit: number }) => `The plan allows no more than ${p.limit} agents.`,
    details_schema: {
      type: 'object',
      required: ['limit'],
      properties: { limit: { type: 'integer' } },
    },
  },
})

export function noAgent(agent_id: string): never {
  throw agentErrors.AGENT_NOT_FOUND({ agent_id })
}
