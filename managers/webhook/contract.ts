import { type Static, Type } from 'typebox'
import { customerErrors } from '#managers/customer/errors'
import { EventGap } from '#platform/events'
import {
  adminOnly,
  adminOrManager,
  apiErrors,
  endpoint,
  idParams,
  page,
  pageQuery,
  Timestamp,
  TimestampOrNull,
  Uuid,
} from '#platform/http'

const { RESOURCE_NOT_FOUND, STATE_INVALID } = apiErrors

const STATUSES = ['pending', 'delivered', 'refused', 'failed', 'dropped'] as const
export type DeliveryStatus = (typeof STATUSES)[number]

const FAILURES = [
  '',
  'status',
  'blocked',
  'closed',
  'connect',
  'dns',
  'invalid_url',
  'protocol',
  'redirects',
  'timeout',
  'tls',
] as const

const attemptFields = {
  duration_ms: Type.Integer({ description: 'From the first look-up of the name to the status of the answer.' }),
  uri: Type.String({ description: 'Where it went, after redirects, without user and password.' }),
  http_status: Type.Integer({ description: 'Of the answer; 0 where there was none.', examples: [503] }),
  failure: Type.Enum(FAILURES, {
    description:
      'Why it was no success; empty for one. `status`: an answer from 400 on. `blocked`: an address that webhooks may not ' +
      'reach. Otherwise what went wrong before there was an answer.',
  }),
  detail: Type.String({ description: 'Which time limit passed, or how the connection failed.', examples: ['headers'] }),
}

/** One attempt to deliver. */
export const WebhookAttempt = Type.Object(
  {
    tm_start: Timestamp,
    ...attemptFields,
    response: Type.String({ description: 'The beginning (1 KiB) of an answer that was no success.' }),
  },
  { $id: 'WebhookAttempt' },
)
export type WebhookAttempt = Static<typeof WebhookAttempt>

const deliveryFields = {
  id: Uuid,
  customer_id: Uuid,
  target: Type.Enum(['customer', 'activeflow', 'flow'] as const, {
    description: "The customer's webhook, that of an activeflow, or what the action `webhook_send` asked for.",
  }),
  activeflow_id: Type.String({
    format: 'uuid',
    description: 'Whose webhook or whose action it is; the nil UUID for the customer.',
  }),
  event_id: Type.String({ format: 'uuid', description: 'The nil UUID for `webhook_send`.' }),
  event_type: Type.String({ examples: ['call_hangup'] }),
  resource_id: Uuid,
  sequence: Type.Union([Type.Integer(), Type.Null()], { description: "The event's number; null for `webhook_send`." }),
  status: Type.Enum(STATUSES, {
    description:
      '`pending`: on its way. `delivered`: answered below 400. `refused`: answered from 400 to 499, which is not repeated. ' +
      '`failed`: given up after the last attempt. `dropped`: the webhook was taken away or stopped meanwhile.',
  }),
  attempt_count: Type.Integer(),
  last_attempt: Type.Union([Type.Object(attemptFields), Type.Null()], { description: 'null where none was made.' }),
  replay_of: Type.Union([Uuid, Type.Null()], { description: 'The delivery that this one repeats on request.' }),
  tm_event: Timestamp,
  tm_next: Type.Union([Timestamp, Type.Null()], {
    description: 'Of a pending one: when it is tried (again). null: after what is before it on its resource.',
  }),
  tm_create: Timestamp,
  tm_update: Timestamp,
}

/** An event, or a request of a flow, on its way to one target, or what became of it. */
export const WebhookDelivery = Type.Object(deliveryFields, { $id: 'WebhookDelivery' })
export type WebhookDelivery = Static<typeof WebhookDelivery>

/** The same with its attempts. */
export const WebhookDeliveryDetail = Type.Object(
  { ...deliveryFields, attempts: Type.Array(WebhookAttempt, { description: 'Oldest first; the last 30.' }) },
  { $id: 'WebhookDeliveryDetail' },
)
export type WebhookDeliveryDetail = Static<typeof WebhookDeliveryDetail>

export const listWebhookDeliveries = endpoint({
  method: 'GET',
  path: '/webhook_deliveries',
  summary: 'List webhook deliveries of the last 30 days, newest first',
  description: 'Dead letters are those with `status=failed`.',
  allow: adminOrManager,
  query: Type.Object({
    ...pageQuery.properties,
    status: Type.Optional(Type.Enum(STATUSES)),
    resource_id: Type.Optional(
      Type.String({ format: 'uuid', description: 'Only what is about this call, activeflow, …' }),
    ),
  }),
  returns: page(WebhookDelivery),
  errors: [],
})

export const getWebhookDelivery = endpoint({
  method: 'GET',
  path: '/webhook_deliveries/{id}',
  summary: 'Read a webhook delivery with its attempts',
  allow: adminOrManager,
  params: idParams,
  returns: WebhookDeliveryDetail,
  errors: [RESOURCE_NOT_FOUND],
})

export const replayWebhookDelivery = endpoint({
  method: 'POST',
  path: '/webhook_deliveries/{id}/replay',
  summary: 'Deliver once more',
  description:
    'A delivery that was given up goes on, with ten more attempts. Of any other a new delivery is made, to where the target ' +
    'is now, under the same event id; what is new does not wait for it.',
  allow: adminOrManager,
  params: idParams,
  success: 202,
  returns: WebhookDelivery,
  errors: [RESOURCE_NOT_FOUND, STATE_INVALID],
})

