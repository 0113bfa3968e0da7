/** Why a text was not spoken. */
export type SpeechProblem = 'empty' | 'too_long' | 'busy' | 'no_voice' | 'stopped'

/** A text that could not be spoken; `problem` says why, the cause is for the log. */
export class SpeechError extends Error {
  readonly problem: SpeechProblem

  constructor(problem: SpeechProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SpeechError'
    this.problem = problem
  }
}
