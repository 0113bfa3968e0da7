/** Why the bus itself could not deliver an answer. */
export type BusFailure = 'deadline' | 'no_responder' | 'overloaded' | 'failed' | 'aborted' | 'closed'

/** The bus could not bring an answer; `failed`: the responder threw something that carries no declared reason. */
export class BusError extends Error {
  readonly why: BusFailure
  readonly subject: string

  constructor(why: BusFailure, subject: string, options?: { cause?: unknown }) {
    super(`${subject}: ${why}`, options)
    this.name = 'BusError'
    this.why = why
    this.subject = subject
  }
}

/** Nobody answers this subject: the command was certainly not carried out. */
export class NoResponder extends BusError {
  constructor(subject: string) {
    super('no_responder', subject)
    this.name = 'NoResponder'
  }
}

/** No answer in time: the command may or may not have been carried out. */
export class DeadlineExceeded extends BusError {
  constructor(subject: string) {
    super('deadline', subject)
    this.name = 'DeadlineExceeded'
  }
}
