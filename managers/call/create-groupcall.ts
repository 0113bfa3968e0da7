import { apiErrors } from '#platform/http'
import { type CreateCallsNeeds, faultsOfDestinations, requestOfBody } from './create-calls.ts'
import type { PlaceGroupcallRequest } from './groupcall-commands.ts'
import type { GroupcallCreate } from './groupcall-contract.ts'

/**
 * A body of `POST /groupcalls` as a request for a groupcall: all that can be said of it without calling anybody has been
 * checked. It tells of no destination that is left out, so one that has not the form of one refuses all.
 */
export async function requestOfGroupcall(
  needs: CreateCallsNeeds,
  customer_id: string,
  body: GroupcallCreate,
): Promise<PlaceGroupcallRequest> {
  const faults = faultsOfDestinations(body.destinations)
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
  const request = await requestOfBody(needs, customer_id, body)
  return { ...request, ring_method: body.ring_method === 'linear' ? 'linear' : 'ring_all' }
}
