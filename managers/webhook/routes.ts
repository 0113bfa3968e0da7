import { handle, pageRequest, type Route } from '#platform/http'
import {
  createWebhookReplay,
  deleteWebhookHold,
  getWebhookDelivery,
  getWebhookHold,
  getWebhookSecret,
  listWebhookDeliveries,
  listWebhookHolds,
  OVERLAP_HOURS,
  replayWebhookDelivery,
  reviveWebhookDeliveries,
  rotateWebhookSecret,
} from './contract.ts'
import type { WebhookSecrets } from './secrets.ts'
import type { WebhookService } from './service.ts'

/** `/webhook_deliveries`, `/webhook_replays`, `/webhook_holds` and `/webhook_secret` */
export function webhookRoutes(webhooks: WebhookService, secrets: WebhookSecrets): Route[] {
  return [
    handle(listWebhookDeliveries, ({ customer, query }) => webhooks.list(customer, pageRequest(query), query)),
    handle(getWebhookDelivery, ({ customer, params }) => webhooks.get(customer, params.id)),
    handle(replayWebhookDelivery, ({ customer, params }) => webhooks.replay(customer, params.id)),
    handle(reviveWebhookDeliveries, ({ customer }) => webhooks.reviveAll(customer)),
    handle(createWebhookReplay, ({ customer, body }) => webhooks.replayRange(customer, body)),
    handle(listWebhookHolds, ({ customer, query }) => webhooks.listHolds(customer, pageRequest(query))),
    handle(getWebhookHold, ({ customer, params }) => webhooks.getHold(customer, params.id)),
    handle(deleteWebhookHold, ({ customer, params }) => webhooks.liftHold(customer, params.id)),
    handle(getWebhookSecret, ({ customer }) => secrets.get(customer)),
    handle(rotateWebhookSecret, ({ customer, body }) => secrets.rotate(customer, body.overlap_hours ?? OVERLAP_HOURS)),
  ]
}
