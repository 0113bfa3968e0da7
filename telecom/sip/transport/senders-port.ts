import type { Via } from '../message/via.ts'
import { bareHost } from '../message/via.ts'
import type { RemoteAddress } from './flow.ts'

/**
 * The port to which the response to a request goes (RFC 3261 §18.2.2, RFC 3581 §4) where its sender says it himself, in the
 * request's top Via: one that tells the true address `remote` that it came from, and does not ask for the port of the packet by
 * `rport`. `undefined` for all others: where a sender's own idea of his address is wrong (a NAT, a name) that of his port is too.
 * The address is never the sender's to say: `maddr` and foreign hosts are not followed, so that nobody can point our answers at
 * a third party.
 */
export function sendersPort(via: Via | undefined, remote: RemoteAddress): number | undefined {
  if (!via || via.parameters.has('rport') || bareHost(via.host) !== remote.address) return undefined
  return via.port ?? 5060
}
