import { hasLineBreak } from './characters.ts'
import type { SipMessage } from './message.ts'
import { ownBytes } from './own-bytes.ts'
import { SipError } from './sip-error.ts'

/** The message as it goes on the wire, in UTF-8, with a Content-Length that is right whatever the headers said. */
export function serialise(message: SipMessage): Buffer {
  const { body, headers } = message
  const start = startLine(message)
  if (hasLineBreak(start)) throw new SipError('forbidden characters', 'a start line holds CR, LF or NUL')
  if (headers.foreign) return withForeign(message, start, headers.foreign)
  const head = `${start}\r\n${headers.write('content-length')}Content-Length: ${body.length}\r\n\r\n`
  const bytes = ownBytes(head, body.length)
  body.copy(bytes, bytes.length - body.length)
  return bytes
}

/** The same of a message that repeats what somebody wrote otherwise than in UTF-8. */
function withForeign(message: SipMessage, start: string, foreign: ReadonlySet<string>): Buffer {
  const { body, headers } = message
  const said = message.kind === 'request' ? message.uriText : message.reason
  const encoding = foreign.has(said) ? 'latin1' : 'utf8'
  const end = Buffer.from(`Content-Length: ${body.length}\r\n\r\n`)
  return Buffer.concat([Buffer.from(`${start}\r\n`, encoding), headers.writeBytes('content-length'), end, body])
}

function startLine(message: SipMessage): string {
  return message.kind === 'request'
    ? `${message.method} ${message.uriText} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`
}
