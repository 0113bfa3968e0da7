import { handle, pageRequest, type Route } from '#platform/http'
import { createTrunk, deleteTrunk, getTrunk, listTrunks, updateTrunk } from './trunk-contract.ts'
import type { TrunkService } from './trunk-service.ts'

/** `/trunks` */
export function trunkRoutes(trunks: TrunkService): Route[] {
  return [
    handle(listTrunks, ({ customer, query }) => trunks.list(customer, pageRequest(query))),
    handle(createTrunk, ({ customer, body }) => trunks.create(customer, body)),
    handle(getTrunk, ({ customer, params }) => trunks.get(customer, params.id)),
    handle(updateTrunk, ({ customer, params, body }) => trunks.update(customer, params.id, body)),
    handle(deleteTrunk, ({ customer, params }) => trunks.delete(customer, params.id)),
  ]
}
