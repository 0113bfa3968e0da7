import { handle, pageRequest, type Route } from '#platform/http'
import { createTransfer, getTransfer, listTransfers } from './transfer-contract.ts'
import type { TransferService } from './transfer-service.ts'

/** `/transfers` */
export function transferRoutes(transfers: TransferService): Route[] {
  return [
    handle(createTransfer, ({ customer, body }) => transfers.create(customer, body)),
    handle(listTransfers, ({ customer, query }) => transfers.list(customer, pageRequest(query))),
    handle(getTransfer, ({ customer, params }) => transfers.get(customer, params.id)),
  ]
}
