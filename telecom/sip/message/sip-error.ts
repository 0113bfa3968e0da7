/** What was wrong with a message or a value: a closed list, to be counted and switched on. */
export type SipIssue =
  | 'not sip' // no start line that looks like SIP: dropped, never answered
  | 'malformed start line'
  | 'malformed uri'
  | 'malformed header'
  | 'missing header'
  | 'repeated header'
  | 'mismatched method'
  | 'unsupported version'
  | 'unsupported uri scheme'
  | 'body shorter than Content-Length'
  | 'too large'
  | 'too many headers'
  | 'too many hops'
  | 'forbidden characters' // CR, LF or NUL in something that we were asked to send

/** A message, or a value for one, that cannot be. `status` is the answer that a request with this fault deserves. */
export class SipError extends Error {
  readonly issue: SipIssue
  readonly status: number
  /** The header at fault, by its usual name; `''` where it is none. */
  readonly header: string

  constructor(issue: SipIssue, message: string, options: { status?: number; header?: string } = {}) {
    super(message)
    this.name = 'SipError'
    this.issue = issue
    this.status = options.status ?? STATUS[issue]
    this.header = options.header ?? ''
  }
}

const STATUS: Record<SipIssue, number> = {
  'not sip': 400,
  'malformed start line': 400,
  'malformed uri': 400,
  'malformed header': 400,
  'missing header': 400,
  'repeated header': 400,
  'mismatched method': 400,
  'unsupported version': 505,
  'unsupported uri scheme': 416,
  'body shorter than Content-Length': 400,
  'too large': 513,
  'too many headers': 400,
  'too many hops': 483,
  'forbidden characters': 400,
}
