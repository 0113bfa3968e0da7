import type { Via } from '../message/via.ts'
import { bareHost } from '../message/via.ts'
import type { RemoteAddress } from './flow.ts'

/**
 * Where a response goes over an unreliable transport (RFC 3261 §18.2.2, RFC 3581 §4). Always to the address that the
 * request came from: `maddr` and foreign hosts are not followed, so that nobody can point our answers at a third party.
 * The port is that of the packet where `rport` asks for it, or where the sender's own idea of his address is wrong
 * anyway (a NAT, a name); a sender that tells its true address gets the answer at the port that it names.
 */
export function responseAddress(via: Via | undefined, remote: RemoteAddress): RemoteAddress {
  if (!via || via.parameters.has('rport') || bareHost(via.host) !== remote.address) return remote
  return { address: remote.address, port: via.port ?? 5060 }
}
