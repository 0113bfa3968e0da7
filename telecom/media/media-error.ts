/** Why no endpoint could be had, or asked. */
export type MediaProblem = 'no_ports' | 'address' | 'duplicate_id' | 'not_running' | 'closed'

/** A failure of the media engine; `problem` says which, the message is for the log. */
export class MediaError extends Error {
  readonly problem: MediaProblem

  constructor(problem: MediaProblem, message: string) {
    super(message)
    this.name = 'MediaError'
    this.problem = problem
  }
}
