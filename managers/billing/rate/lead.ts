/**
 * A deck begins so long after it was made at the earliest: until then every process has heard of it, and none prices by an
 * older one what starts after it.
 */
export const LEAD_MS = 5_000
