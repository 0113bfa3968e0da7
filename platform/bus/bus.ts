/** A subscription or responder that can be ended. */
export interface Subscription {
  unsubscribe(): void
}

/** What a responder knows of a request besides its body. */
export interface RequestContext {
  /** Milliseconds that are left to answer. */
  deadlineMs: number
  /** Aborted when the deadline passes or the asker has gone. */
  signal: AbortSignal
}

export interface RequestOptions {
  /** Milliseconds after which the request rejects with `DeadlineExceeded`. */
  deadlineMs: number
  signal?: AbortSignal
}

/**
 * What threads and nodes say to each other. Only what may be lost goes here: pokes, and commands with a deadline. At most
 * once, nothing is kept. Bodies are plain JSON and arrive as copies. Subjects are exact words with dots (`ledger.moved`).
 */
export interface Bus {
  /** Tells every subscriber of the subject, those of the publisher included. Never throws, never waits. */
  publish(subject: string, body: unknown): void
  subscribe(subject: string, handler: (body: unknown) => void): Subscription
  /**
   * Asks the one responder of the subject. Rejects with the reason that the responder threw, `NoResponder`,
   * `DeadlineExceeded`, or another `BusError`.
   */
  request(subject: string, body: unknown, options: RequestOptions): Promise<unknown>
  /** Answers requests; a later responder of the same subject replaces the earlier one. */
  respond(
    subject: string,
    handler: (body: unknown, context: RequestContext) => Promise<unknown> | unknown,
  ): Subscription
}
