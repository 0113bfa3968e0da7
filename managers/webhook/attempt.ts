import {
  type OutboundClient,
  type OutboundFailure,
  type OutboundRequest,
  type OutboundResult,
  shownUrl,
} from '#platform/outbound'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { Delivery } from './delivery.ts'
import { excerpt, REFUSAL_BYTES } from './excerpt.ts'
import { retryAfterMs } from './retry-after.ts'
import { signature, standardSignature } from './signature.ts'

/** The secrets of a customer: the current one, and the one before it while that is still in force (else empty). */
export interface SigningSecrets {
  current: string
  previous: string
}

/** A target with the secrets that sign what is sent to it. */
export interface SigningTarget {
  uri: string
  method: string
  secrets: SigningSecrets
}

/** Why an attempt was no success: `status` is an answer that was not taken as delivery. */
export type AttemptFailure = 'status' | Exclude<OutboundFailure, 'aborted' | 'too_large'>

/** One attempt, as the log keeps it. */
export interface Attempt {
  tm_start: Timestamp
  duration_ms: number
  /** Where it went, after redirects; no user, no password. */
  uri: string
  /** Status of the answer; 0 = there was none. */
  http_status: number
  /** Empty for a success. */
  failure: AttemptFailure | ''
  /** Which time limit, which error of the connection; never an address. */
  detail: string
  /** The beginning of an answer that was no success. */
  response: string
}

export type Outcome =
  /** Taken: an answer below 400. */
  | { type: 'delivered'; attempt: Attempt }
  /** Taken, and not wanted: an answer of the 400s, which a repeat would not change. */
  | { type: 'refused'; attempt: Attempt }
  /** 410: nothing is ever wanted there any more. */
  | { type: 'gone'; attempt: Attempt }
  /** To be tried again; not before `retryAfterMs` if the receiver said so. */
  | { type: 'failed'; attempt: Attempt; retryAfterMs: number | undefined }
  /** Nothing was sent: the receiver wants nothing before that moment. Does not count. */
  | { type: 'held'; untilMs: number }
  /** We stopped it; it does not count. */
  | { type: 'aborted' }
  /** It has no target any more. */
  | { type: 'dropped' }

const GONE = 410
const LONGEST_DETAIL = 100
/** Answers below 500 that say "not now": timeout, too early, too many. */
const LATER: readonly number[] = [408, 425, 429]

/** Sends a delivery once. Never rejects. */
export async function attempt(
  outbound: OutboundClient,
  clock: Clock,
  delivery: Delivery,
  target: SigningTarget,
  signal: AbortSignal,
): Promise<Outcome> {
  const startMs = clock.wallMs()
  const request = requestFor(delivery, target, startMs)
  const result = await outbound.request({ ...request, maxBodyBytes: 0, refusalBytes: REFUSAL_BYTES, signal })
  const made = describe(result, startMs, target.uri)
  if (!made || signal.aborted) return { type: 'aborted' }
  const { http_status: status } = made
  if (status === GONE) return { type: 'gone', attempt: made }
  if (status !== 0 && status < 400) return { type: 'delivered', attempt: made }
  if (status !== 0 && status < 500 && !LATER.includes(status)) return { type: 'refused', attempt: made }
  const wanted = result.ok ? result.headers['retry-after'] : undefined
  return { type: 'failed', attempt: made, retryAfterMs: retryAfterMs(wanted, clock.wallMs()) }
}

/** An attempt as the log keeps it; `undefined` for one that was stopped. */
export function describe(result: OutboundResult, startMs: number, uri: string): Attempt | undefined {
  const common = { tm_start: timestamp(startMs), duration_ms: Math.round(result.durationMs) }
  if (result.ok) {
    const { status, url, body } = result
    const failure = status < 400 ? '' : 'status'
    const response = failure === '' ? '' : excerpt(body)
    return { ...common, uri: shownUrl(url), http_status: status, failure, detail: '', response }
  }
  const { failure } = result
  if (failure === 'aborted' || failure === 'too_large') return undefined
  const detail = isTellable(failure) ? result.detail.slice(0, LONGEST_DETAIL) : ''
  return { ...common, uri: shownUrl(uri), http_status: 0, failure, detail, response: '' }
}

/** What names resolve to inside is nobody's business: a customer could ask with its own name servers. */
function isTellable(failure: OutboundFailure): boolean {
  return failure !== 'blocked' && failure !== 'dns'
}

/** The request that carries a delivery, signed as of this moment. */
export function requestFor(
  delivery: Delivery,
  { uri, method, secrets }: SigningTarget,
  nowMs: number,
): OutboundRequest {
  const { body, sequence } = delivery
  const key = headerText(delivery.key)
  const at = Math.floor(nowMs / 1_000)
  const { current, previous } = secrets
  // one header has room for both; the other keeps the secret that receivers know until the change is over
  const standard = standardSignature({ id: key, at, body }, [current, previous])
  const signed = signature(body, previous || current)
  return {
    url: uri,
    method: method === '' ? 'POST' : method,
    headers: {
      'Content-Type': headerText(delivery.content_type) || 'application/json',
      ...(signed === undefined ? {} : { 'X-VoIPBIN-Signature': signed }),
      'webhook-id': key,
      'webhook-timestamp': String(at),
      ...(standard === undefined ? {} : { 'webhook-signature': standard }),
      ...(delivery.kind === 'flow' ? { 'Idempotency-Key': key } : { 'X-VoIPBIN-Event-Id': key }),
      'X-VoIPBIN-Delivery': delivery.id,
      ...(sequence === null ? {} : { 'X-VoIPBIN-Sequence': String(sequence) }),
      'X-VoIPBIN-Timestamp': delivery.tm_event,
    },
    body,
  }
}

/** What may stand in a header: the rest is left out, so that an author's text cannot make the request impossible. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '').trim()
}
