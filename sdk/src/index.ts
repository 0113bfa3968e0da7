/** The client of Strowger that heals itself; see README.md. Importing it does nothing. */
export type { Api, Method, Parts } from './api.ts'
export { type Client, createClient } from './client.ts'
export { connect } from './connection.ts'
export {
  AccountFrozenError,
  ApiError,
  ConnectionError,
  isReason,
  type ReasonError,
  StrowgerError,
} from './errors.ts'
export { EventCursorError, EventFeed, EventGapError, type FollowOptions, follow } from './follow.ts'
export * from './generated/index.ts'
export type {
  Backoff,
  ClientOptions,
  ConnectionOptions,
  Credentials,
  Policies,
  Repeat,
  RequestOptions,
} from './options.ts'
export { isStalePageToken, List, type ListQuery, type Page } from './paging.ts'
export type { Time } from './time.ts'
export {
  type VerifyOptions,
  verifySignature,
  verifyWebhook,
  WebhookError,
  type WebhookEvent,
  type WebhookHeaders,
} from './webhooks.ts'
