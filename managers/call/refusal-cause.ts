import { ReasonedError } from '#platform/errors'
import type { Address } from '#platform/http'
import { CAUSE } from '#telecom/line'

/** Q.850: the number is not allocated; the callee is not there; the number is incomplete. */
const UNALLOCATED = 1
const ABSENT = 20
const INCOMPLETE = 28

/**
 * The Q.850 cause of a refusal to call somebody, for a caller who is to hear why (`design.md` §7: not allowed is 403,
 * unknown 404, without balance 603, never 500 or 503). A phone that is not registered is absent: 480.
 */
export function causeOfRefusal(error: unknown, destinations: readonly Address[]): number {
  switch (error instanceof ReasonedError ? error.reason : '') {
    case 'DESTINATION_NOT_ALLOWED':
    case 'IDENTITY_VERIFICATION_REQUIRED':
    case 'PERMISSION_DENIED':
    case 'SPENDING_NOT_ALLOWED':
      return CAUSE.rejected
    case 'EXTENSION_NOT_FOUND':
    case 'AGENT_NOT_FOUND':
      return UNALLOCATED
    case 'INVALID_ARGUMENT':
      return INCOMPLETE
    case 'NO_ROUTE_TO_DESTINATION':
      return destinations.some(({ type }) => type === 'extension' || type === 'agent') ? ABSENT : CAUSE.noRoute
    default:
      return CAUSE.normal
  }
}
