/** A key press as a SIP INFO brings it. */
export interface InfoDigit {
  digit: string
  /** Milliseconds; 0 where the message does not say. */
  durationMs: number
}

/** The body types that carry a key press. */
export const DIGIT_TYPES = ['application/dtmf-relay', 'application/dtmf']

const DIGIT = /^[0-9A-Da-d*#]$/
const LONGEST_MS = 10_000

/**
 * Reads the body of an INFO: `application/dtmf-relay` (`Signal=5`, `Duration=160`; event numbers 10 to 15 for `* # A-D`
 * too) or `application/dtmf` (the bare digit). `undefined` where there is no key in it (a hook flash, nonsense).
 */
export function readInfoDigit(type: string, body: string): InfoDigit | undefined {
  return type === 'application/dtmf' ? readBare(body) : readRelay(body)
}

function readBare(body: string): InfoDigit | undefined {
  const text = body.trim()
  if (/signal\s*=/i.test(text)) return readRelay(body)
  return DIGIT.test(text) ? { digit: text.toUpperCase(), durationMs: 0 } : undefined
}

function readRelay(body: string): InfoDigit | undefined {
  let digit: string | undefined
  let durationMs = 0
  for (const line of body.split(/\r\n|\r|\n/, 20)) {
    const equals = line.indexOf('=')
    if (equals < 0) continue
    const name = line.slice(0, equals).trim().toLowerCase()
    const value = line.slice(equals + 1).trim()
    if (name === 'signal') digit ??= digitOf(value)
    if (name === 'duration' && /^\d{1,6}$/.test(value)) durationMs = Math.min(Number(value), LONGEST_MS)
  }
  return digit === undefined ? undefined : { digit, durationMs }
}

function digitOf(value: string): string | undefined {
  if (DIGIT.test(value)) return value.toUpperCase()
  const event = /^1[0-5]$/.test(value) ? Number(value) - 10 : -1
  return ['*', '#', 'A', 'B', 'C', 'D'][event]
}
