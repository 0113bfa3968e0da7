import { defineErrors } from '#platform/errors'
import { type Faults, faultDetails, faultMessage, faultSchema } from '#platform/http'

/** Each way in which flows and activeflows can fail. */
export const flowErrors = defineErrors('flow-manager', {
  FLOW_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Flow ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /flows list call.',
    // `field` says which member of a body named the flow; an id in the path needs none.
    message: (p: { flow_id: string; field?: string }) =>
      p.field ? `${p.field} names no flow of yours.` : 'There is no such flow.',
    details: (p) => (p.field ? faultDetails({ field: p.field, issue: 'names no flow of yours' }) : []),
    details_schema: faultSchema,
  },
  ACTIVEFLOW_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Activeflow ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /activeflows.',
    message: (_: { activeflow_id: string }) => 'There is no such activeflow.',
    details: () => [],
  },
  FLOW_STATE_INVALID: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'Operation invalid for the current activeflow state, such as continuing one that is not parked on a block.',
    fix: 'Check the current status with GET /activeflows/{id} before retrying.',
    message: (p: { activeflow_id: string; issue: string }) => p.issue,
    details: (p) => [{ activeflow_id: p.activeflow_id }],
    details_schema: {
      type: 'object',
      required: ['activeflow_id'],
      properties: { activeflow_id: { type: 'string', format: 'uuid' } },
    },
  },
  ACTIVEFLOW_ALREADY_STOPPED: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'never',
    cause: 'Stop requested on an activeflow that has already terminated.',
    fix: 'Treat it as success; GET /activeflows/{id} shows how it ended.',
    message: (_: { activeflow_id: string }) => 'The activeflow has already ended.',
    details_schema: {
      type: 'object',
      required: ['activeflow_id'],
      properties: { activeflow_id: { type: 'string', format: 'uuid' } },
    },
  },
  ACTIVEFLOW_ALREADY_EXISTS: {
    status: 'ALREADY_EXISTS',
    blame: 'client',
    retry: 'after_fix',
    cause: 'An activeflow with the id that the request chose exists already.',
    fix: 'Leave id out, or choose a fresh UUID v4.',
    message: () => 'An activeflow with this id exists already.',
  },
  INVALID_ACTION_TYPE: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'A flow contains an action whose type is unknown.',
    fix: 'Use one of the types in the flow reference; details name each offending action.',
    message: (facts: Faults) => faultMessage(facts),
    details: (facts: Faults) => faultDetails(facts),
    details_schema: faultSchema,
  },
  INVALID_ANONYMOUS_VALUE: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The option anonymous of a call or connect action is none of "", yes, no, auto.',
    fix: 'Use one of these values.',
    message: (facts: Faults) => faultMessage(facts),
    details: (facts: Faults) => faultDetails(facts),
    details_schema: faultSchema,
  },
  RESOURCE_LIMIT_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The customer has as many flows as a customer may have.',
    fix: 'Delete flows that are no longer used.',
    message: (p: { limit: number }) => `No more than ${p.limit} flows are allowed.`,
    details_schema: {
      type: 'object',
      required: ['limit'],
      properties: { limit: { type: 'integer' } },
    },
  },
})
