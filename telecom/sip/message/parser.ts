import { isAscii, isUtf8 } from 'node:buffer'
import { DEFAULT_LIMITS, type Limits } from '../limits.ts'
import { isToken, trimBlanks, wholeNumber } from './characters.ts'
import { canonicalName, Headers, knownName } from './headers.ts'
import { type SipMessage, SipRequest, SipResponse } from './message.ts'
import { SipError } from './sip-error.ts'

/** A request that is broken but whole enough to be answered with `status`. */
export class FaultyRequest extends SipError {
  readonly request: SipRequest

  constructor(request: SipRequest, fault: SipError) {
    super(fault.issue, fault.message, { status: fault.status, header: fault.header })
    this.name = 'FaultyRequest'
    this.request = request
  }
}

type ParserLimits = Pick<Limits, 'messageBytes' | 'headerLines' | 'headerLength'>

/**
 * Parses one datagram (RFC 3261 §7, §18.3): start line, header lines, body. Header values stay text until somebody asks
 * for them; `checkRequest` is the one who asks first. Octets behind Content-Length are cut off; without it everything
 * behind the empty line is the body.
 *
 * Throws nothing but `SipError`: `FaultyRequest` where the sender of a request can be told, any other one where the only
 * thing to do is to drop it.
 */
export function parseMessage(data: Buffer, limits: ParserLimits = DEFAULT_LIMITS): SipMessage {
  if (data.length > limits.messageBytes) throw new SipError('too large', 'the message is too large')
  let from = 0
  while (data[from] === CR || data[from] === LF) from++ // §7.5: empty lines before the start line are ignored
  const end = headEnd(data, from)
  const head = data.subarray(from, end.head)
  const ascii = isAscii(head)
  const foreign = ascii || isUtf8(head) ? undefined : new Set<string>()
  const text = ascii || foreign ? head.toString('latin1') : head.toString('utf8')
  const lineEnd = text.indexOf('\n')
  const start = stripCr(lineEnd < 0 ? text : text.slice(0, lineEnd))
  const lines = parseHeaderLines(text, lineEnd < 0 ? text.length : lineEnd + 1, limits, foreign)
  const body = cutBody(data, end.body, lines.headers)
  let fault = lines.fault ?? body.fault
  if (end.body > data.length) fault ??= new SipError('malformed header', 'the empty line behind the headers is missing')
  if (start.startsWith('SIP/')) {
    const response = parseStatusLine(start, lines.headers, body.body, foreign)
    if (fault) throw fault
    return response
  }
  const line = parseRequestLine(start)
  const uri = readText(line.uri, foreign)
  const request = new SipRequest({ ...line, uri, headers: lines.headers, body: body.body })
  fault = line.fault ?? fault
  if (fault) throw new FaultyRequest(request, fault)
  return request
}

/** Where the head ends (its last line break included) and where the body begins; beyond the data = no empty line. */
function headEnd(data: Buffer, from: number): { head: number; body: number } {
  const crlf = data.indexOf('\n\r\n', from, 'latin1')
  const bare = data.indexOf('\n\n', from, 'latin1')
  if (crlf >= 0 && (bare < 0 || crlf < bare)) return { head: crlf + 1, body: crlf + 3 }
  if (bare >= 0) return { head: bare + 1, body: bare + 2 }
  return { head: data.length, body: data.length + 1 }
}

interface RequestLine {
  method: string
  uri: string
  fault: SipError | undefined
}

/** `Method SP Request-URI SP SIP-Version`: single blanks, nothing behind. What ends otherwise than in SIP/x is no SIP. */
function parseRequestLine(line: string): RequestLine {
  const trimmed = trimBlanks(line)
  const lastBlank = trimmed.lastIndexOf(' ')
  const version = trimmed.slice(lastBlank + 1)
  const firstBlank = trimmed.indexOf(' ')
  if (firstBlank < 1 || !version.toUpperCase().startsWith('SIP/')) throw new SipError('not sip', 'it is no SIP message')
  const method = trimmed.slice(0, firstBlank)
  const uri = firstBlank < lastBlank ? trimmed.slice(firstBlank + 1, lastBlank) : ''
  return { method, uri, fault: requestLineFault(line, trimmed, method, uri, version) }
}

function requestLineFault(line: string, trimmed: string, method: string, uri: string, version: string) {
  if (!isToken(method)) return new SipError('malformed start line', 'the method is no token')
  if (version.toUpperCase() !== 'SIP/2.0') return new SipError('unsupported version', 'the version is not SIP/2.0')
  if (line !== trimmed) return new SipError('malformed start line', 'blanks stand around the request line')
  if (uri === '' || uri.includes(' ') || uri.includes('\t')) {
    return new SipError('malformed start line', 'the Request-URI is missing or holds blanks')
  }
  return undefined
}

