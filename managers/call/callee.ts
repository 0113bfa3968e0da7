import { isShortNumber } from '#managers/provisioning'
import { type Address, isE164, normaliseAddress } from '#platform/http'
import { isUuid } from '#platform/ids'
import { parseUri, SipError, type SipUri } from '#telecom/sip'

/** What is wrong with a member of an address, to be read after its name: `must be …`. */
export interface AddressFault {
  member: 'type' | 'target' | 'target_name'
  issue: string
}

/** Said of a telephone number that is none, and of a short one that is no emergency number here. */
export const NO_NUMBER = 'must be + and 7 to 15 digits'

/** Why an address cannot be called, by its form alone (`calls.md` §2); `undefined` when nothing speaks against it. */
export function faultOfCallee({ type = '', target = '', target_name = '' }: Address): AddressFault | undefined {
  switch (type) {
    case 'tel':
      if (isE164(target) || isShortNumber(target)) return undefined
      return { member: 'target', issue: NO_NUMBER }
    case 'sip':
      return sipCallee(target) ? undefined : { member: 'target', issue: 'must be user@domain' }
    case 'agent':
      return isUuid(target) ? undefined : { member: 'target', issue: 'must be the UUID of an agent' }
    case 'extension':
      if (target_name !== '' || target !== '') return undefined
      return { member: 'target_name', issue: 'must be an extension' }
    default:
      return { member: 'type', issue: 'cannot be called: use tel, sip, extension or agent' }
  }
}

/** The address as it is stored and called: normalised, no empty members. */
export function calleeOf(address: Address): Address {
  const { target_name, ...rest } = normaliseAddress(address)
  const named = { ...rest, ...(target_name === undefined ? {} : { target_name: target_name.trim() }) }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== '' && value !== undefined))
}

/**
 * The URI that a `sip` target names: `user@domain[;params]`, `sip:` in front or not. `undefined` where it is none, or one
 * that is no address of a callee (no user, headers, `sips:`).
 */
export function sipCallee(target: string): SipUri | undefined {
  const text = /^sips?:/i.test(target) ? target : `sip:${target}`
  try {
    const uri = parseUri(text)
    const isCallee = uri.kind === 'sip' && uri.scheme === 'sip' && uri.user !== '' && uri.headers === ''
    return isCallee ? uri : undefined
  } catch (error) {
    if (error instanceof SipError) return undefined
    throw error
  }
}
