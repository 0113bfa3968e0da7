import { BlockList, isIP } from 'node:net'

interface Network {
  address: string
  bits: number
  family: 'ipv4' | 'ipv6'
}

/** The widest networks that a carrier's calls may come from: wider ones are a mistake that lets everybody in. */
const FEWEST_BITS = { ipv4: 8, ipv6: 16 }

/** Reads an address or a network (`192.0.2.0/24`); `undefined` where it is none, or too wide. */
export function readNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.trim().split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return undefined
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const most = version === 4 ? 32 : 128
  if (length === undefined) return { address, bits: most, family }
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1
  return bits >= FEWEST_BITS[family] && bits <= most ? { address, bits, family } : undefined
}

/** Addresses and networks of this list; entries that are neither are passed over. */
export function networkList(texts: Iterable<string>): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const network = readNetwork(text)
    if (network) list.addSubnet(network.address, network.bits, network.family)
  }
  return list
}

export function isInList(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}
