import { type ExtensionCredentials, registrarRealm } from '#managers/registrar'
import { type Address, normaliseAddress } from '#platform/http'
import { readableText, type SipRequest } from '#telecom/sip'

/** Of a caller's display name. */
const LONGEST_NAME = 255
const LONGEST_TARGET = 1_024

/** A phone of the customer that is called is its extension; to others it is a SIP address. */
export function phoneAddress(
  phone: ExtensionCredentials,
  { from }: SipRequest,
  called: { customer_id: string; base: string },
): Address {
  const { extension, extension_id, customer_id } = phone
  if (called.customer_id === customer_id) return { type: 'extension', target: extension_id, target_name: extension }
  const target = `${extension}@${registrarRealm(customer_id, called.base)}`
  return { type: 'sip', target, ...named(from.displayName) }
}

/** The From of a caller who is none of our extensions. */
export function strangerAddress({ from: { uri, displayName } }: SipRequest): Address {
  const target = uri.kind === 'sip' ? `${uri.user}@${uri.host}` : uri.kind === 'tel' ? uri.number : uri.text
  return normaliseAddress({ type: 'sip', target: readableText(target, LONGEST_TARGET), ...named(displayName) })
}

function named(displayName: string): { target_name?: string } {
  const name = readableText(displayName, LONGEST_NAME)
  return name === '' ? {} : { target_name: name }
}