/** `SIP/2.0 SP Status-Code SP Reason-Phrase`; the second blank may be missing where there is no phrase. */
function parseStatusLine(line: string, headers: Headers, body: Buffer, foreign: Set<string> | undefined): SipResponse {
  if (!line.startsWith('SIP/2.0 ')) throw new SipError('unsupported version', 'the version is not SIP/2.0')
  const status = wholeNumber(line.slice(8, 11), 699)
  if (status === undefined || status < 100 || (line.length > 11 && line.charCodeAt(11) !== 32)) {
    throw new SipError('malformed start line', 'the status code is none')
  }
  return new SipResponse({ status, reason: readText(line.slice(12), foreign), headers, body })
}

interface HeaderLines {
  headers: Headers
  /** The first thing that was wrong; what could be read is in `headers` all the same. */
  fault: SipError | undefined
}

function parseHeaderLines(
  text: string,
  from: number,
  limits: ParserLimits,
  foreign: Set<string> | undefined,
): HeaderLines {
  const names: string[] = []
  const values: string[] = []
  let fault: SipError | undefined
  let at = from
  while (at < text.length) {
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    const stop = end > at && text.charCodeAt(end - 1) === CR ? end - 1 : end
    const first = text.charCodeAt(at)
    if (first === SPACE || first === TAB) {
      const last = values.length - 1
      if (last < 0) fault ??= new SipError('malformed header', 'the first header line is folded')
      else values[last] = joinFolded(values[last] ?? '', trimBlanks(text.slice(at, stop)))
    } else {
      const colon = text.indexOf(':', at)
      let nameEnd = colon
      while (nameEnd > at && isBlankCode(text.charCodeAt(nameEnd - 1))) nameEnd--
      const name = colon < 0 || colon > stop ? '' : text.slice(at, nameEnd)
      const known = knownName(name)
      if (known === undefined && !isToken(name)) {
        fault ??= new SipError('malformed header', 'a header line has no proper name')
        // a fold that follows belongs to the broken line, not to the one before it
        names.push('')
        values.push('')
      } else {
        names.push(known ?? canonicalName(name))
        let valueFrom = colon + 1
        let valueEnd = stop
        while (valueFrom < valueEnd && isBlankCode(text.charCodeAt(valueFrom))) valueFrom++
        while (valueEnd > valueFrom && isBlankCode(text.charCodeAt(valueEnd - 1))) valueEnd--
        values.push(text.slice(valueFrom, valueEnd))
      }
    }
    const length = values[values.length - 1]?.length ?? 0
    if (length > limits.headerLength) fault ??= new SipError('too large', 'a header is too long', { status: 400 })
    if (names.length >= limits.headerLines) {
      fault ??= new SipError('too many headers', 'there are too many headers')
      break
    }
    at = end + 1
  }
  clean(names, values)
  if (foreign) for (const [at, value] of values.entries()) values[at] = readText(value, foreign)
  return { headers: new Headers(names, values, foreign), fault }
}

/**
 * A text of a head that is not UTF-8 as a whole, which was read byte by byte: UTF-8 where this text is, else `foreign`, and
 * read as ISO 8859-1.
 */
function readText(text: string, foreign: Set<string> | undefined): string {
  if (!foreign) return text
  const bytes = Buffer.from(text, 'latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  foreign.add(text)
  return text
}

function joinFolded(before: string, more: string): string {
  return before === '' || more === '' ? before + more : `${before} ${more}`
}

/** Takes broken lines out, and a bare CR, which must never come back in an answer as the end of a line. */
function clean(names: string[], values: string[]): void {
  for (let at = names.length - 1; at >= 0; at--) {
    if (names[at] === '') {
      names.splice(at, 1)
      values.splice(at, 1)
    } else {
      const value = values[at] ?? ''
      if (value.includes('\r')) values[at] = trimBlanks(value.replaceAll('\r', ' '))
    }
  }
}

function cutBody(data: Buffer, from: number, headers: Headers): { body: Buffer; fault: SipError | undefined } {
  const rest = data.subarray(Math.min(from, data.length))
  const text = headers.get('content-length')
  if (text === undefined) return { body: rest, fault: undefined }
  const length = wholeNumber(text, Number.MAX_SAFE_INTEGER)
  if (length === undefined || headers.count('content-length') > 1) {
    const fault = new SipError('malformed header', 'Content-Length is not one whole number', {
      header: 'Content-Length',
    })
    return { body: rest.subarray(0, 0), fault }
  }
  if (length > rest.length) {
    const fault = new SipError('body shorter than Content-Length', 'the body is shorter than Content-Length says')
    return { body: rest, fault }
  }
  return { body: rest.subarray(0, length), fault: undefined }
}

function stripCr(line: string): string {
  return line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line
}

function isBlankCode(code: number): boolean {
  return code === SPACE || code === TAB
}

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
