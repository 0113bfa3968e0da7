import type { Declaration } from './define-errors.ts'
import { HTTP_STATUS, type Status } from './status.ts'

/** A failure with a published reason. Its message and details are for the caller; a cause stays inside the server. */
export class ReasonedError extends Error {
  readonly domain: string
  readonly reason: string
  readonly details: readonly object[]
  readonly declaration: Declaration

  constructor(at: {
    domain: string
    reason: string
    declaration: Declaration
    message: string
    details: readonly object[]
    cause?: unknown
  }) {
    // The reason says where and why; walking the stack would cost more than the rest of a refused request. Something
    // unforeseen travels as `cause`, with a stack of its own.
    const depth = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(at.message, at.cause === undefined ? undefined : { cause: at.cause })
    Error.stackTraceLimit = depth
    this.name = at.reason
    this.domain = at.domain
    this.reason = at.reason
    this.details = at.details
    this.declaration = at.declaration
  }

  get status(): Status {
    return this.declaration.status
  }

  get http(): number {
    return HTTP_STATUS[this.declaration.status]
  }
}
