import type { SigningTarget } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import type { WebhookTargets } from './targets.ts'

/** Where a stored delivery goes now; `undefined` = nowhere any more. */
export async function findTarget(targets: WebhookTargets, delivery: Delivery): Promise<SigningTarget | undefined> {
  const { kind, customer_id, endpoint, uri, method } = delivery
  const customer = await targets.customer(customer_id)
  if (!customer) return undefined
  const { secret } = customer
  if (kind === 'flow') return { uri, method, secret }
  const target =
    kind === 'customer' ? customer : await targets.activeflow(customer_id, endpoint.slice('activeflow:'.length))
  return target && target.uri !== '' ? { uri: target.uri, method: target.method, secret } : undefined
}
