import { handle, pageRequest, type Route } from '#platform/http'
import { spenderOfIdentity } from './spender.ts'
import { createTransfer, getTransfer, listTransfers } from './transfer-contract.ts'
import type { TransferService } from './transfer-service.ts'

/** `/transfers` */
export function transferRoutes(transfers: TransferService): Route[] {
  return [
    handle(createTransfer, ({ customer, body, identity }) =>
      transfers.create(customer, body, spenderOfIdentity(identity)),
    ),
    handle(listTransfers, ({ customer, query }) => transfers.list(customer, pageRequest(query))),
    handle(getTransfer, ({ customer, params }) => transfers.get(customer, params.id)),
  ]
}
