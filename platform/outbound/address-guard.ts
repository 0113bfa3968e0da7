import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** What the library's table of special ranges calls ordinary, and customers still may not reach. */
const REFUSED: readonly Network[] = [
  '168.63.129.16/32', // the platform channel of Azure's virtual machines, a public address that only they reach
  '3fff::/20', // documentation (RFC 9637)
].map((network) => ipaddr.parseCIDR(network))

/** All of IPv6 that is handed out for use on the Internet (IANA's registry); the rest is reserved. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/**
 * Which addresses a customer may make this machine talk to: global unicast only. Loopback, link-local (with the metadata
 * service of clouds), private, shared (CGNAT), multicast, reserved, documentation, benchmarking, translated and mapped
 * addresses are refused, except in networks that the operator allows.
 */
export class AddressGuard {
  readonly #allowed: readonly Network[]

  /** `allowed`: addresses and networks, e.g. `127.0.0.0/8`, `::1`. Throws where one is neither. */
  constructor(allowed: readonly string[] = []) {
    this.#allowed = allowed.map(parseNetwork)
  }

  /** Whether nothing private is allowed at all. */
  get strict(): boolean {
    return this.#allowed.length === 0
  }

  /** Whether this address (no name) may be connected to. */
  allows(address: string): boolean {
    if (isIP(address) === 0) return false
    const parsed = ipaddr.parse(address)
    if (isIn(parsed, this.#allowed)) return true
    if (parsed instanceof ipaddr.IPv6) {
      if (parsed.isIPv4MappedAddress()) return isIn(parsed.toIPv4Address(), this.#allowed)
      if (!parsed.match(GLOBAL_IPV6)) return false
    }
    return parsed.range() === 'unicast' && !isIn(parsed, REFUSED)
  }
}

function parseNetwork(text: string): Network {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, networks: readonly Network[]): boolean {
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}
