import { isBlank, isToken, isUriParameter, lowerCase, trimBlanks } from './characters.ts'
import { SipError } from './sip-error.ts'

/** Parameters by lower-case name; `''` is a parameter without a value (`;lr`). Quoted values are without their quotes. */
export type Parameters = ReadonlyMap<string, string>

export const NO_PARAMETERS: Parameters = new Map()

/**
 * Parses `;name=value;flag;name="quoted; value"` from `from` on, as header parameters (RFC 3261 §25.1 generic-param).
 * Blanks around `;` and `=` are allowed. The first of two parameters of one name counts.
 */
export function parseHeaderParameters(text: string, from: number, header: string): Parameters {
  let at = skipBlanks(text, from)
  if (at >= text.length) return NO_PARAMETERS
  const parameters = new Map<string, string>()
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMICOLON) throw malformed(header, 'something follows the value that is no parameter')
    at = skipBlanks(text, at + 1)
    let end = at
    while (end < text.length && !endsName(text.charCodeAt(end))) end++
    const name = text.slice(at, end)
    if (!isToken(name)) throw malformed(header, 'a parameter has no proper name')
    at = skipBlanks(text, end)
    let value = ''
    if (text.charCodeAt(at) === EQUALS) {
      at = skipBlanks(text, at + 1)
      if (text.charCodeAt(at) === QUOTE) {
        const close = endOfQuoted(text, at, header)
        value = unquote(text.slice(at, close))
        at = close
      } else {
        end = at
        while (end < text.length && !endsValue(text.charCodeAt(end))) end++
        value = text.slice(at, end)
        if (value === '') throw malformed(header, `parameter ${name} has no value after its "="`)
        at = end
      }
      at = skipBlanks(text, at)
    }
    const key = lowerCase(name)
    if (!parameters.has(key)) parameters.set(key, value)
  }
  return parameters
}

/** Parses the `;name=value` of a URI (no blanks, no quotes, escapes kept as they are). */
export function parseUriParameters(text: string): Parameters {
  if (text === '') return NO_PARAMETERS
  const parameters = new Map<string, string>()
  let from = 0
  while (from <= text.length) {
    const semicolon = text.indexOf(';', from)
    const end = semicolon < 0 ? text.length : semicolon
    const equals = text.indexOf('=', from)
    const nameEnd = equals < 0 || equals > end ? end : equals
    const name = text.slice(from, nameEnd)
    const value = nameEnd === end ? '' : text.slice(nameEnd + 1, end)
    if (!isUriParameter(name) || (value !== '' && !isUriParameter(value))) {
      throw new SipError('malformed uri', 'a URI has a parameter that is none')
    }
    const key = lowerCase(name)
    if (!parameters.has(key)) parameters.set(key, value)
    from = end + 1
  }
  return parameters
}

/** `;name=value…`, with quotes where a value is not a token, a host or a number. */
export function writeHeaderParameters(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) {
    text += value === '' ? `;${name}` : `;${name}=${isPlainValue(value) ? value : quote(value)}`
  }
  return text
}

export function writeUriParameters(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) text += value === '' ? `;${name}` : `;${name}=${value}`
  return text
}

/** The text as a quoted string, `"` and `\` escaped. */
export function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The content of a quoted string (quotes included in `text`), escapes resolved. */
export function unquote(text: string): string {
  const inside = text.slice(1, -1)
  if (!inside.includes('\\')) return inside
  let content = ''
  for (let at = 0; at < inside.length; at++) {
    if (inside.charCodeAt(at) === BACKSLASH && at + 1 < inside.length) at++
    content += inside[at]
  }
  return content
}

/** The index after the closing quote of the quoted string that opens at `from`. */
export function endOfQuoted(text: string, from: number, header: string): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  throw malformed(header, 'a quoted string does not end')
}

/**
 * Splits a header value at the commas outside of quoted strings, `<…>` and, where asked, comments. Empty members are
 * refused. At most `most` members are looked at.
 */
export function splitList(text: string, header: string, most = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = []
  let from = 0
  let inAngles = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE && !inAngles) at = endOfQuoted(text, at, header) - 1
    else if (code === LESS) inAngles = true
    else if (code === GREATER) inAngles = false
    else if (code === COMMA && !inAngles) {
      parts.push(member(text.slice(from, at), header))
      if (parts.length >= most) throw malformed(header, 'a list is too long')
      from = at + 1
    }
  }
  parts.push(member(text.slice(from), header))
  return parts
}

function member(text: string, header: string): string {
  const trimmed = trimBlanks(text)
  if (trimmed === '') throw malformed(header, 'a list has an empty member')
  return trimmed
}

export function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

export function malformed(header: string, what: string): SipError {
  return new SipError('malformed header', header === '' ? what : `${header}: ${what}`, { header })
}

function isPlainValue(value: string): boolean {
  if (isToken(value)) return true
  for (let at = 0; at < value.length; at++) if (!isHostLike(value.charCodeAt(at))) return false
  return true
}

/** Tokens, and what stands in IPv6 addresses and host:port. */
function isHostLike(code: number): boolean {
  return (
    (code >= 48 && code <= 58) || // 0-9 :
    (code >= 65 && code <= 91) || // A-Z [
    (code >= 97 && code <= 122) ||
    code === 93 || // ]
    code === 45 || // -
    code === 46 || // .
    code === 95 // _
  )
}

function endsName(code: number): boolean {
  return code === SEMICOLON || code === EQUALS || isBlank(code)
}

function endsValue(code: number): boolean {
  return code === SEMICOLON || isBlank(code) || code === QUOTE || code === COMMA
}

const QUOTE = 34
const COMMA = 44
const SEMICOLON = 59
const LESS = 60
const EQUALS = 61
const GREATER = 62
const BACKSLASH = 92
