import { isTokenCode } from './characters.ts'
import {
  endOfQuoted,
  malformed,
  type Parameters,
  parseHeaderParameters,
  quote,
  skipBlanks,
  unquote,
  writeHeaderParameters,
} from './parameters.ts'
import { SipError } from './sip-error.ts'
import { parseUri, type Uri } from './uri.ts'

/** One value of From, To, Contact, Route, Record-Route, Refer-To …: a name-addr or a bare addr-spec, with parameters. */
export interface NameAddr {
  /** Without quotes, escapes resolved; `''` where there is none. */
  readonly displayName: string
  readonly uri: Uri
  /** The header's parameters (`tag`, `expires`, `q`), not those of the URI. */
  readonly parameters: Parameters
}

/** Parses one value (not a comma list). Throws a `SipError`. */
export function parseNameAddr(text: string, header: string): NameAddr {
  let at = skipBlanks(text, 0)
  let displayName = ''
  if (text.charCodeAt(at) === 34) {
    const close = endOfQuoted(text, at, header)
    displayName = unquote(text.slice(at, close))
    at = skipBlanks(text, close)
    if (text.charCodeAt(at) !== 60) throw malformed(header, 'a display name has no <URI> behind it')
  } else if (text.charCodeAt(at) !== 60) {
    const angle = text.indexOf('<', at)
    if (angle < 0) return parseBareAddress(text, at, header)
    displayName = tokens(text.slice(at, angle), header)
    at = angle
  }
  const close = text.indexOf('>', at)
  if (close < 0) throw malformed(header, 'a "<" has no ">"')
  const uri = uriOf(text.slice(at + 1, close), header)
  return { displayName, uri, parameters: parseHeaderParameters(text, close + 1, header) }
}

/** §20: without `<>` every parameter belongs to the header, and the URI may hold no comma, question mark or semicolon. */
function parseBareAddress(text: string, from: number, header: string): NameAddr {
  const semicolon = text.indexOf(';', from)
  let end = semicolon < 0 ? text.length : semicolon
  while (end > from && (text.charCodeAt(end - 1) === 32 || text.charCodeAt(end - 1) === 9)) end--
  const spec = text.slice(from, end)
  if (spec.includes('?') || spec.includes(',')) throw malformed(header, 'a URI with "?" or "," must stand in <>')
  return { displayName: '', uri: uriOf(spec, header), parameters: parseHeaderParameters(text, end, header) }
}

function uriOf(text: string, header: string): Uri {
  try {
    return parseUri(text)
  } catch (error) {
    if (error instanceof SipError) throw malformed(header, error.message)
    throw error
  }
}

/** An unquoted display name: tokens with blanks between them. */
function tokens(text: string, header: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 32 || text.charCodeAt(end - 1) === 9)) end--
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    if (!isTokenCode(code) && code !== 32 && code !== 9) {
      throw malformed(header, 'an unquoted display name has a character that needs quotes')
    }
  }
  return text.slice(0, end)
}

/** Writes a name-addr: display name quoted, URI in `<>`, parameters behind. */
export function writeNameAddr(address: { displayName?: string; uri: string; parameters?: Parameters }): string {
  const name = address.displayName ? `${quote(address.displayName)} ` : ''
  return `${name}<${address.uri}>${address.parameters ? writeHeaderParameters(address.parameters) : ''}`
}
