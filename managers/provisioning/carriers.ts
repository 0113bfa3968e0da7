import type { Bus, Subscription } from '#platform/bus'
import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import type { SecretBox } from '#platform/secrets'
import type { Clock, Timer } from '#platform/time'
import { type Carrier, type CarrierRoute, carrierOf } from './carrier.ts'
import { CarrierAddresses } from './carrier-addresses.ts'
import type { ProviderRecord } from './provider.ts'
import { ProviderStore } from './provider-store.ts'
import { BEGINNING, type RevisionCursor } from './revision.ts'
import { isShortNumber } from './route.ts'
import { RouteStore } from './route-store.ts'
import { RouteTable } from './route-table.ts'

/** Said on the bus when providers or routes have changed; what is said may be lost. */
export const PROVISIONING_CHANGED = 'provisioning.changed'

export interface CarriersNeeds {
  db: Database
  bus: Bus
  clock: Clock
  log: Log
  secrets: Pick<SecretBox, 'open'>
}

/** How often is looked for changes that nobody told of. */
const POLL_MS = 5_000
/** How long a call waits for a change that is being read. */
const PATIENCE_MS = 1_000
/** Rows that are read at once: reading them takes the event loop a millisecond or two. */
const SLICE = 100

/**
 * Providers and routes in memory, so that a call waits for no database to find its way. It follows the rows by their
 * revision: a change is there as soon as the bus tells of it, at the latest after five seconds.
 */
export class Carriers {
  readonly #needs: CarriersNeeds
  readonly #providers: ProviderStore
  readonly #routes: RouteStore
  readonly #table = new RouteTable()
  readonly #carriers = new Map<string, Carrier>()
  readonly #addresses = new CarrierAddresses()
  readonly #listeners = new Set<() => void>()
  #seen = { providers: BEGINNING, routes: BEGINNING }
  #following: Promise<void> | undefined
  #isStale = false
  #poke: Subscription | undefined
  #timer: Timer | undefined
  #isStopped = false

  constructor(needs: CarriersNeeds) {
    this.#needs = needs
    this.#providers = new ProviderStore(needs.db)
    this.#routes = new RouteStore(needs.db)
  }

  /** Reads everything; resolves when a call can find its way. */
  async start(): Promise<void> {
    this.#poke = this.#needs.bus.subscribe(PROVISIONING_CHANGED, () => void this.refresh())
    await this.refresh()
    this.#poll()
  }

  stop(): void {
    this.#isStopped = true
    this.#poke?.unsubscribe()
    this.#timer?.cancel()
  }

  /** Reads what has changed since; resolves when it counts. A database that is away is asked again later. */
  refresh(): Promise<void> {
    this.#isStale = true
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined
    })
    return this.#following
  }

  /**
   * Resolves when changes that were told of count: at once unless they are being read, and after a second whatever happens. So
   * that who makes a route and calls at once calls over it.
   */
  async current(): Promise<void> {
    if (!this.#following) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = this.#needs.clock.after(PATIENCE_MS, resolve)
    await Promise.race([this.#following, promise])
    late.cancel()
  }

  /** Calls `heard` after each change. */
  onChanged(heard: () => void): void {
    this.#listeners.add(heard)
  }

  /** Every provider that there is. */
  all(): Iterable<Carrier> {
    return this.#carriers.values()
  }

  find(provider_id: string): Carrier | undefined {
    return this.#carriers.get(provider_id)
  }

  /** Whose calls come from this address. */
  at(source: { address: string; port: number }): Carrier | undefined {
    return this.#addresses.at(source)
  }

  /** The host of a provider leads to these addresses now; `undefined`: nobody can say. */
  resolved(carrier: Carrier, addresses: Iterable<string> | undefined): void {
    this.#addresses.resolved(carrier, addresses)
  }

  /** Providers whose name could not be looked up so far: a call from an address that nobody has may be theirs. */
  unresolved(): Carrier[] {
    return this.#addresses.unresolved()
  }

  /**
   * The ways for a number of a customer in the order in which they are tried, each provider once; with `forced` these
   * providers in this order and no others. Unhealthy providers are left out while others remain.
   */
  select(customer: string, number: string, forced?: readonly string[]): CarrierRoute[] {
    if (forced) return forced.flatMap((id) => this.#way(id, id))
    const chosen = new Map<string, CarrierRoute>()
    for (const { id, provider_id } of this.#table.of(customer, number)) {
      if (chosen.has(provider_id)) continue
      for (const way of this.#way(id, provider_id)) chosen.set(provider_id, way)
    }
    const all = [...chosen.values()]
    const healthy = all.filter(({ carrier }) => carrier.isHealthy)
    return healthy.length > 0 ? healthy : all
  }

  /** Whether a route makes this short number one of the emergency services for the customer. */
  servesEmergency(customer: string, number: string): boolean {
    if (!isShortNumber(number)) return false
    for (const _ of this.#table.of(customer, number)) return true
    return false
  }

  #way(route_id: string, provider_id: string): CarrierRoute[] {
    const carrier = this.#carriers.get(provider_id)
    return carrier ? [{ route_id, carrier }] : []
  }

  async #follow(): Promise<void> {
    try {
      while (this.#isStale && !this.#isStopped) {
        this.#isStale = false
        const changed = [await this.#followProviders(), await this.#followRoutes()]
        if (changed.includes(true)) for (const heard of this.#listeners) heard()
      }
    } catch (error) {
      this.#needs.log.warn({ error }, 'providers and routes could not be read')
    }
  }

  async #followProviders(): Promise<boolean> {
    return this.#slices(
      (most) => this.#providers.changedSince(this.#seen.providers, most),
      (provider) => {
        this.#seen.providers = cursorOf(provider)
        this.#take(provider)
      },
    )
  }

  async #followRoutes(): Promise<boolean> {
    return this.#slices(
      (most) => this.#routes.changedSince(this.#seen.routes, most),
      (route) => {
        this.#seen.routes = cursorOf(route)
        if (route.tm_delete === null) this.#table.put(route)
        else this.#table.remove(route.id)
      },
    )
  }

  async #slices<Row>(read: (most: number) => Promise<Row[]>, take: (row: Row) => void): Promise<boolean> {
    let any = false
    for (let rows = await read(SLICE); rows.length > 0; rows = await read(SLICE)) {
      any = true
      for (const row of rows) take(row)
      if (rows.length < SLICE || this.#isStopped) break
    }
    return any
  }

  #take(provider: ProviderRecord): void {
    const { secrets, log } = this.#needs
    const open = (sealed: string, owner: string) => {
      const password = secrets.open(sealed, owner)
      if (password === undefined) log.error({ provider_id: owner }, 'the password of a provider cannot be decrypted')
      return password
    }
    const carrier = provider.tm_delete === null ? carrierOf(provider, open) : undefined
    if (carrier) {
      this.#carriers.set(provider.id, carrier)
      this.#addresses.put(carrier)
    } else {
      this.#carriers.delete(provider.id)
      this.#addresses.remove(provider.id)
    }
  }

  #poll(): void {
    this.#timer = this.#needs.clock.after(POLL_MS, () => {
      void this.refresh().then(() => {
        if (!this.#isStopped) this.#poll()
      })
    })
  }
}

function cursorOf({ revision, id }: RevisionCursor): RevisionCursor {
  return { revision, id }
}
