import type { BlockList } from 'node:net'
import type { Carrier } from './carrier.ts'
import { isInList, networkList } from './networks.ts'

/** Where a request came from. */
interface Source {
  address: string
  port: number
}

interface Known {
  carrier: Carrier
  networks: BlockList
  /** What its host name led to when it was last asked. */
  resolved: ReadonlySet<string>
}

/**
 * Which provider an address belongs to: the addresses and networks that it names, and those of its host. A part of the
 * platform is its address and port, for others are on the same machine.
 */
export class CarrierAddresses {
  readonly #known = new Map<string, Known>()

  put(carrier: Carrier): void {
    const before = this.#known.get(carrier.id)
    const isSameHost = before?.carrier.host === carrier.host
    const networks = networkList([...carrier.addresses, bareAddress(carrier)])
    this.#known.set(carrier.id, { carrier, networks, resolved: isSameHost ? before.resolved : new Set() })
  }

  remove(id: string): void {
    this.#known.delete(id)
  }

  /** The host of a provider leads to these addresses now. */
  resolved(id: string, addresses: Iterable<string>): void {
    const known = this.#known.get(id)
    if (known) this.#known.set(id, { ...known, resolved: new Set(addresses) })
  }

  at({ address, port }: Source): Carrier | undefined {
    for (const { carrier, networks, resolved } of this.#known.values())
      if (carrier.isInternal) {
        if (bareAddress(carrier) === address && carrier.port === port) return carrier
      } else if (resolved.has(address) || isInList(networks, address)) return carrier
    return undefined
  }
}

/** Its host, which may be an address, without the brackets of IPv6. */
function bareAddress({ host }: Carrier): string {
  return host.replace(/^\[|\]$/g, '')
}
