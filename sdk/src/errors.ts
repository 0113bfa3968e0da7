import { RETRY } from './generated/advice.ts'
import type { Reason, Reasons, Retry } from './generated/reasons.ts'

/** What every failure that this client reports has in common. */
export abstract class StrowgerError extends Error {
  /** How often the request was sent until it was given up. More than 1: an earlier attempt may have been carried out. */
  attempts = 1
}

/** The error envelope as it comes over the wire. */
export interface Refusal {
  status: string
  reason: string
  domain: string
  message: string
  request_id: string
  details?: readonly Record<string, unknown>[]
}

/**
 * A refusal with a reason of the catalogue. `isReason` narrows it to what is known of one reason; never branch on
 * `message`. A server that is newer than this client may answer with a reason that `Reason` does not have yet.
 */
export class ApiError extends StrowgerError {
  /** The HTTP code. */
  readonly http: number
  /** The canonical status, such as `NOT_FOUND`. */
  readonly status: string
  readonly reason: string
  /** The part of the platform that refused; with `reason` it is an identity. */
  readonly domain: string
  /** What to report: the platform's log has the request under it. */
  readonly request_id: string
  /** The facts: faulty fields, the limit that was reached, the present state, … */
  readonly details: readonly unknown[]
  /** Whether repeating helps: never, once the cause is mended, with the same idempotency key, or after a while. */
  readonly retry: Retry
  /** Where the platform explains the reason, for people. */
  readonly help: string
  /** Milliseconds of `Retry-After`, where the platform gave one. */
  readonly retryAfterMs: number | undefined

  constructor(refusal: Refusal, at: { http: number; help: string; retryAfterMs?: number | undefined }) {
    super(refusal.message)
    this.name = refusal.reason
    this.http = at.http
    this.status = refusal.status
    this.reason = refusal.reason
    this.domain = refusal.domain
    this.request_id = refusal.request_id
    this.details = refusal.details ?? []
    this.retry = RETRY[refusal.domain]?.[refusal.reason] ?? adviceByStatus(refusal.status)
    this.help = at.help
    this.retryAfterMs = at.retryAfterMs
  }
}

/** `ACCOUNT_FROZEN`, with the way back. */
export class AccountFrozenError extends ApiError {
  /** Calls the recovery endpoint that the refusal names; afterwards the account works again. */
  readonly recover: (options?: { signal?: AbortSignal | undefined }) => Promise<void>

  constructor(refusal: Refusal, at: ConstructorParameters<typeof ApiError>[1], recover: AccountFrozenError['recover']) {
    super(refusal, at)
    this.recover = recover
  }
}

/** No answer that could be understood: the connection failed, it took too long, or something else than the platform answered. */
export class ConnectionError extends StrowgerError {
  readonly problem: 'network' | 'timeout' | 'answer'
  /** The HTTP code, where something answered. */
  readonly http: number | undefined

  constructor(problem: ConnectionError['problem'], message: string, more: { http?: number; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'ConnectionError'
    this.problem = problem
    this.http = more.http
  }
}

/** What a caught error is once `isReason` has said yes: each reason with its domains, its status and its details. */
export type ReasonError<Name extends Reason> = {
  [Each in Name]: ApiError & { readonly reason: Each } & Reasons[Each] & Extras<Each>
}[Name]

type Extras<Name extends Reason> = Name extends 'ACCOUNT_FROZEN' ? AccountFrozenError : unknown

/**
 * Whether a caught value is a refusal for one of these reasons, whose details are then typed:
 * `catch (error) { if (isReason(error, 'CALL_ALREADY_HANGUP')) console.log(error.details[0]?.tm_hangup) }`
 */
export function isReason<Name extends Reason>(error: unknown, ...reasons: Name[]): error is ReasonError<Name> {
  return error instanceof ApiError && reasons.some((reason) => reason === error.reason)
}

/** For a reason that is newer than this client. */
function adviceByStatus(status: string): Retry {
  return status === 'UNAVAILABLE' ? 'same_key' : 'never'
}
