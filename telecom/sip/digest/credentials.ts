import { isToken, trimBlanks } from '../message/characters.ts'
import { endOfQuoted, malformed, quote, skipBlanks, unquote } from '../message/parameters.ts'

/** The content of an Authorization, Proxy-Authorization, WWW-Authenticate or Proxy-Authenticate header. */
export interface AuthParameters {
  /** In lower case: `digest`. */
  readonly scheme: string
  /** By lower-case name, quotes resolved. The first of two of one name counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Parses `Digest username="alice", cnonce="…", nonce="…"`: parameter by parameter, so that `cnonce` is never taken for
 * `nonce`, whatever their order. A scheme without `name=value` parameters gives none. Throws a `SipError`.
 */
export function parseAuthorization(text: string, header = 'Authorization'): AuthParameters {
  const trimmed = trimBlanks(text)
  let at = 0
  while (at < trimmed.length && trimmed.charCodeAt(at) !== 32 && trimmed.charCodeAt(at) !== 9) at++
  const scheme = trimmed.slice(0, at).toLowerCase()
  if (!isToken(scheme)) throw malformed(header, 'it has no scheme')
  const parameters = new Map<string, string>()
  if (scheme !== 'digest') return { scheme, parameters }
  at = skipBlanks(trimmed, at)
  while (at < trimmed.length) {
    const equals = trimmed.indexOf('=', at)
    const name = equals < 0 ? '' : trimBlanks(trimmed.slice(at, equals)).toLowerCase()
    if (!isToken(name)) throw malformed(header, 'a parameter has no name')
    at = skipBlanks(trimmed, equals + 1)
    let value: string
    if (trimmed.charCodeAt(at) === QUOTE) {
      const close = endOfQuoted(trimmed, at, header)
      value = unquote(trimmed.slice(at, close))
      at = skipBlanks(trimmed, close)
      if (at < trimmed.length && trimmed.charCodeAt(at) !== COMMA) throw malformed(header, 'a comma is missing')
    } else {
      const comma = trimmed.indexOf(',', at)
      const end = comma < 0 ? trimmed.length : comma
      value = trimBlanks(trimmed.slice(at, end))
      at = end
    }
    if (!parameters.has(name)) parameters.set(name, value)
    while (at < trimmed.length && (trimmed.charCodeAt(at) === COMMA || trimmed.charCodeAt(at) === 32)) at++
  }
  return { scheme, parameters }
}

/** Writes a Digest header value; names in `bare` are tokens without quotes. */
export function writeDigest(parameters: ReadonlyMap<string, string>, bare: readonly string[]): string {
  const parts: string[] = []
  for (const [name, value] of parameters) parts.push(`${name}=${bare.includes(name) ? value : quote(value)}`)
  return `Digest ${parts.join(', ')}`
}

const QUOTE = 34
const COMMA = 44
