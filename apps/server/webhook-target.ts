import { type CustomerService, isLiving, SYSTEM_CUSTOMER_ID } from '#managers/customer'
import type { CustomerTarget } from '#managers/webhook'

/** Where a customer's events go; `undefined` for one that is gone, and for the platform's own, which gets none. */
export async function webhookTarget(customers: CustomerService, id: string): Promise<CustomerTarget | undefined> {
  const customer = await customers.find(id)
  if (!customer || !isLiving(customer) || id === SYSTEM_CUSTOMER_ID) return undefined
  return { uri: customer.webhook_uri, method: customer.webhook_method, secret: customer.webhook_secret }
}
