/** The longest that a receiver can make us wait; it may say so again. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000

const SECONDS = /^\d{1,10}$/
/** `Wed, 21 Oct 2026 07:28:00 GMT` (RFC 9110 §5.6.7); the obsolete forms are not taken. */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Milliseconds that `Retry-After` asks for (RFC 9110 §10.2.3: seconds, or a date), an hour at most; `undefined` where it is
 * missing, unreadable or no time at all.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = (header ?? '').trim()
  let askedMs = Number.NaN
  if (SECONDS.test(text)) askedMs = Number(text) * 1_000
  else if (DATE.test(text)) askedMs = Date.parse(text) - nowMs
  return askedMs > 0 ? Math.min(askedMs, LONGEST_RETRY_AFTER_MS) : undefined
}
