import { ROUTING_CUSTOMER_ID } from '#managers/customer'
import { customerErrors } from '#managers/customer/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { provisioningErrors } from './errors.ts'
import { provisioningEvents } from './events.ts'
import { ProviderStore } from './provider-store.ts'
import { nextRevision } from './revision.ts'
import { kindOfTarget, presentRoute } from './route.ts'
import type { ProviderRoute, RouteChange, RouteCreate } from './route-contract.ts'
import { type RouteRecord, RouteStore } from './route-store.ts'

export interface RouteServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  customers: { find(id: string): Promise<{ status: string } | undefined> }
  /** Hears of each change, once it is committed. */
  onChanged?: () => void
}

/** Routes: which providers a customer's calls leave by, and in which order. */
export class RouteService {
  readonly #needs: RouteServiceNeeds
  readonly #store: RouteStore
  readonly #providers: ProviderStore

  constructor(needs: RouteServiceNeeds) {
    this.#needs = needs
    this.#store = new RouteStore(needs.db)
    this.#providers = new ProviderStore(needs.db)
  }

  async list(page: PageRequest, filter: { customer_id?: string }): Promise<Page<ProviderRoute>> {
    const { result, next_page_token } = paginate(await this.#store.list(page, filter), page.size)
    return { result: result.map(presentRoute), next_page_token }
  }

  async get(id: string): Promise<ProviderRoute> {
    return presentRoute((await this.#store.find(id)) ?? noRoute(id))
  }

  /** For a customer that lives, or everybody; through a provider that lives. */
  async create(body: RouteCreate): Promise<ProviderRoute> {
    refuseTarget(body.target)
    const customer_id = body.customer_id.toLowerCase()
    await this.#refuseUnknown(customer_id)
    const route = await this.#needs.db.transaction(async (trx) => {
      const made: RouteRecord = {
        id: this.#needs.ids.uuid(),
        customer_id,
        ...(await this.#fieldsOf(trx, body)),
        revision: await nextRevision(trx),
        tm_create: this.#now(),
        tm_update: null,
        tm_delete: null,
      }
      await this.#store.insert(trx, made)
      await this.#announce(trx, [provisioningEvents.route_created(made)])
      return made
    })
    this.#needs.onChanged?.()
    return presentRoute(route)
  }

  update(id: string, body: RouteChange): Promise<ProviderRoute> {
    refuseTarget(body.target)
    return this.#change(id, provisioningEvents.route_updated, (trx) => this.#fieldsOf(trx, body))
  }

  delete(id: string): Promise<ProviderRoute> {
    return this.#change(id, provisioningEvents.route_deleted, async () => ({ tm_delete: this.#now() }))
  }

  /** Deletes the routes of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const revision = await nextRevision(trx)
    const deleted = await this.#store.deleteAllOf(trx, customer, { revision, now: this.#now() })
    await this.#announce(trx, deleted.map(provisioningEvents.route_deleted))
  }

  async #change(
    id: string,
    event: (route: RouteRecord) => NewEvent,
    changeOf: (trx: AnyTransaction) => Promise<Partial<RouteRecord>>,
  ): Promise<ProviderRoute> {
    if (!(await this.#store.find(id))) noRoute(id)
    const route = await this.#needs.db.transaction(async (trx) => {
      const change = await changeOf(trx)
      const stamped = { ...change, tm_update: this.#now(), revision: await nextRevision(trx) }
      const changed = (await this.#store.update(trx, id, stamped)) ?? noRoute(id)
      await this.#announce(trx, [event(changed)])
      return changed
    })
    this.#needs.onChanged?.()
    return presentRoute(route)
  }

  async #fieldsOf(
    trx: AnyTransaction,
    { name, detail, priority, target, cost = 0, provider_id: written }: RouteChange,
  ) {
    const provider_id = written.toLowerCase()
    if (!(await this.#providers.hold(trx, provider_id))) throw provisioningErrors.PROVIDER_NOT_FOUND({ provider_id })
    return { name, detail, priority, target, cost, provider_id }
  }

  async #refuseUnknown(customer_id: string): Promise<void> {
    if (customer_id === ROUTING_CUSTOMER_ID) return
    const found = await this.#needs.customers.find(customer_id)
    if (!found || found.status === 'deleted') throw customerErrors.CUSTOMER_NOT_FOUND({ customer_id })
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

function refuseTarget(target: string): void {
  if (kindOfTarget(target)) return
  const issue = 'must be all, + and up to 15 digits, or an emergency number'
  throw apiErrors.INVALID_ARGUMENT({ field: 'target', issue })
}

function noRoute(route_id: string): never {
  throw provisioningErrors.ROUTE_NOT_FOUND({ route_id })
}
