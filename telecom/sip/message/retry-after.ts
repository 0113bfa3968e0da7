import { wholeNumber } from './characters.ts'
import type { Headers } from './headers.ts'

/** After how many seconds Retry-After asks for another try (RFC 3261 §20.33); `undefined` where it does not say, or not so. */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after')
  if (value === undefined) return undefined
  let end = 0
  while (end < value.length && !' \t;('.includes(value.charAt(end))) end++
  return wholeNumber(value.slice(0, end), Number.MAX_SAFE_INTEGER)
}
