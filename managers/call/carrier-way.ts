import { isIP } from 'node:net'
import type { Carrier, CarrierRoute } from '#managers/provisioning'
import { type Destination, sipUri } from '#telecom/sip'
import { writtenFor } from './carrier-number.ts'
import type { Way } from './way.ts'

const DEFAULT_PORT = 5060

/** How a URI is resolved; nothing where it leads nowhere. */
export type Resolve = (uri: string) => Promise<readonly Destination[]>

/** The ways to a number over one route: one for each address that the provider's host has. */
export async function waysOver({ route_id, carrier }: CarrierRoute, number: string, resolve: Resolve): Promise<Way[]> {
  const uri = requestUri(carrier, number)
  const found = carrier.isInternal ? addressOf(carrier) : await resolve(uri)
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
  const { host, port, transport, tech_prefix, tech_postfix, user_phone } = carrier
  const parameters = new Map<string, string>()
  if (transport !== 'auto') parameters.set('transport', transport)
  if (user_phone) parameters.set('user', 'phone')
  return sipUri({ user: `${tech_prefix}${writtenFor(number, carrier)}${tech_postfix}`, host, port, parameters })
}

/** Part of the platform: its address is known, whatever may be reached otherwise. */
function addressOf({ host, port = DEFAULT_PORT, transport }: Carrier): Destination[] {
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) === 0) return []
  return [{ remote: { address, port }, transport: transport === 'tcp' ? 'tcp' : 'udp' }]
}
