import { ApiError, ConnectionError, type StrowgerError } from './errors.ts'
import type { Backoff, Policies } from './options.ts'

/** What a failed attempt leads to. */
export type NextStep = { do: 'give up' } | { do: 'log in' } | { do: 'repeat'; afterMs: number; counts: boolean }

/** What the request has been through so far. */
export interface Progress {
  policies: Policies
  backoff: Backoff
  /** Attempts that failed for a reason that `retry` repeats, this one included. */
  failed: number
  /** Waits for a rate limit so far. */
  limited: number
  /** Whether a login would help and has not been tried for this request yet. */
  mayLogIn: boolean
  random: () => number
}

const GIVE_UP: NextStep = { do: 'give up' }
/** Answers of proxies in front of the platform that say: not now. */
const NOT_NOW = [408, 429, 502, 503, 504]

/**
 * Decides about a failed attempt, from the reason's advice in the catalogue and the policies. Repeating is safe: GET, PUT
 * and DELETE do the same thing again, and a POST carries its idempotency key.
 */
export function nextStep(error: StrowgerError, progress: Progress): NextStep {
  const { policies, backoff, failed, limited, mayLogIn } = progress
  if (error instanceof ApiError && error.reason === 'INVALID_CREDENTIALS')
    return policies.refresh && mayLogIn ? { do: 'log in' } : GIVE_UP
  if (error instanceof ApiError && error.http === 429) {
    if (!policies.rateLimit || error.retry !== 'after_delay') return GIVE_UP
    // the jitter keeps those who were refused together from coming back together
    const afterMs = (error.retryAfterMs ?? 1_000) + jitter(progress, limited)
    return { do: 'repeat', afterMs, counts: false }
  }
  if (!policies.retry || !isPassing(error) || failed >= backoff.attempts) return GIVE_UP
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
  return { do: 'repeat', afterMs: Math.max(asked, jitter(progress, failed - 1)), counts: true }
}

/** Whether the same request may succeed a moment later. */
function isPassing(error: StrowgerError): boolean {
  if (error instanceof ApiError) return error.retry === 'same_key'
  if (!(error instanceof ConnectionError)) return false
  return error.problem !== 'answer' || NOT_NOW.includes(error.http ?? 0)
}

/** Full jitter: any time up to a bound that doubles. */
function jitter({ backoff, random }: Progress, doublings: number): number {
  return random() * Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(doublings, 30))
}
