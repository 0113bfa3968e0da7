import { type Carrier, type CarrierRoute, carrierUri, destinationsOf } from '#managers/provisioning'
import type { Destination } from '#telecom/sip'
import { writtenFor } from './carrier-number.ts'
import type { Way } from './way.ts'

/** How a URI is resolved; nothing where it leads nowhere. */
export type Resolve = (uri: string) => Promise<readonly Destination[]>

/** The ways to a number over one route: one for each address that the provider's host has. */
export async function waysOver({ route_id, carrier }: CarrierRoute, number: string, resolve: Resolve): Promise<Way[]> {
  const uri = requestUri(carrier, number)
  const found = await destinationsOf(carrier, { resolve })
  const { codecs, tech_headers: headers, credentials } = carrier
  return found.map(({ remote, transport }) => ({
    uri,
    via: { target: remote, transport },
    carrier: { route_id, provider_id: carrier.id, failover_causes: carrier.failover_causes },
    writes: carrier,
    headers,
    ...(codecs.length > 0 ? { codecs } : {}),
    ...(credentials ? { credentials } : {}),
  }))
}

/** `sip:{prefix}{number}{postfix}@{host};transport=…` (`calls.md` §5.3). */
function requestUri(carrier: Carrier, number: string): string {
  const { tech_prefix, tech_postfix, user_phone } = carrier
  const user = `${tech_prefix}${writtenFor(number, carrier)}${tech_postfix}`
  return carrierUri(carrier, user, user_phone ? { user: 'phone' } : {})
}
