import { type Reason, ReasonedError } from '#platform/errors'
import { BusError, type BusFailure, DeadlineExceeded, NoResponder } from './errors.ts'

/** Every declared reason by `domain/REASON`: what an error that crossed the bus is made into again. */
export type Reasons = ReadonlyMap<string, Reason>

/** An error on its way between threads: a reason with its facts, or a failure of the bus. Causes stay where they were. */
export type WireError =
  | { domain: string; reason: string; message: string; details: readonly object[] }
  | { why: BusFailure; subject: string }

export function toWire(error: unknown, subject: string): WireError {
  if (error instanceof ReasonedError) {
    const { domain, reason, message, details } = error
    return { domain, reason, message, details }
  }
  if (error instanceof BusError) return { why: error.why, subject: error.subject }
  return { why: 'failed', subject }
}

/** The error again, as the same reason; one that nobody declared here, and anything unforeseen, is a `BusError`. */
export function fromWire(error: WireError, subject: string, reasons: Reasons): ReasonedError | BusError {
  if ('why' in error) return busError(error.why, error.subject)
  const { domain, reason, message, details } = error
  const declared = reasons.get(`${domain}/${reason}`)
  if (!declared) return new BusError('failed', subject, { cause: error })
  return new ReasonedError({ domain, reason, message, details, declaration: declared.declaration })
}

export function busError(why: BusFailure, subject: string): BusError {
  if (why === 'no_responder') return new NoResponder(subject)
  if (why === 'deadline') return new DeadlineExceeded(subject)
  return new BusError(why, subject)
}
