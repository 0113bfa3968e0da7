/**
 * Delivery of events to the addresses that customers named, and the requests of the flow action `webhook_send`.
 * See README.md.
 */

export type { Attempt, SigningSecrets } from './attempt.ts'
export type { WebhookCounts } from './counts.ts'
export type { DeliveryKind } from './delivery.ts'
export { watchWebhooks } from './metrics.ts'
export { migrations } from './migrations/index.ts'
export { WebhookRecords } from './records.ts'
export { ResourceDeliveries, type ResourceDelivery } from './resource-deliveries.ts'
export { webhookRoutes } from './routes.ts'
export { ATTEMPTS, RETRY_DELAYS_MS } from './schedule.ts'
export { WebhookSecrets } from './secrets.ts'
export { WebhookService, type WebhookServiceNeeds } from './service.ts'
export type { CustomerTarget, WebhookTarget, WebhookTargets } from './targets.ts'
export { WebhookDelivery, type WebhookDeliveryNeeds } from './webhook-delivery.ts'
export { WebhookSender, type WebhookSenderNeeds } from './webhook-sender.ts'
