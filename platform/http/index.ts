/**
 * The HTTP edge: endpoints declared once become validation, OpenAPI document and types; every failure leaves in one
 * envelope with a declared reason; lists, ids, times and addresses are the same everywhere.
 */
import type { WebSocket } from 'ws'
import type { HttpNeeds } from './needs.ts'
import type { HttpServer } from './server.ts'

export { isE164, normaliseAddress, normaliseTarget } from './address.ts'
export { catalogueRows, ErrorReason } from './catalogue.ts'
export type { TrustedProxy } from './client-address.ts'
export { contentDisposition, type Download } from './download.ts'
export {
  type Endpoint,
  endpoint,
  type HttpMethod,
  handle,
  handleSigned,
  handleSocket,
  handleUpload,
  type Nothing,
  type Request,
  type Route,
  type SignedRequest,
  type SocketRequest,
  type UploadRequest,
} from './endpoint.ts'
export { envelope } from './envelope.ts'
export { apiErrors } from './errors.ts'
export { exampleOf } from './example.ts'
export { type Fault, type Faults, faultDetails, faultMessage, faultSchema } from './fault.ts'
export { FREEZE_MS } from './gate.ts'
export { Idempotency } from './idempotency/idempotency.ts'
export type { Authenticate, AuthenticateOptions, Credentials, Identity } from './identity.ts'
export { isStorable, readJson } from './json-body.ts'
export { httpMigrations } from './migrations/index.ts'
export { openapiDocument } from './openapi.ts'
export {
  decodePageToken,
  encodePageToken,
  PAGE_SIZE,
  type Page,
  type PageQuery,
  type PageRequest,
  type PageToken,
  page,
  pageOf,
  pageQuery,
  pageRequest,
  paginate,
} from './paging.ts'
export { servedPaths } from './paths.ts'
export { adminOnly, adminOrManager, type Gate, mayPass, Permission, superAdminOnly } from './permission.ts'
export { type Parts, platformRoutes } from './platform-routes.ts'
export { networkOf, type RateLimitSettings, RateLimits } from './rate-limits.ts'
export { type Allowance, TokenBuckets } from './token-buckets.ts'
export { translate } from './translate.ts'
export type { Upload, UploadField, UploadFile, UploadPart } from './upload.ts'
export {
  ADDRESS_TYPES,
  Address,
  fileSchema,
  Id,
  idParams,
  NullableTimestamp,
  Timestamp,
  TimestampOrNull,
  typedIdParams,
  Uuid,
} from './wire.ts'
export type { HttpNeeds, HttpServer, WebSocket }

/** Makes a server of routes. The framework is loaded here and not before: other threads use this folder's types only. */
export async function openHttpServer(needs: HttpNeeds): Promise<HttpServer> {
  const { HttpServer } = await import('./server.ts')
  return new HttpServer(needs)
}
