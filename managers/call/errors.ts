import { defineErrors } from '#platform/errors'

/** Each way in which calls, groupcalls and recordings can fail. */
export const callErrors = defineErrors('call-manager', {
  CALL_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Call ID does not exist or belongs to another customer.',
    fix: 'Verify the ID was obtained from a recent GET /calls list call.',
    message: (_: { call_id: string }) => 'There is no such call.',
    details: () => [],
  },
  CALL_ALREADY_HANGUP: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'never',
    cause: 'Operation invalid because the call has already ended.',
    fix: 'Check the current status with GET /calls/{id}; there is nothing left to do on this call.',
    message: (_: { call_id: string; tm_hangup: string | null }) => 'The call has already ended.',
    details_schema: {
      type: 'object',
      required: ['call_id', 'tm_hangup'],
      properties: {
        call_id: { type: 'string', format: 'uuid' },
        tm_hangup: { type: ['string', 'null'], format: 'date-time' },
      },
    },
  },
  CALL_STATE_INVALID: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_delay',
    cause: 'Operation invalid for the current call state, such as a transfer from a call that is not yet progressing.',
    fix: "Check status with GET /calls/{id} and retry when it matches the operation's prerequisite.",
    message: (p: { call_id: string; status: string; issue?: string }) =>
      p.issue ?? `The call is ${p.status}, which does not allow this.`,
    details_schema: {
      type: 'object',
      required: ['call_id', 'status'],
      properties: {
        call_id: { type: 'string', format: 'uuid' },
        status: { type: 'string' },
        issue: { type: 'string' },
      },
    },
  },
  RECORDING_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Recording ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /recordings.',
    message: (_: { recording_id: string }) => 'There is no such recording.',
    details: () => [],
  },
  RECORDING_ALREADY_ACTIVE: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'A recording is already in progress on this call.',
    fix: 'Stop it with POST /calls/{id}/recording_stop before starting a new one.',
    message: (_: { recording_id: string }) => 'A recording is already in progress.',
    details_schema: {
      type: 'object',
      required: ['recording_id'],
      properties: { recording_id: { type: 'string', format: 'uuid' } },
    },
  },
  RECORDING_NOT_ACTIVE: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'No recording is active on this call.',
    fix: 'Start one with POST /calls/{id}/recording_start before stopping it.',
    message: () => 'No recording is in progress.',
  },
  INSUFFICIENT_BALANCE: {
    status: 'PAYMENT_REQUIRED',
    blame: 'client',
    retry: 'after_fix',
    cause: 'Customer balance is below the minimum required for this operation.',
    fix: 'Add credit to the billing account of the customer, then retry.',
    message: () => 'The balance is too low for this.',
  },
  GROUPCALL_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Groupcall ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /groupcalls.',
    message: (_: { groupcall_id: string }) => 'There is no such groupcall.',
    details: () => [],
  },
  TRANSFER_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'Transfer ID does not exist or belongs to another customer.',
    fix: 'Verify the ID with GET /transfers.',
    message: (_: { transfer_id: string }) => 'There is no such transfer.',
    details: () => [],
  },
  OUTBOUND_CONFIG_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The customer has no outbound configuration, or the ID does not exist.',
    fix: 'Verify the ID with GET /outbound_configs.',
    message: () => 'There is no such outbound configuration.',
  },
  DESTINATION_NOT_ALLOWED: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'after_fix',
    cause: "The destination's country is not in the customer's list of allowed countries.",
    fix: 'Have the country added to the outbound configuration, or call another destination.',
    message: (p: { country: string }) => `Calls to ${p.country || 'this destination'} are not allowed.`,
    details_schema: {
      type: 'object',
      required: ['country'],
      properties: { country: { type: 'string' } },
    },
  },
  SOURCE_NOT_ALLOWED: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The source of an outgoing call is not a number that the customer may show.',
    fix: 'Use a number from GET /numbers as source.',
    message: (_: { tried: readonly { source: string; issue: string }[] }) =>
      'The source is not one that you may call from.',
    details_schema: {
      type: 'object',
      required: ['tried'],
      properties: {
        tried: {
          type: 'array',
          items: {
            type: 'object',
            required: ['source', 'issue'],
            properties: {
              source: { type: 'string' },
              issue: { type: 'string', enum: ['not_a_number', 'not_yours', 'virtual', 'not_active', 'none_chosen'] },
            },
          },
        },
      },
    },
  },
  NO_ROUTE_TO_DESTINATION: {
    status: 'FAILED_PRECONDITION',
    blame: 'platform',
    retry: 'after_fix',
    cause: 'No provider or registered contact leads to the destination.',
    fix: 'Have a route to this destination configured, or wait until the extension is registered.',
    message: (_: { destination?: string; issue?: string } = {}) => 'Nothing leads to this destination.',
    details_schema: {
      type: 'object',
      properties: {
        destination: { type: 'string' },
        issue: { type: 'string', enum: ['no_route', 'providers_not_reachable', 'emergency_not_routed'] },
      },
    },
  },
})
