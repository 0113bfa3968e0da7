import { handle, pageRequest, type Route } from '#platform/http'
import type { AccesskeyService } from './accesskey-service.ts'
import {
  createAccesskey,
  deleteAccesskey,
  getAccesskey,
  getCustomer,
  listAccesskeys,
  updateAccesskey,
  updateCustomer,
} from './contract.ts'
import type { CustomerService } from './service.ts'

/** `/customer` and `/accesskeys` */
export function customerRoutes(customers: CustomerService, accesskeys: AccesskeyService): Route[] {
  return [
    handle(getCustomer, ({ customer }) => customers.getSelf(customer)),
    handle(updateCustomer, ({ customer, body }) => customers.updateSelf(customer, body)),
    handle(listAccesskeys, ({ customer, query }) => accesskeys.list(customer, pageRequest(query))),
    handle(createAccesskey, ({ customer, body }) => accesskeys.create(customer, body)),
    handle(getAccesskey, ({ customer, params }) => accesskeys.get(customer, params.id)),
    handle(updateAccesskey, ({ customer, params, body }) => accesskeys.update(customer, params.id, body)),
    handle(deleteAccesskey, ({ customer, params }) => accesskeys.delete(customer, params.id)),
  ]
}
