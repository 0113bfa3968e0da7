import { handle, pageRequest, type Route } from '#platform/http'
import {
  createAccesskey,
  deleteAccesskey,
  getAccesskey,
  listAccesskeys,
  updateAccesskey,
} from './accesskey-contract.ts'
import type { AccesskeyService } from './accesskey-service.ts'
import { adminRoutes } from './admin-routes.ts'
import {
  getCustomer,
  getCustomerAsAgent,
  recoverSelf,
  unregister,
  updateCustomer,
  updateCustomerBillingAccount,
  updateCustomerMetadata,
} from './contract.ts'
import { presentCustomer, presentForAgent, presentSelf } from './customer.ts'
import type { CustomerLifecycle } from './lifecycle.ts'
import type { CustomerService } from './service.ts'
import { type PasswordCheck, unregisterBy } from './unregister.ts'

/** What the routes of customers are served by. */
export interface CustomerRoutesNeeds {
  customers: CustomerService
  accesskeys: AccesskeyService
  lifecycle: CustomerLifecycle
  passwords: PasswordCheck
}

/** `/customer`, `/customers`, `/accesskeys` and `/auth/unregister` */
export function customerRoutes({ customers, accesskeys, lifecycle, passwords }: CustomerRoutesNeeds): Route[] {
  return [
    handle(getCustomer, async ({ customer }) => presentSelf(await customers.get(customer))),
    handle(updateCustomer, async ({ customer, body }) => presentSelf(await customers.update(customer, body))),
    handle(updateCustomerMetadata, async ({ customer, body }) =>
      presentSelf(await customers.setMetadata(customer, body)),
    ),
    handle(updateCustomerBillingAccount, async ({ customer, body }) =>
      presentSelf(await customers.setBillingAccount(customer, body.billing_account_id.toLowerCase())),
    ),
    handle(getCustomerAsAgent, async ({ customer }) => presentForAgent(await customers.get(customer))),
    handle(unregister, async ({ identity, body, ip }) =>
      presentCustomer(await unregisterBy(identity, body, { lifecycle, passwords, ip })),
    ),
    handle(recoverSelf, async ({ customer }) => presentCustomer(await lifecycle.recover(customer))),
    ...adminRoutes(customers, lifecycle),
    handle(listAccesskeys, ({ customer, query }) => accesskeys.list(customer, pageRequest(query))),
    handle(createAccesskey, ({ customer, body }) => accesskeys.create(customer, body)),
    handle(getAccesskey, ({ customer, params }) => accesskeys.get(customer, params.id)),
    handle(updateAccesskey, ({ customer, params, body }) => accesskeys.update(customer, params.id, body)),
    handle(deleteAccesskey, ({ customer, params }) => accesskeys.delete(customer, params.id)),
  ]
}
