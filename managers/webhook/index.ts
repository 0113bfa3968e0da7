/**
 * Delivery of events to the addresses that customers named, and the requests of the flow action `webhook_send`.
 * See README.md.
 */

export type { WebhookCounts } from './counts.ts'
export { DeadLetterStore } from './dead-letters.ts'
export type { DeadLetter, DeliveryKind } from './delivery.ts'
export { migrations } from './migrations/index.ts'
export { ResourceDeliveries, type ResourceDelivery } from './resource-deliveries.ts'
export { ATTEMPTS, RETRY_DELAYS_MS } from './schedule.ts'
export type { CustomerTarget, WebhookTarget, WebhookTargets } from './targets.ts'
export { WebhookDelivery, type WebhookDeliveryNeeds } from './webhook-delivery.ts'
export { WebhookSender, type WebhookSenderNeeds } from './webhook-sender.ts'
