import { handle, pageRequest, type Route } from '#platform/http'
import {
  createCustomer,
  deleteCustomer,
  freezeCustomer,
  getCustomerById,
  listCustomers,
  recoverCustomer,
  updateBillingAccountById,
  updateCustomerById,
  updateIdentityVerification,
  updateMetadataById,
} from './admin-contract.ts'
import { presentForAdmin } from './customer.ts'
import type { CustomerLifecycle } from './lifecycle.ts'
import type { CustomerService } from './service.ts'

/** `/customers`, the super admin's. */
export function adminRoutes(customers: CustomerService, lifecycle: CustomerLifecycle): Route[] {
  return [
    handle(listCustomers, async ({ query }) => {
      const { result, next_page_token } = await customers.list(pageRequest(query))
      return { result: result.map(presentForAdmin), next_page_token }
    }),
    handle(createCustomer, async ({ body }) => presentForAdmin(await lifecycle.create(body))),
    handle(getCustomerById, async ({ params }) => presentForAdmin(await customers.get(idOf(params)))),
    handle(updateCustomerById, async ({ params, body }) => presentForAdmin(await customers.update(idOf(params), body))),
    handle(deleteCustomer, async ({ params }) => presentForAdmin(await lifecycle.delete(idOf(params)))),
    handle(freezeCustomer, async ({ params }) => presentForAdmin(await lifecycle.freeze(idOf(params)))),
    handle(recoverCustomer, async ({ params }) => presentForAdmin(await lifecycle.recover(idOf(params)))),
    handle(updateMetadataById, async ({ params, body }) =>
      presentForAdmin(await customers.setMetadata(idOf(params), body)),
    ),
    handle(updateBillingAccountById, async ({ params, body }) =>
      presentForAdmin(
        await customers.setBillingAccount(idOf(params), body.billing_account_id.toLowerCase(), { anyones: true }),
      ),
    ),
    handle(updateIdentityVerification, async ({ params, body }) =>
      presentForAdmin(await customers.setIdentityVerification(idOf(params), body.status)),
    ),
  ]
}

/** As ids are kept: reserved customers are told by theirs. */
function idOf({ id }: { id: string }): string {
  return id.toLowerCase()
}
