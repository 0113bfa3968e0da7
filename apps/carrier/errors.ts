import { defineErrors } from '#platform/errors'

/** Each way in which the sandbox carrier's own API can fail. It is no part of the platform's API, nor of its catalogue. */
export const carrierErrors = defineErrors('sandbox-carrier', {
  INVALID_REQUEST: {
    status: 'INVALID_ARGUMENT',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The body is no JSON object, or a field of it is missing, unknown or out of bounds.',
    fix: 'Mend the field that `details` names; docs/guides/sandbox-carrier.md has all of them.',
    message: (facts: { field: string; problem: string }) => `${facts.field} ${facts.problem}.`,
  },
  NOT_LOCAL: {
    status: 'PERMISSION_DENIED',
    blame: 'client',
    retry: 'never',
    cause:
      'The request names a host that is not this machine, or a POST is no application/json: a web page may have sent it.',
    fix: 'Call the API from this machine by the address that the carrier prints, with Content-Type: application/json.',
    message: () => 'This API serves programs on this machine only.',
  },
  PATH_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The API has no such path, or not with this method.',
    fix: 'GET /numbers, GET /registrations, GET /calls, POST /calls, GET /calls/{id}, DELETE /calls/{id}, GET /calls/{id}/heard.wav.',
    message: (facts: { method: string; path: string }) => `There is no ${facts.method} ${facts.path}.`,
  },
  CALL_NOT_FOUND: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The carrier knows no such call: it remembers the last 500.',
    fix: 'Take the id from POST /calls or GET /calls.',
    message: (facts: { call_id: string }) => `There is no call ${facts.call_id}.`,
  },
  NOTHING_HEARD: {
    status: 'NOT_FOUND',
    blame: 'client',
    retry: 'never',
    cause: 'The call has not listened, or what it heard was one of the oldest recordings, which are removed.',
    fix: 'Let the call take the step `listen`, and fetch what it heard once the step is over.',
    message: (facts: { call_id: string }) => `Nothing that call ${facts.call_id} heard is kept.`,
  },
  NO_TRUNK: {
    status: 'FAILED_PRECONDITION',
    blame: 'client',
    retry: 'after_fix',
    cause: 'The carrier was started without the address of a platform that it could call.',
    fix: 'Set STROWGER_CARRIER_TRUNK.',
    message: () => 'The carrier knows no platform to call.',
  },
  TOO_MANY_CALLS: {
    status: 'RESOURCE_EXHAUSTED',
    blame: 'client',
    retry: 'after_delay',
    cause: 'As many calls are up as the carrier takes at once.',
    fix: 'End some, or wait.',
    message: (facts: { limit: number }) => `${facts.limit} calls are up, and no more are taken.`,
  },
  INTERNAL: {
    status: 'INTERNAL',
    blame: 'platform',
    retry: 'after_delay',
    cause: 'Something unforeseen went wrong in the carrier; its log has it.',
    fix: 'Look into the log of the carrier.',
    message: () => 'Something unforeseen went wrong.',
  },
})
