import type { OutboxLimits } from './outbox.ts'

/** The bounds of one api process. */
export interface Limits extends OutboxLimits {
  /** Open connections. */
  connections: number
  /** Open connections of one customer. */
  connectionsPerCustomer: number
  /** Messages that a client may send in a second; what comes above that is read later. */
  messagesPerSecond: number
}

export const DEFAULT_LIMITS: Limits = {
  connections: 5_000,
  connectionsPerCustomer: 1_000,
  messagesPerSecond: 100,
  messages: 2_000,
  bytes: 8 * 1024 * 1024,
  totalBytes: 128 * 1024 * 1024,
}
