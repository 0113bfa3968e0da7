import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** What `os.networkInterfaces` tells of one address. */
interface InterfaceAddress {
  readonly address: string
  readonly family: string
}

type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>

/**
 * The addresses to listen on, one socket each: an address stays itself; `0.0.0.0`, `::` and nothing at all become every
 * IPv4, every IPv6, every address of the machine. A socket on a wildcard would answer from an address that the peer did
 * not send to. Link-local IPv6 is left out: it needs a zone that no SIP header can carry.
 */
export function expandHosts(host: string | undefined, interfaces: Interfaces = networkInterfaces()): string[] {
  const wanted = host === undefined || host === '' || host === '*' ? undefined : host
  if (wanted !== undefined && wanted !== '0.0.0.0' && wanted !== '::') return [wanted]
  const addresses: string[] = []
  for (const list of Object.values(interfaces)) {
    for (const { address, family } of list ?? []) {
      const isV6 = family === 'IPv6'
      if (isV6 && isLinkLocal(address)) continue
      if ((wanted === '0.0.0.0' && isV6) || (wanted === '::' && !isV6)) continue
      if (!addresses.includes(address)) addresses.push(address)
    }
  }
  return addresses
}

/** What a listener says about itself where `given` is our address outside: an address of the other family is not its own. */
export function advertisedOn(host: string, given: string | undefined): { host: string } | undefined {
  if (given === undefined) return undefined
  const family = isIP(given)
  return family === 0 || family === isIP(host) ? { host: given } : undefined
}

/** fe80::/10 */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address)
}

/** An address as it stands in a URI: IPv6 in brackets. */
export function uriHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

/** Only addresses reach a socket. Told at once, so that a datagram has left before the socket may be closed; no resolver. */
export function addressesOnly(
  host: string,
  _options: object,
  found: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  const family = isIP(host)
  found(family === 0 ? new Error('the host is no address') : null, host, family)
}
