import { isIP } from 'node:net'
import { type Destination, type SipStackDoor, sipUri } from '#telecom/sip'
import type { Carrier } from './carrier.ts'

/** What is asked of the SIP stack about a provider. */
export type CarrierSip = Pick<SipStackDoor, 'ask' | 'resolve'>

const DEFAULT_PORT = 5060

/** A URI at a provider: its host and port, and the transport where it is not left to the DNS. */
export function carrierUri(
  { host, port, transport }: Pick<Carrier, 'host' | 'port' | 'transport'>,
  user = '',
  more: Readonly<Record<string, string>> = {},
): string {
  const parameters = new Map<string, string>()
  if (transport !== 'auto') parameters.set('transport', transport)
  for (const [name, value] of Object.entries(more)) parameters.set(name, value)
  return sipUri({ user, host, port, parameters })
}

/**
 * Where a provider is: what its host leads to, as far as it may be reached. One that is part of the platform is where it says,
 * whatever may be reached otherwise.
 */
export async function destinationsOf(
  carrier: Carrier,
  sip: Pick<CarrierSip, 'resolve'>,
): Promise<readonly Destination[]> {
  if (!carrier.isInternal) return sip.resolve(carrierUri(carrier))
  const address = carrier.host.replace(/^\[|\]$/g, '')
  if (isIP(address) === 0) return []
  const { port = DEFAULT_PORT, transport } = carrier
  return [{ remote: { address, port }, transport: transport === 'tcp' ? 'tcp' : 'udp', isInside: true }]
}
