import type { Ids } from '#platform/ids'

/**
 * RFC 3261 §14.1: after a 491 the side that made the Call-ID waits 2.1 to 4 s, the other one 0 to 2 s, in steps of 10 ms,
 * so that they do not collide again.
 */
export function retryAfterGlareMs(role: 'uac' | 'uas', ids: Ids): number {
  return role === 'uac' ? 2_100 + 10 * ids.integer(191) : 10 * ids.integer(201)
}

/** §14.2: who offers while we still think about his last offer is told to come back in 0 to 10 s. */
export function busyRetryAfter(ids: Ids): string {
  return String(ids.integer(11))
}
