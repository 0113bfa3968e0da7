import type { Ids } from '#platform/ids'

const BASE_MS = 30_000
const MOST_MS = 1_800_000

/** How long to wait after so many failures in a row: doubling from 30 s to 30 min, half of it by lot (RFC 5626 §4.5). */
export function backOffMs(failures: number, ids: Ids): number {
  const mostMs = Math.min(BASE_MS * 2 ** Math.min(failures, 16), MOST_MS)
  return mostMs / 2 + ids.integer(mostMs / 2 + 1)
}
