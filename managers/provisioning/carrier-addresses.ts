import { type BlockList, isIP } from 'node:net'
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
  /** What its host name leads to; `undefined` = nobody could say so far. */
  resolved: ReadonlySet<string> | undefined
}

/** Where every program of the machine is. */
const SHARED_LOOPBACK = '127.0.0.1'

/**
 * Which provider an address belongs to: the addresses and networks that it names, and those of its host. A part of the
 * platform is its own loopback address; on 127.0.0.1 it is its port too, for others are there.
 */
export class CarrierAddresses {
  readonly #known = new Map<string, Known>()

  put(carrier: Carrier): void {
    const before = this.#known.get(carrier.id)
    const isSameHost = before?.carrier.host === carrier.host
    const networks = networkList([...carrier.addresses, bareAddress(carrier)])
    this.#known.set(carrier.id, { carrier, networks, resolved: isSameHost ? before.resolved : undefined })
  }

  remove(id: string): void {
    this.#known.delete(id)
  }

  /** The host of a provider leads to these addresses now; `undefined`: nobody can say. One that has moved is passed over. */
  resolved({ id, host }: Pick<Carrier, 'id' | 'host'>, addresses: Iterable<string> | undefined): void {
    const known = this.#known.get(id)
    if (known?.carrier.host === host)
      this.#known.set(id, { ...known, resolved: addresses === undefined ? undefined : new Set(addresses) })
  }

  at({ address, port }: Source): Carrier | undefined {
    for (const { carrier, networks, resolved } of this.#known.values())
      if (carrier.isInternal) {
        // its connections come from any port: an address that it has for itself says enough
        if (bareAddress(carrier) === address && (carrier.port === port || address !== SHARED_LOOPBACK)) return carrier
      } else if (resolved?.has(address) || isInList(networks, address)) return carrier
    return undefined
  }

  /** Those whose name could not be looked up so far: whoever calls may be one of them. */
  unresolved(): Carrier[] {
    const found: Carrier[] = []
    for (const { carrier, resolved } of this.#known.values())
      if (resolved === undefined && hasName(carrier)) found.push(carrier)
    return found
  }
}

/** Whether a provider is known by a name, which somebody has to look up. */
export function hasName(carrier: Carrier): boolean {
  return !carrier.isInternal && isIP(bareAddress(carrier)) === 0
}

/** Its host, which may be an address, without the brackets of IPv6. */
function bareAddress({ host }: Carrier): string {
  return host.replace(/^\[|\]$/g, '')
}
