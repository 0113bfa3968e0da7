/** How often a password may be wrong before the next one has to wait, and how long at most. */
export interface BackOff {
  free: number
  mostMs: number
}

/** What is counted: wrong passwords for one username from one address, from an address, and for a username. */
export const BACK_OFF = {
  place: { free: 5, mostMs: 15 * 60_000 },
  address: { free: 30, mostMs: 5 * 60_000 },
  username: { free: 50, mostMs: 60_000 },
} as const satisfies Record<string, BackOff>
export type Counted = keyof typeof BACK_OFF

/** So long after the last wrong password they are forgotten. */
const FORGET_MS = 60 * 60_000

export interface Count {
  failures: number
  /** When the last one was. */
  lastMs: number
  /** Nobody may try before. */
  freeMs: number
}

/** The count with one more wrong password: from the last free one on, each doubles the wait, beginning with a second. */
export function counted({ failures, lastMs }: Count, { free, mostMs }: BackOff, nowMs: number): Count {
  const count = (nowMs - lastMs > FORGET_MS ? 0 : failures) + 1
  const waitMs = count < free ? 0 : Math.min(1000 * 2 ** Math.min(count - free, 30), mostMs)
  return { failures: count, lastMs: nowMs, freeMs: nowMs + waitMs }
}

/** Until when the count has to be kept. */
export function keptUntilMs({ lastMs, freeMs }: Count): number {
  return Math.max(lastMs + FORGET_MS, freeMs)
}
