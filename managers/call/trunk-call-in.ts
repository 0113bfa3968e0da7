import { type Address, isE164 } from '#platform/http'
import type { SipRequest } from '#telecom/sip'
import type { InsideCallees } from './call-planner.ts'
import { findTelephone, type InsideTarget } from './inside-target.ts'

interface TrunkCall {
  callees: Pick<InsideCallees, 'emergency'>
  customer_id: string
  dialled: string
  caller: Address
}

/**
 * What a PBX dials by its trunk (`calls.md` §8.1): a telephone number in full or an emergency number; anything else is nobody. The number in its
 * From is proposed as the one to show; whether the customer may show it is decided when the leg is made.
 */
export function trunkCallIn(
  { callees, customer_id, dialled, caller }: TrunkCall,
  { from }: SipRequest,
): InsideTarget | undefined {
  const user = from.uri.kind === 'sip' ? from.uri.user : from.uri.kind === 'tel' ? from.uri.number : ''
  const { target_name } = caller
  const shown: Address = { type: 'tel', target: user, ...(target_name ? { target_name } : {}) }
  return findTelephone(callees, customer_id, dialled, isE164(user) ? shown : undefined)
}
