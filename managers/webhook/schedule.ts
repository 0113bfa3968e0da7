import type { Ids } from '#platform/ids'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/**
 * How long after each failed attempt the next one follows, give or take a tenth: ten attempts, the last some 75 hours after
 * the first. Steep at the beginning, so that a restart of the other side is hardly noticed, and a day or more at the end, so
 * that a long weekend is survived.
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  1 * HOUR,
  4 * HOUR,
  12 * HOUR,
  24 * HOUR,
  34 * HOUR,
]

/** Attempts for an event before it is given up. */
export const ATTEMPTS = RETRY_DELAYS_MS.length + 1

/** The same for the flow action `webhook_send`: three attempts, a second apart. */
export const FLOW_RETRY_DELAYS_MS: readonly number[] = [1 * SECOND, 1 * SECOND]

/** How far a delay is moved to either side, so that what failed together does not come back together. */
const JITTER = 0.1
const STEPS = 2_000

/** Milliseconds until the next attempt after `failed` attempts; `undefined` = there is none, it is given up. */
export function retryDelayMs(
  kind: 'customer' | 'activeflow' | 'flow',
  failed: number,
  ids: Pick<Ids, 'integer'>,
): number | undefined {
  if (kind === 'flow') return FLOW_RETRY_DELAYS_MS[failed - 1]
  const delayMs = RETRY_DELAYS_MS[failed - 1]
  return delayMs === undefined ? undefined : delayMs * (1 + JITTER * (ids.integer(STEPS + 1) / (STEPS / 2) - 1))
}
