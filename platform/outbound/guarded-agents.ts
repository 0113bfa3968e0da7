import type http from 'node:http'
import type https from 'node:https'
import type { LookupFunction } from 'node:net'
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent'
import type { AddressGuard } from './address-guard.ts'
import { NameNotResolved, type ResolveHost } from './resolve-host.ts'

/** No address of the name may be reached. */
export class AddressBlocked extends Error {
  override name = 'AddressBlocked'
}

/** Connections that are kept for the next request to the same place. */
const MOST_IDLE = 32
const IDLE_MS = 4_000

/**
 * The pools of connections. An address is judged at the moment of connecting, and that very address is connected to, so
 * a name that changes its answer gains nothing. While the operator allows nothing private, `request-filtering-agent`
 * judges each address a second time.
 */
export class GuardedAgents {
  readonly #kept: { http: http.Agent; https: https.Agent }
  readonly #fresh: { http: http.Agent; https: https.Agent }

  constructor(options: { guard: AddressGuard; trust?: string }) {
    const filter = { allowPrivateIPAddress: !options.guard.strict, allowMetaIPAddress: !options.guard.strict }
    const tls: https.AgentOptions = {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(options.trust === undefined ? {} : { ca: options.trust }),
    }
    const kept = { keepAlive: true, maxFreeSockets: MOST_IDLE, timeout: IDLE_MS }
    this.#kept = {
      http: new RequestFilteringHttpAgent({ ...filter, ...kept }),
      https: new RequestFilteringHttpsAgent({ ...filter, ...kept, ...tls }),
    }
    this.#fresh = {
      http: new RequestFilteringHttpAgent({ ...filter, keepAlive: false }),
      https: new RequestFilteringHttpsAgent({ ...filter, keepAlive: false, ...tls }),
    }
  }

  /** The pool for a URL; `fresh` opens a connection of its own. */
  agent(url: URL, fresh: boolean): http.Agent {
    const pools = fresh ? this.#fresh : this.#kept
    return url.protocol === 'https:' ? pools.https : pools.http
  }

  close(): void {
    for (const pools of [this.#kept, this.#fresh]) {
      pools.http.destroy()
      pools.https.destroy()
    }
  }
}

/** The look-up for one connection: resolves the name and gives the addresses that the guard allows. */
export function guardedLookup(guard: AddressGuard, resolve: ResolveHost, signal: AbortSignal): LookupFunction {
  return (host, options, callback) => {
    resolve(host, signal).then(
      (addresses) => {
        const allowed = addresses
          .filter((address) => guard.allows(address))
          .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
        const first = allowed[0]
        if (!first) return callback(new AddressBlocked(`${host} is ${addresses.join(', ')}`), '', 0)
        if (options.all) callback(null, allowed)
        else callback(null, first.address, first.family)
      },
      (error: unknown) =>
        callback(error instanceof NameNotResolved ? error : new NameNotResolved(host, { cause: error }), '', 0),
    )
  }
}
