import { type Carrier, type CarrierRoute, carrierUri, destinationsOf } from '#managers/provisioning'
import type { Destination } from '#telecom/sip'
import { writtenFor } from './carrier-number.ts'
import type { Way } from './way.ts'

/** How a URI is resolved; nothing where it leads nowhere. */
export type Resolve = (uri: string) => Promise<readonly Destination[]>

/**
 * The way to a number over a route, to whichever address of the provider answers; none where it cannot be reached, or the
 * number not be written as the provider wants it.
 */
export async function wayOver(
  { route_id, carrier }: CarrierRoute,
  number: string,
  resolve: Resolve,
): Promise<Way | undefined> {
  const written = writtenFor(number, carrier)
  if (written === undefined) return undefined
  const targets = await destinationsOf(carrier, { resolve })
  if (targets.length === 0) return undefined
  const { codecs, tech_headers: headers, credentials } = carrier
  return {
    uri: requestUri(carrier, written),
    via: { targets },
    carrier: { route_id, provider_id: carrier.id, failover_causes: carrier.failover_causes },
    writes: carrier,
    headers,
    ...(codecs.length > 0 ? { codecs } : {}),
    ...(credentials ? { credentials } : {}),
  }
}

/** `sip:{prefix}{number}{postfix}@{host};transport=…` (`calls.md` §5.3). */
function requestUri(carrier: Carrier, written: string): string {
  const { tech_prefix, tech_postfix, user_phone } = carrier
  const user = `${tech_prefix}${written}${tech_postfix}`
  return carrierUri(carrier, user, user_phone ? { user: 'phone' } : {})
}
