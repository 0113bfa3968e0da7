import type { Catalogue } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Metrics } from '#platform/metrics'
import type { Clock } from '#platform/time'
import type { TrustedProxy } from './client-address.ts'
import type { Route } from './endpoint.ts'
import type { Idempotency } from './idempotency/idempotency.ts'
import type { Authenticate } from './identity.ts'
import type { Parts } from './platform-routes.ts'
import type { RateLimits } from './rate-limits.ts'

/** What an HTTP server is made of. */
export interface HttpNeeds {
  routes: readonly Route[]
  authenticate: Authenticate
  /** What `GET /v1.0/errors` lists. */
  catalogues: readonly Catalogue[]
  clock: Clock
  ids: Ids
  log: Log
  metrics: Metrics
  /** Of the platform, as the OpenAPI document says it. */
  version: string
  /** What `/health` asks: all of them ready = 200. */
  parts?: Parts
  /** The text of `/metrics`; this thread's figures unless said. */
  scrape?: () => Promise<string>
  /** `/metrics` answers this machine only, unless said. */
  metricsFromAnywhere?: boolean
  /** Whose header is believed about the client's address. */
  trustedProxy?: TrustedProxy
  /** Keeps answers under the keys that clients send; keys mean nothing unless it is given. */
  idempotency?: Idempotency
  /** How often addresses and customers may ask; as often as they like unless said. */
  limits?: RateLimits
  /** Milliseconds until a request is answered with `REQUEST_TIMEOUT`; 10 s unless said. */
  deadlineMs?: number
  /** For tests and development: an undeclared reason becomes `INTERNAL` and is recorded in `undeclared`. */
  strictReasons?: boolean
}

/** Until a request is answered with `REQUEST_TIMEOUT`, where nothing else is said. */
export const DEADLINE_MS = 10_000
