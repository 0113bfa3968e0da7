import type { StrowgerError } from './errors.ts'
import type { Time } from './time.ts'

/** What the client does by itself. Everything is on; switch off what your program wants to see. */
export interface Policies {
  /** `INVALID_CREDENTIALS`: logs in again, once, and repeats the request. Needs `username` and `password`, or `login`. */
  refresh: boolean
  /** `RATE_LIMIT_EXCEEDED`: waits for the seconds of `Retry-After` and repeats. */
  rateLimit: boolean
  /** `REQUEST_TIMEOUT`, `SERVICE_UNAVAILABLE` and lost answers: repeats with the same `Idempotency-Key`, slower each time. */
  retry: boolean
  /** `ACTIVEFLOW_ALREADY_STOPPED` is what was wanted: gives the activeflow instead of throwing. */
  alreadyDone: boolean
  /** A page token that the platform does not take any more: the list goes on behind the last item that it gave. */
  stalePageToken: boolean
}

/** How fast `retry` repeats: a random time up to `firstMs`, doubled each time up to `mostMs` (full jitter). */
export interface Backoff {
  firstMs: number
  mostMs: number
  /** How often a request is sent at most. Waits for a rate limit do not count. */
  attempts: number
}

/** How the client reaches the platform. */
export interface ConnectionOptions {
  /** Where the API is, without `/v1.0`: `https://api.example.com`. */
  baseUrl: string
  policies?: Partial<Policies>
  backoff?: Partial<Backoff>
  /** Milliseconds that one attempt may take; by default 30 s, and 10 min where files are sent. */
  timeoutMs?: number
  /** Milliseconds that a request may take with all its repeats; by default 2 min, and 20 min where files are sent. */
  deadlineMs?: number
  /** In place of the global `fetch`. */
  fetch?: typeof fetch
  /** Told of each repeat before it waits: for a log. */
  onRepeat?: (repeat: Repeat) => void
  /** In place of the real clock and dice: for tests. */
  time?: Time
}

/** Who asks: an access key, a token, or whatever can get a token again. They go into headers only, never into a URL. */
export interface Credentials {
  /** An access key (`vb_…`). */
  accesskey?: string | undefined
  /** A token of `POST /auth/login` that is there already; with `username` or `login` it is the first one that is used. */
  token?: string | undefined
  /** An agent, who is logged in when it is needed and again when the token has expired. */
  username?: string | undefined
  password?: string | undefined
  /** Gets a token or an access key from elsewhere, when there is none and when the last one has expired. */
  login?: (() => Promise<string>) | undefined
}

export interface ClientOptions extends ConnectionOptions, Credentials {}

/** What each single request may have of its own. */
export interface RequestOptions {
  signal?: AbortSignal | undefined
  /** Of a POST: its key. Give one that you keep, and the request can be repeated after a crash of your program, too. */
  idempotencyKey?: string | undefined
  timeoutMs?: number | undefined
  deadlineMs?: number | undefined
  policies?: Partial<Policies> | undefined
  backoff?: Partial<Backoff> | undefined
}

/** A repeat that is about to happen, and why. */
export interface Repeat {
  method: string
  path: string
  /** The attempt that failed: 1, 2, … */
  attempt: number
  error: StrowgerError
  waitMs: number
}

export const ALL_POLICIES: Policies = {
  refresh: true,
  rateLimit: true,
  retry: true,
  alreadyDone: true,
  stalePageToken: true,
}
export const BACKOFF: Backoff = { firstMs: 250, mostMs: 10_000, attempts: 10 }
export const TIMES = { timeoutMs: 30_000, deadlineMs: 120_000 }
/** Of forms, whose files take their time. */
export const FORM_TIMES = { timeoutMs: 600_000, deadlineMs: 1_200_000 }
