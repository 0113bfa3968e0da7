import { type Address, isE164 } from '#platform/http'
import type { SipRequest } from '#telecom/sip'
import { findTelephone, type InsideTarget } from './inside-target.ts'

/**
 * What a PBX dials by its trunk (`calls.md` §8.1): a telephone number in full; anything else is nobody. The number in its
 * From is proposed as the one to show; whether the customer may show it is decided when the leg is made.
 */
export function trunkCallIn(dialled: string, { from }: SipRequest, caller: Address): InsideTarget | undefined {
  const user = from.uri.kind === 'sip' ? from.uri.user : from.uri.kind === 'tel' ? from.uri.number : ''
  const { target_name } = caller
  const shown: Address = { type: 'tel', target: user, ...(target_name ? { target_name } : {}) }
  return findTelephone(dialled, isE164(user) ? shown : undefined)
}
