import { BlockList, isIP } from 'node:net'
import { canonicalAddress } from '../message/ip-address.ts'
import type { SipRequest } from '../message/message.ts'
import { bareHost } from '../message/via.ts'
import type { RemoteAddress } from './flow.ts'

/** The addresses and networks of our own edges (`192.0.2.4`, `10.0.0.0/8`). Throws for a text that is neither. */
export function edgeList(edges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const edge of edges) {
    const [address = '', prefix] = edge.split('/')
    const version = isIP(address)
    const length = prefix === undefined ? undefined : Number(prefix)
    if (
      version === 0 ||
      (length !== undefined && !(Number.isInteger(length) && length >= 0 && length <= (version === 4 ? 32 : 128)))
    ) {
      throw new Error(`a trusted edge is no address or network: ${edge}`)
    }
    const family = version === 4 ? 'ipv4' : 'ipv6'
    if (length === undefined) list.addAddress(address, family)
    else list.addSubnet(address, length, family)
  }
  return list
}

/**
 * The one place that says where a request comes from: the address of its packets, unless that is one of our edges; then
 * what the edge wrote into the Via below its own, and so on through a chain of edges. Header fields that anybody can
 * write (X-Forwarded-For and its kind) are never believed.
 */
export function trueSource(request: SipRequest, remote: RemoteAddress, edges: BlockList): RemoteAddress {
  let source = remote
  const { vias } = request
  for (let hop = 1; hop < vias.length && isListed(edges, source.address); hop++) {
    const via = vias[hop]
    if (!via) break
    const address = canonicalAddress(via.parameters.get('received') ?? bareHost(via.host))
    if (isIP(address) === 0) break // a name proves nothing; the edge is as far as we know
    source = { address, port: Number(via.parameters.get('rport')) || via.port || 5060 }
  }
  return source
}

export function isListed(edges: BlockList, address: string): boolean {
  return edges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
