import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Listener, RemoteAddress } from './flow.ts'

/** What `os.networkInterfaces` tells of one address. */
interface InterfaceAddress {
  readonly address: string
  readonly cidr: string | null
}

type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>

/**
 * The listener to send from to an address, the first that there is of: the one at `like` (where a dialog lives), one in the
 * network of the address, one that is of this machine alone exactly if the address is: from 127.0.0.1 nothing gets out.
 */
export function listenerFor<One extends Pick<Listener, 'local'>>(
  listeners: readonly One[],
  address: string,
  like?: RemoteAddress,
  interfaces: () => Interfaces = networkInterfaces,
): One | undefined {
  const family = isIP(address)
  const fitting = listeners.filter(({ local }) => isIP(local.address) === family)
  if (fitting.length < 2) return fitting[0]
  const leading = fitting.filter(({ local }) => !isLoopback(local.address) || isLoopback(address))
  const beside = leading.filter(({ local }) => local.address === like?.address)
  const [first] = leading
  return (
    beside.find(({ local }) => local.port === like?.port) ??
    beside[0] ??
    leading.find(({ local }) => isInNetworkOf(local.address, address, interfaces())) ??
    leading.find(({ local }) => isLoopback(local.address) === isLoopback(address)) ??
    first
  )
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function isInNetworkOf(local: string, address: string, interfaces: Interfaces): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  for (const list of Object.values(interfaces)) {
    const [network, bits] = list?.find((one) => one.address === local)?.cidr?.split('/') ?? []
    if (network === undefined || bits === undefined) continue
    const block = new BlockList()
    block.addSubnet(network, Number(bits), family)
    if (block.check(address, family)) return true
  }
  return false
}
