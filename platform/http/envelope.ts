import type { ReasonedError } from '#platform/errors'

/** Every 4xx and 5xx answer has this shape and no other (`platform.md` §5). `details` is left out when empty. */
export function envelope(error: ReasonedError, request_id: string): string {
  const details = error.details.length > 0 ? `,"details":${JSON.stringify(error.details)}` : ''
  // status, reason, domain and request id are plain words: they need no escaping
  return `{"error":{"status":"${error.status}","reason":"${error.reason}","message":${JSON.stringify(error.message)},"request_id":"${request_id}","domain":"${error.domain}"${details}}}`
}

/** Seconds in `Retry-After` where repeating the same thing soon may help, and where something must change first. */
const SOON = '1'
const LATER = '60'

/** The `Retry-After` of a 429 or 503, in seconds: what its details say, else a usual value; `undefined` otherwise. */
export function retryAfter(error: ReasonedError): string | undefined {
  if (error.http !== 429 && error.http !== 503) return undefined
  const { retry } = error.declaration
  const [detail] = error.details
  if (detail && 'retry_after' in detail) return String(detail.retry_after)
  return retry === 'after_delay' || retry === 'same_key' ? SOON : LATER
}