export const reviveWebhookDeliveries = endpoint({
  method: 'POST',
  path: '/webhook_deliveries/revive',
  summary: 'Let everything that was given up go on',
  description: 'The oldest 10,000 at a time, as replays, each with ten more attempts, in order per resource.',
  allow: adminOrManager,
  success: 202,
  returns: Type.Object({
    revived: Type.Integer({ description: 'How many go on; 10,000: there may be more.', examples: [12] }),
  }),
  errors: [],
})

/** The most events that one request replays, and the most replays that wait at a time. */
export const REPLAY_PAGE = 1_000
export const MOST_REPLAYS_WAITING = 10_000

export const WebhookReplay = Type.Object({
  after: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'The sequence number behind which to begin.',
    examples: [41],
  }),
  until: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The last sequence number; the latest event when left out.',
    }),
  ),
  types: Type.Optional(
    Type.Array(Type.String({ pattern: '^[a-z0-9_]{1,64}$', maxLength: 64 }), {
      maxItems: 50,
      description: 'Only these event types; all when left out.',
    }),
  ),
})
export type WebhookReplay = Static<typeof WebhookReplay>

export const createWebhookReplay = endpoint({
  method: 'POST',
  path: '/webhook_replays',
  summary: "Deliver a range of events once more to the customer's webhook",
  description:
    `Up to ${REPLAY_PAGE} events are taken at a time: while \`more\` is true, repeat with \`after\` = \`next_after\`. Event ids ` +
    'and order per resource are as they were; what is new does not wait for it.',
  allow: adminOrManager,
  body: WebhookReplay,
  success: 202,
  returns: Type.Object({
    replayed: Type.Integer({ description: 'Deliveries that were made.' }),
    next_after: Type.Integer(),
    more: Type.Boolean(),
    missing: Type.Union([EventGap, Type.Null()], { description: 'Events of the range that are not kept any more.' }),
  }),
  errors: [STATE_INVALID],
})

/** A webhook that nothing is sent to: for a while, or any more. */
export const WebhookHold = Type.Object(
  {
    id: Uuid,
    customer_id: Uuid,
    target: Type.Enum(['customer', 'activeflow'] as const),
    activeflow_id: Type.String({
      format: 'uuid',
      description: "Whose webhook it is; the nil UUID for the customer's.",
    }),
    uri: Type.String({ description: 'Without user and password.' }),
    reason: Type.Enum(['gone', 'retry_after'] as const, {
      description: '`gone`: it answered 410 and is stopped. `retry_after`: it asked us to wait.',
    }),
    http_status: Type.Integer({ examples: [410] }),
    sequence: Type.Union([Type.Integer(), Type.Null()], { description: 'The event that was answered so.' }),
    tm_until: Type.Union([Timestamp, Type.Null()], { description: 'null: until it is lifted or the URI is changed.' }),
    tm_create: Timestamp,
  },
  { $id: 'WebhookHold' },
)
export type WebhookHold = Static<typeof WebhookHold>

export const listWebhookHolds = endpoint({
  method: 'GET',
  path: '/webhook_holds',
  summary: 'List webhooks that nothing is sent to, because they answered 410 or asked us to wait',
  allow: adminOrManager,
  query: pageQuery,
  returns: page(WebhookHold),
  errors: [],
})

export const getWebhookHold = endpoint({
  method: 'GET',
  path: '/webhook_holds/{id}',
  summary: 'Read a hold on a webhook',
  allow: adminOrManager,
  params: idParams,
  returns: WebhookHold,
  errors: [RESOURCE_NOT_FOUND],
})

export const deleteWebhookHold = endpoint({
  method: 'DELETE',
  path: '/webhook_holds/{id}',
  summary: 'Lift a hold: what waits is sent at once, and so is every event from now on',
  allow: adminOrManager,
  params: idParams,
  returns: WebhookHold,
  errors: [RESOURCE_NOT_FOUND],
})

/** What signs the customer's webhooks. */
export const WebhookSecret = Type.Object(
  {
    secret: Type.String({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }),
    previous_secret: Type.String({ description: 'The one before, while it is still in force; else empty.' }),
    tm_previous_expire: TimestampOrNull,
  },
  { $id: 'WebhookSecret' },
)
export type WebhookSecret = Static<typeof WebhookSecret>

export const getWebhookSecret = endpoint({
  method: 'GET',
  path: '/webhook_secret',
  summary: 'Read the secrets that sign your webhooks',
  allow: adminOrManager,
  returns: WebhookSecret,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})

/** Hours that the secret before stays in force: at most, and when nothing is said. */
const MOST_OVERLAP_HOURS = 168
export const OVERLAP_HOURS = 24

export const WebhookSecretRotate = Type.Object({
  overlap_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_OVERLAP_HOURS,
      default: OVERLAP_HOURS,
      description: 'How long the present secret stays in force; 0: it ends at once, as after a leak.',
    }),
  ),
})

export const rotateWebhookSecret = endpoint({
  method: 'POST',
  path: '/webhook_secret/rotate',
  summary: 'Get a new secret; the present one stays in force for some hours',
  description:
    'Until then `webhook-signature` has a signature by each, and `X-VoIPBIN-Signature`, which has room for one, is by the ' +
    'secret before. A secret that an earlier change had left in force ends.',
  allow: adminOnly,
  body: WebhookSecretRotate,
  bodyOptional: true,
  returns: WebhookSecret,
  errors: [customerErrors.CUSTOMER_NOT_FOUND],
})
