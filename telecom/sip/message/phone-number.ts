import { readable } from './lenient-list.ts'
import { NO_PARAMETERS, type Parameters, parseUriParameters } from './parameters.ts'
import type { Uri } from './uri.ts'

/** Longer than any number that is dialled; E.164 has 15 digits. */
const MOST_DIGITS = 32

const DIGITS = '0123456789'
/** RFC 3966 §3: what may stand in a local number beside digits. */
const LOCAL_DIGITS = `${DIGITS}abcdefABCDEF*#`
const SEPARATORS = '-.()'

/** A telephone number as it stands in a URI (RFC 3966). */
export interface PhoneNumber {
  /** Digits without separators; with `+` where it is a global number. */
  readonly digits: string
  /** Whether it is global (E.164); a local one means something only in its `context`. */
  readonly global: boolean
  /** `phone-context`: where a local number is valid, a domain or the beginning of global numbers. `''` where it is not said. */
  readonly context: string
  /** `ext`, digits only. `''` where there is none. */
  readonly extension: string
  /** RFC 4694: the routing number of a number that was ported, and whether it has been looked for. */
  readonly routingNumber: string
  readonly isPortabilityDone: boolean
  /** Everything that stood behind it, as written. */
  readonly parameters: Parameters
}

/**
 * The number that a URI means: of a `tel` URI, of a SIP URI with `user=phone` (RFC 3261 §19.1.1), and of one whose user part
 * is `+` and digits, because carriers leave the mark out. `undefined` for anything else.
 */
export function phoneNumberOf(uri: Uri): PhoneNumber | undefined {
  if (uri.kind === 'tel') return phoneNumber(uri.number, uri.parameters)
  if (uri.kind !== 'sip') return undefined
  const isMarked = uri.parameters.get('user')?.toLowerCase() === 'phone'
  if (!isMarked && !uri.user.startsWith('+')) return undefined
  const semicolon = uri.user.indexOf(';')
  const number = semicolon < 0 ? uri.user : uri.user.slice(0, semicolon)
  const parameters = semicolon < 0 ? NO_PARAMETERS : readable(() => parseUriParameters(uri.user.slice(semicolon + 1)))
  return parameters && phoneNumber(number, parameters)
}

function phoneNumber(text: string, parameters: Parameters): PhoneNumber | undefined {
  const global = text.startsWith('+')
  const digits = digitsOf(global ? text.slice(1) : text, global ? DIGITS : LOCAL_DIGITS)
  if (digits === undefined) return undefined
  return {
    digits: global ? `+${digits}` : digits,
    global,
    context: parameters.get('phone-context') ?? '',
    extension: digitsOf(parameters.get('ext') ?? '', DIGITS) ?? '',
    routingNumber: parameters.get('rn') ?? '',
    isPortabilityDone: parameters.has('npdi'),
    parameters,
  }
}

/** Without separators; `undefined` where there is no digit, too many, or anything else. */
function digitsOf(text: string, allowed: string): string | undefined {
  let digits = ''
  for (const character of text) {
    if (SEPARATORS.includes(character)) continue
    if (!allowed.includes(character) || digits.length >= MOST_DIGITS) return undefined
    digits += character
  }
  return digits === '' ? undefined : digits
}
