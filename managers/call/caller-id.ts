import type { Carrier } from '#managers/provisioning'
import { registrarRealm } from '#managers/registrar'
import { type Address, isE164 } from '#platform/http'
import { type HeaderInput, readableText, type SipRequest, sipUri, writeNameAddr } from '#telecom/sip'
import { sipCallee } from './callee.ts'
import { writtenFor } from './carrier-number.ts'

const LONGEST_NAME = 255
const NOBODY = writeNameAddr({ displayName: 'Anonymous', uri: 'sip:anonymous@anonymous.invalid' })

/** What a leg of ours says about who calls. */
export interface CallerIdentity {
  from: string
  headers?: HeaderInput
}

/**
 * Who calls, as the callee is told. Of an anonymous caller the telephone network alone learns who it is, so that it can
 * withhold it (RFC 3325): `Privacy: id` and the number as `P-Asserted-Identity`. Inside, and to SIP addresses, nobody is
 * anonymous (`calls.md` §5.3).
 */
export function callerIdentity(
  source: Address,
  destination: Address,
  of: {
    customer_id: string
    base: string
    anonymous: boolean
    /** The carrier that it is said to. */
    writes?: Pick<Carrier, 'number_format' | 'country' | 'assert_identity'>
  },
): CallerIdentity {
  const { writes } = of
  const { target = '' } = source
  const isAnonymous = of.anonymous && destination.type === 'tel'
  const isAsserted = isE164(target) && (isAnonymous || writes?.assert_identity === true)
  const asserted: HeaderInput = isAsserted ? { 'P-Asserted-Identity': `<tel:${target}>` } : {}
  if (isAnonymous) return { from: NOBODY, headers: { Privacy: 'id', ...asserted } }
  const from = writes && source.type === 'tel' ? numberAsFrom(source, of.base, writes) : callerId(source, of)
  return { from, ...(isAsserted ? { headers: asserted } : {}) }
}

/** A number as its carrier writes numbers, as it stands where that cannot be, at our own domain. */
function numberAsFrom(
  { target = '', target_name = '' }: Address,
  base: string,
  writes: Pick<Carrier, 'number_format' | 'country'>,
): string {
  const displayName = readableText(target_name, LONGEST_NAME)
  const user = readableText(writtenFor(target, writes) ?? target, LONGEST_NAME)
  return user === '' ? NOBODY : writeNameAddr({ displayName, uri: sipUri({ user, host: base }) })
}

/** Whether a caller asks not to be shown (RFC 3323 §4.2, RFC 3325 §9.3). */
export function wantsPrivacy({ headers }: Pick<SipRequest, 'headers'>): boolean {
  const words = headers.all('privacy').flatMap((value) => value.toLowerCase().split(/[;,]/))
  return words.some((word) => word.trim() === 'id')
}

/**
 * The From of a leg of ours: whom the callee sees, and whom it would call back. An extension is shown by its number, any
 * other address by its target; the name is the source's `target_name` (an extension's own name where it has one).
 */
export function callerId(source: Address, of: { customer_id: string; base: string }): string {
  const { type = '', target = '', target_name = '', name = '' } = source
  const user = type === 'extension' ? target_name || target : target
  if (user === '') return NOBODY
  const displayName = readableText(type === 'extension' ? name || target_name : target_name, LONGEST_NAME)
  const sip = type === 'sip' ? sipCallee(target) : undefined
  const uri = sip
    ? sipUri({ user: sip.user, host: sip.host, port: sip.port })
    : sipUri({ user: readableText(user, LONGEST_NAME), host: registrarRealm(of.customer_id, of.base) })
  return writeNameAddr({ displayName, uri })
}
