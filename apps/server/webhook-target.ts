import { type CustomerService, isLiving, SYSTEM_CUSTOMER_ID } from '#managers/customer'
import type { CustomerTarget, WebhookSecrets } from '#managers/webhook'

/** Where a customer's events go; `undefined` for one that is gone, and for the platform's own, which gets none. */
export async function webhookTarget(
  { customers, webhookSecrets }: { customers: CustomerService; webhookSecrets: WebhookSecrets },
  id: string,
): Promise<CustomerTarget | undefined> {
  const customer = await customers.find(id)
  if (!customer || !isLiving(customer) || id === SYSTEM_CUSTOMER_ID) return undefined
  const secrets = await webhookSecrets.signing(id, customer.webhook_secret)
  return { uri: customer.webhook_uri, method: customer.webhook_method, secrets }
}
