/** The methods that we act on; what an Allow header says (RFC 3261 §20.5). */
export const ALLOWED_METHODS = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'INFO',
  'UPDATE',
  'PRACK',
  'REFER',
  'REGISTER',
] as const

/** Every method of the IANA registry: those that we do not act on are 405, all others 501. */
const KNOWN: ReadonlySet<string> = new Set([...ALLOWED_METHODS, 'MESSAGE', 'NOTIFY', 'PUBLISH', 'SUBSCRIBE'])

export function isKnownMethod(method: string): boolean {
  return KNOWN.has(method)
}
