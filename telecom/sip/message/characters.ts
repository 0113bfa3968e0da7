/**
 * The character classes of RFC 3261 §25.1 as a table of bits, one entry per code unit below 128. What lies above is
 * UTF8-NONASCII and belongs to no class but quoted strings and comments.
 */
const TOKEN = 1
const WORD = 2
const USER = 4
const URI_PARAM = 8
const HOST = 16
const URIC = 32
const DIGIT = 64
const SCHEME = 128

const classes = new Uint8Array(128)

function mark(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0)
    classes[code] = (classes[code] ?? 0) | bits
  }
}

const DIGITS = '0123456789'
const ALPHANUMERIC = `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ${DIGITS}`
mark(ALPHANUMERIC, TOKEN | WORD | USER | URI_PARAM | HOST | URIC | SCHEME)
mark(DIGITS, DIGIT)
mark("-.!%*_+`'~", TOKEN)
mark('-.!%*_+`\'~()<>:\\"/[]?{}@', WORD)
mark("-_.!~*'()&=+$,;?/%", USER)
mark("-_.!~*'()[]/:&+$%", URI_PARAM)
mark('-._', HOST)
mark("-_.!~*'();/?:@&=+$,%[]", URIC)
mark('+-.', SCHEME)

function every(text: string, bit: number): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || ((classes[code] ?? 0) & bit) === 0) return false
  }
  return text.length > 0
}

export function isTokenCode(code: number): boolean {
  return code < 128 && ((classes[code] ?? 0) & TOKEN) !== 0
}

/** `token` (methods, tags, parameter names): at least one character. */
export const isToken = (text: string): boolean => every(text, TOKEN)
/** The parts of a Call-ID, without the `@`. */
export const isWord = (text: string): boolean => every(text, WORD)
/** The user and password of a SIP URI, escapes included (whether they are complete is not looked at). */
export const isUserInfo = (text: string): boolean => every(text, USER)
/** A parameter of a URI, escapes included. */
export const isUriParameter = (text: string): boolean => every(text, URI_PARAM)
/** Letters, digits, `-`, `.` (and `_`, which real domains have). */
export const isHostName = (text: string): boolean => every(text, HOST)
/** What a URI without a grammar of its own may hold. */
export const isUriText = (text: string): boolean => every(text, URIC)
/** Digits only, at least one. */
export const isDigits = (text: string): boolean => every(text, DIGIT)
/** A URI scheme: a letter, then letters, digits, `+`, `-`, `.`. */
export const isScheme = (text: string): boolean =>
  every(text, SCHEME) && !isDigits(text.charAt(0)) && isToken(text.charAt(0))

/** A whole number of at most `digits` digits and at most `most`; `undefined` for anything else (signs, blanks, overflow). */
export function wholeNumber(text: string, most: number): number | undefined {
  if (!isDigits(text)) return undefined
  let at = 0
  while (at < text.length - 1 && text.charCodeAt(at) === 48) at++
  if (text.length - at > 15) return undefined
  const value = Number(text)
  return value <= most ? value : undefined
}

/** Whether the text holds CR, LF or NUL, which would end a header line or a message early. */
export function hasLineBreak(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 13 || code === 10 || code === 0) return true
  }
  return false
}

/** In lower case; text that is so already, as most is, is not copied. */
export function lowerCase(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127 || (code >= 65 && code <= 90)) return text.toLowerCase()
  }
  return text
}

/** Cuts blanks and tabs off both ends. */
export function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
