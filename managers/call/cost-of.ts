import { type CallCost, costOfCall, SYSTEM_CUSTOMER_ID } from '#managers/billing'
import type { Call } from './call.ts'
import { isEmergency } from './emergency.ts'

/**
 * What a call costs (`billing.md` §4.1); `undefined` where it costs nothing: inside, to the emergency services, and of the
 * platform's own customer, which is never billed.
 */
export function costOf(call: Pick<Call, 'customer_id' | 'direction' | 'source' | 'destination'>): CallCost | undefined {
  const { customer_id, direction, source, destination } = call
  if (customer_id === SYSTEM_CUSTOMER_ID || isEmergency(destination)) return undefined
  const cost = costOfCall({
    direction,
    source: { type: source.type ?? '', target: source.target ?? '' },
    destination: { type: destination.type ?? '', target: destination.target ?? '' },
  })
  return cost === 'call_extension' || cost === 'call_direct_ext' ? undefined : cost
}
