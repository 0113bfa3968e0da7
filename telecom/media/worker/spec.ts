import { isIPv6, SocketAddress } from 'node:net'
import type { EndpointSpec } from '../wanted-media.ts'

/** An address as sockets report it: IPv6 may be written in many ways. */
export function canonical(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

/** Keys are taken under either number: some phones send with the one that they were offered. */
export function telephoneEvents(spec: EndpointSpec): number[] {
  const { telephoneEventReceive: receive, telephoneEventSend: send } = spec
  if (receive === null) return []
  return send === null || send === spec.payloadTypeReceive ? [receive] : [receive, send]
}

export function sameRemote(a: EndpointSpec['remote'], b: EndpointSpec['remote']): boolean {
  return a === b || (a !== null && b !== null && a.address === b.address && a.port === b.port)
}
