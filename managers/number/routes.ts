import { apiErrors, handle, type Identity, mayPass, pageRequest, type Route } from '#platform/http'
import type { AvailableNumbers } from './available.ts'
import {
  createNumber,
  deleteNumber,
  getNumber,
  listAvailableNumbers,
  listNumbers,
  type NumberCreate,
  renewNumbers,
  updateNumber,
  updateNumberFlowIds,
  updateNumberMetadata,
} from './contract.ts'
import type { NumberRenewals } from './renewal.ts'
import type { NumberService } from './service.ts'

/** `/numbers` and `/available_numbers` */
export function numberRoutes({
  numbers,
  numberRenewals: renewals,
  availableNumbers: available,
}: {
  numbers: NumberService
  numberRenewals: NumberRenewals
  availableNumbers: AvailableNumbers
}): Route[] {
  return [
    handle(listNumbers, ({ customer, query }) => numbers.list(customer, pageRequest(query))),
    handle(createNumber, ({ identity, body }) => create(numbers, identity, body)),
    handle(getNumber, ({ customer, params }) => numbers.get(customer, params.id)),
    handle(updateNumber, ({ customer, params, body }) => numbers.update(customer, params.id, body)),
    handle(deleteNumber, ({ customer, params }) => numbers.delete(customer, params.id)),
    handle(updateNumberFlowIds, ({ customer, params, body }) => numbers.updateFlowIds(customer, params.id, body)),
    handle(updateNumberMetadata, ({ customer, params, body }) => numbers.setMetadata(customer, params.id, body)),
    handle(renewNumbers, ({ body }) => renewals.renewBefore(body.tm_renew)),
    handle(listAvailableNumbers, ({ query }) => available.search(query)),
  ]
}

/** A customer gets its own; a super admin may register one for somebody else. */
function create(numbers: NumberService, { customer_id, permission }: Identity, body: NumberCreate) {
  if (body.customer_id === undefined) return numbers.create(customer_id, body)
  if (!mayPass(permission, [])) throw apiErrors.PERMISSION_DENIED()
  return numbers.register(body.customer_id.toLowerCase(), body)
}
