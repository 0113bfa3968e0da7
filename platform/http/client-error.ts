import type { Socket } from 'node:net'
import type { ReasonedError } from '#platform/errors'
import { apiErrors } from './errors.ts'
import { refusal } from './problem.ts'

/** What was wrong with bytes that did not become a request, by the parser's code. */
const ISSUES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'has more headers, or a longer URL, than 16 KiB',
  HPE_INVALID_METHOD: 'has an unknown method',
  HPE_INVALID_URL: 'has a URL that cannot be read',
  HPE_INVALID_CONTENT_LENGTH: 'has a Content-Length that cannot be read',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'has more chunk extensions than are read',
  ERR_HTTP_REQUEST_TIMEOUT: 'was not sent in time',
}

/** Why bytes did not become a request. */
export function unreadable(code: string | undefined): ReasonedError {
  return apiErrors.INVALID_ARGUMENT({ field: 'request', issue: ISSUES[code ?? ''] ?? 'is not valid HTTP' })
}

/** Answers what is not HTTP with the envelope, and ends the connection: nothing after it can be trusted. */
export function refuse(socket: Socket, code: string | undefined, error: ReasonedError, request_id: string) {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { contentType, link, body } = refusal(error, request_id, undefined)
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `X-Request-Id: ${request_id}`,
      'Access-Control-Allow-Origin: *',
      `Content-Type: ${contentType}`,
      `Link: ${link}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
