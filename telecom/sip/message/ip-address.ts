import { isIPv6, SocketAddress } from 'node:net'

/** An address as sockets report it (RFC 5952): IPv6 may be written in many ways. Any other text as it is. */
export function canonicalAddress(text: string): string {
  // a zone stays, which SIP cannot carry and sockets need
  return isIPv6(text) && !text.includes('%') ? new SocketAddress({ address: text, family: 'ipv6' }).address : text
}
