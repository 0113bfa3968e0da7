/** Why the database could not do what was asked. */
export type Unavailability =
  /** The deadline passed, or the server stopped the statement. */
  | 'timeout'
  /** No connection, or it was lost before the answer. */
  | 'unreachable'
  /** Too many queries wait already. */
  | 'overloaded'
  /** Whoever asked has gone. */
  | 'aborted'
  /** We are stopping. */
  | 'closed'

/**
 * The database did not answer. What was asked may or may not have happened, except that a transaction which rejects with
 * `overloaded` or `closed` was never begun. HTTP makes `SERVICE_UNAVAILABLE` of it (`timeout`: `REQUEST_TIMEOUT`), SIP 503.
 */
export class DatabaseUnavailable extends Error {
  readonly why: Unavailability

  constructor(why: Unavailability, options?: { cause?: unknown }) {
    super(`The database did not answer (${why}).`, options)
    this.name = 'DatabaseUnavailable'
    this.why = why
  }
}
