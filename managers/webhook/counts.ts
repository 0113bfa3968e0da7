/** What delivery has done since its start, for metrics. */
export interface WebhookCounts {
  delivered: number
  attemptsFailed: number
  /** Became rows, because they failed or took long, or wait behind such. */
  stored: number
  /** Given up after the last attempt. */
  givenUp: number
  /** Customers with events on their way at this moment. */
  readonly customers: number
  /** Attempts under way at this moment. */
  readonly underWay: number
  /** Whether this process is the one that delivers. */
  readonly delivering: boolean
}
