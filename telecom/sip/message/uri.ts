import { isIP } from 'node:net'
import { isHostName, isScheme, isUriText, isUserInfo, lowerCase, wholeNumber } from './characters.ts'
import { canonicalAddress } from './ip-address.ts'
import { NO_PARAMETERS, type Parameters, parseUriParameters, writeUriParameters } from './parameters.ts'
import { SipError } from './sip-error.ts'

/** `sip:` or `sips:` (RFC 3261 §19.1). */
export interface SipUri {
  readonly kind: 'sip'
  readonly scheme: 'sip' | 'sips'
  /** Unescaped (a control character stays escaped, so that no NUL or line break comes out); `''` where there is none. */
  readonly user: string
  readonly password: string
  /** In lower case; an IPv6 address keeps its brackets. */
  readonly host: string
  /** `undefined` where the default of the scheme and transport counts. */
  readonly port: number | undefined
  readonly parameters: Parameters
  /** What stands after `?`, as written. */
  readonly headers: string
  /** The whole URI as it was written. */
  readonly text: string
}

/** `tel:` (RFC 3966). */
export interface TelUri {
  readonly kind: 'tel'
  readonly scheme: 'tel'
  /** As written, visual separators included. */
  readonly number: string
  readonly parameters: Parameters
  readonly text: string
}

/** Any other scheme: known to exist, not understood. */
export interface AbsoluteUri {
  readonly kind: 'absolute'
  readonly scheme: string
  readonly text: string
}

export type Uri = SipUri | TelUri | AbsoluteUri

/** Parses a URI of any scheme. Throws a `SipError` (`malformed uri`). */
export function parseUri(text: string): Uri {
  const colon = text.indexOf(':')
  if (colon < 1) throw malformedUri('a URI has no scheme')
  const scheme = lowerCase(text.slice(0, colon))
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text, scheme, colon + 1)
  if (!isScheme(scheme)) throw malformedUri('a URI has no proper scheme')
  const rest = text.slice(colon + 1)
  const fragment = rest.indexOf('#')
  if (!isUriText(fragment < 0 ? rest : rest.slice(0, fragment) + rest.slice(fragment + 1))) {
    throw malformedUri('a URI has a character that it must not have')
  }
  return scheme === 'tel' ? parseTelUri(text, rest) : { kind: 'absolute', scheme, text }
}

function parseSipUri(text: string, scheme: 'sip' | 'sips', from: number): SipUri {
  const question = text.indexOf('?', Math.max(text.lastIndexOf('@'), from))
  const end = question < 0 ? text.length : question
  const headers = question < 0 ? '' : text.slice(question + 1)
  if (headers !== '' && !isUriText(headers)) throw malformedUri('the headers of a URI are malformed')
  // `;` and `?` may stand in the user part, so the last `@` ends it; an escaped one is %40
  const at = text.lastIndexOf('@', end)
  let user = ''
  let password = ''
  if (at >= from) {
    const info = text.slice(from, at)
    const colon = info.indexOf(':')
    const rawUser = colon < 0 ? info : info.slice(0, colon)
    const rawPassword = colon < 0 ? '' : info.slice(colon + 1)
    if (!isUserInfo(rawUser) || (rawPassword !== '' && !isUserInfo(rawPassword))) {
      throw malformedUri('the user part of a URI is malformed')
    }
    user = unescapeUser(rawUser)
    password = rawPassword
  }
  const hostFrom = at >= from ? at + 1 : from
  const semicolon = text.indexOf(';', hostFrom)
  const hostEnd = semicolon < 0 || semicolon > end ? end : semicolon
  const { host, port } = parseHostPort(text.slice(hostFrom, hostEnd))
  const parameters = hostEnd === end ? NO_PARAMETERS : parseUriParameters(text.slice(hostEnd + 1, end))
  return { kind: 'sip', scheme, user, password, host, port, parameters, headers, text }
}

function parseTelUri(text: string, rest: string): TelUri {
  const semicolon = rest.indexOf(';')
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon)
  const from = number.startsWith('+') ? 1 : 0
  let digits = 0
  for (let at = from; at < number.length; at++) {
    const character = number.charAt(at)
    if (TEL_DIGITS.includes(character)) digits++
    else if (!TEL_SEPARATORS.includes(character)) throw malformedUri('a tel URI holds no number')
  }
  if (digits === 0) throw malformedUri('a tel URI holds no number')
  const parameters = semicolon < 0 ? NO_PARAMETERS : parseUriParameters(rest.slice(semicolon + 1))
  return { kind: 'tel', scheme: 'tel', number, parameters, text }
}

const TEL_DIGITS = '0123456789abcdefABCDEF*#'
const TEL_SEPARATORS = '-.()'

/**
 * Parses `host`, `host:port`, `[v6]`, `[v6]:port`. A host is in lower case, and IPv6 as sockets write it: so the same ones are
 * the same text. Throws a `SipError` (`malformed uri`).
 */
export function parseHostPort(text: string): { host: string; port: number | undefined } {
  let hostEnd: number
  let host: string
  if (text.charCodeAt(0) === 91) {
    hostEnd = text.indexOf(']') + 1
    const address = text.slice(1, hostEnd - 1)
    if (isIP(address) !== 6) throw malformedUri('a host is no IPv6 address')
    host = `[${lowerCase(canonicalAddress(address))}]`
  } else {
    const colon = text.indexOf(':')
    hostEnd = colon < 0 ? text.length : colon
    host = lowerCase(text.slice(0, hostEnd))
    if (!isHostName(host)) throw malformedUri('a host is malformed')
  }
  if (hostEnd === text.length) return { host, port: undefined }
  const port = text.charCodeAt(hostEnd) === 58 ? wholeNumber(text.slice(hostEnd + 1), 65_535) : undefined
  if (port === undefined) throw malformedUri('a port is malformed')
  return { host, port }
}

/** Resolves `%41`; escapes that give a control character or no UTF-8 stay as they are. */
function unescapeUser(text: string): string {
  if (!text.includes('%')) return text
  let plain: string
  try {
    plain = decodeURIComponent(text)
  } catch {
    return text
  }
  for (let at = 0; at < plain.length; at++) {
    const code = plain.charCodeAt(at)
    if (code < 32 || code === 127) return text
  }
  return plain
}

/** Escapes what must not stand in the user part of a SIP URI. */
export function escapeUser(user: string): string {
  let text = ''
  for (const character of user) {
    text += character !== '%' && isUserInfo(character) ? character : encodeURIComponent(character)
  }
  return text
}

/** Writes a SIP URI from its parts; user is escaped, the rest must be proper already. Throws a `SipError`. */
export function sipUri(parts: {
  scheme?: 'sip' | 'sips'
  user?: string
  host: string
  port?: number | undefined
  parameters?: Parameters
}): string {
  const host = parts.host.includes(':') && !parts.host.startsWith('[') ? `[${parts.host}]` : parts.host
  const user = parts.user ? `${escapeUser(parts.user)}@` : ''
  const port = parts.port === undefined ? '' : `:${parts.port}`
  const text = `${parts.scheme ?? 'sip'}:${user}${host}${port}${writeUriParameters(parts.parameters ?? NO_PARAMETERS)}`
  parseUri(text)
  return text
}

function malformedUri(what: string): SipError {
  return new SipError('malformed uri', what)
}
