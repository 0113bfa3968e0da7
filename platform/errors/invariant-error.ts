/**
 * Something that cannot be: always a mistake of ours and never a caller's, so it has no reason of its own and ends as
 * `INTERNAL`. The message is for the log.
 */
export class InvariantError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'InvariantError'
  }
}
