import { hasLineBreak } from './characters.ts'
import type { SipMessage } from './message.ts'
import { ownBytes } from './own-bytes.ts'
import { SipError } from './sip-error.ts'

/** The message as it goes on the wire, with a Content-Length that is right whatever the headers said. */
export function serialise(message: SipMessage): Buffer {
  const start = startLine(message)
  if (hasLineBreak(start)) throw new SipError('forbidden characters', 'a start line holds CR, LF or NUL')
  const head = `${start}\r\n${message.headers.write('content-length')}Content-Length: ${message.body.length}\r\n\r\n`
  const bytes = ownBytes(head, message.encoding, message.body.length)
  message.body.copy(bytes, bytes.length - message.body.length)
  return bytes
}

function startLine(message: SipMessage): string {
  return message.kind === 'request'
    ? `${message.method} ${message.uriText} SIP/2.0`
    : `SIP/2.0 ${message.status} ${message.reason}`
}
