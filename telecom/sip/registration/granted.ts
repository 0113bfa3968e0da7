import { wholeNumber } from '../message/characters.ts'
import type { Headers } from '../message/headers.ts'
import { type NameAddr, parseNameAddr } from '../message/name-addr.ts'
import { SipError } from '../message/sip-error.ts'

/** No registrar's word is believed for longer. */
const MOST_SECONDS = 86_400
/** Bindings of one answer that are looked at. */
const MOST_CONTACTS = 64

/**
 * For how many seconds a 2xx to a REGISTER keeps our binding (RFC 3261 §10.2.4): what stands at our Contact, told by its user
 * part, or at the only one (a border element may have written it anew), else in Expires, else what we asked for.
 */
export function grantedSeconds(headers: Headers, user: string, askedSeconds: number): number {
  const contacts = contactsOf(headers)
  const ours =
    contacts.find(({ uri }) => uri.kind === 'sip' && uri.user === user) ??
    (contacts.length === 1 ? contacts[0] : undefined)
  return Math.min(
    secondsOf(ours?.parameters.get('expires')) ?? secondsOf(headers.get('expires')) ?? askedSeconds,
    MOST_SECONDS,
  )
}

/** The shortest time that a 423 takes (§20.23); `undefined` where it does not say so, or asks for too long a one. */
export function minExpiresOf(headers: Headers): number | undefined {
  const seconds = secondsOf(headers.get('min-expires'))
  return seconds !== undefined && seconds > 0 && seconds <= MOST_SECONDS ? seconds : undefined
}

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(text.trim(), Number.MAX_SAFE_INTEGER)
}

/** What can be read of the bindings: one broken Contact of somebody else's says nothing about ours. */
function contactsOf(headers: Headers): NameAddr[] {
  try {
    return headers.list('contact', MOST_CONTACTS).map((value) => parseNameAddr(value, 'Contact'))
  } catch (error) {
    if (error instanceof SipError) return []
    throw error
  }
}
