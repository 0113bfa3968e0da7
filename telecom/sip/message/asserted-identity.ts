import { readableAddresses } from './lenient-list.ts'
import type { SipMessage } from './message.ts'
import type { SipUri, TelUri } from './uri.ts'

/** RFC 3325 §9.1: a SIP identity, a telephone number, or one of each. */
const MOST_IDENTITIES = 2
const MOST_PRIVACY_VALUES = 8

/** Who a trusted neighbour says that the other side is. Whether he is to be believed is for the reader to know. */
export interface AssertedIdentity {
  readonly sip: { readonly uri: SipUri; readonly displayName: string } | undefined
  readonly tel: { readonly uri: TelUri; readonly displayName: string } | undefined
}

/** P-Asserted-Identity (RFC 3325 §9.1); what cannot be read of it is not there. */
export function assertedIdentity(message: SipMessage): AssertedIdentity {
  let sip: AssertedIdentity['sip']
  let tel: AssertedIdentity['tel']
  for (const { uri, displayName } of readableAddresses(message, 'p-asserted-identity', MOST_IDENTITIES)) {
    if (uri.kind === 'sip') sip ??= { uri, displayName }
    else if (uri.kind === 'tel') tel ??= { uri, displayName }
  }
  return { sip, tel }
}

/** What of the sender's identity is to be withheld from the other side (RFC 3323 §4.2, RFC 3325 §9.3), in lower case. */
export function privacyOf(message: SipMessage): ReadonlySet<string> {
  const values = message.headers.all('privacy').flatMap((line) => line.split(';', MOST_PRIVACY_VALUES))
  const wanted = values.map((value) => value.trim().toLowerCase()).filter((value) => value !== '')
  return new Set(wanted.slice(0, MOST_PRIVACY_VALUES))
}
