import { handle, pageRequest, type Route } from '#platform/http'
import { createNumber, deleteNumber, getNumber, listNumbers, updateNumberFlowIds } from './contract.ts'
import type { NumberService } from './service.ts'

/** `/numbers` */
export function numberRoutes(numbers: NumberService): Route[] {
  return [
    handle(listNumbers, ({ customer, query }) => numbers.list(customer, pageRequest(query))),
    handle(createNumber, ({ customer, body }) => numbers.create(customer, body)),
    handle(getNumber, ({ customer, params }) => numbers.get(customer, params.id)),
    handle(deleteNumber, ({ customer, params }) => numbers.delete(customer, params.id)),
    handle(updateNumberFlowIds, ({ customer, params, body }) => numbers.updateFlowIds(customer, params.id, body)),
  ]
}
