import type { SigningTarget } from './attempt.ts'
import { type Delivery, ownerIdOf } from './delivery.ts'
import type { WebhookTargets } from './targets.ts'

/** Where a stored delivery goes now; `undefined` = nowhere any more. */
export async function findTarget(targets: WebhookTargets, delivery: Delivery): Promise<SigningTarget | undefined> {
  const { kind, customer_id, uri, method } = delivery
  const customer = await targets.customer(customer_id)
  if (!customer) return undefined
  const { secrets } = customer
  if (kind === 'flow') return { uri, method, secrets }
  const target = kind === 'customer' ? customer : await targets.activeflow(customer_id, ownerIdOf(delivery))
  return target && target.uri !== '' ? { uri: target.uri, method: target.method, secrets } : undefined
}
