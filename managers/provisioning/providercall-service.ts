import type { CallsCreate } from '#managers/call/contract'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { provisioningErrors } from './errors.ts'
import { provisioningEvents } from './events.ts'
import { ProviderStore } from './provider-store.ts'
import type { ProviderCall, ProviderCallCreate } from './providercall-contract.ts'
import { ProviderCallStore } from './providercall-store.ts'

/** Makes calls as `POST /calls` does, through these providers alone and with any source; throws the reasons of calls. */
export type CallThrough = (
  customer: string,
  body: CallsCreate,
  provider_ids: readonly string[],
) => Promise<{ calls: { id: string; flow_id: string }[]; groupcalls: { id: string; flow_id: string }[] }>

export interface ProviderCallServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  callThrough: CallThrough
}

/** Test calls: calls that go through one provider, whatever the routes say. */
export class ProviderCallService {
  readonly #needs: ProviderCallServiceNeeds
  readonly #store: ProviderCallStore
  readonly #providers: ProviderStore

  constructor(needs: ProviderCallServiceNeeds) {
    this.#needs = needs
    this.#store = new ProviderCallStore(needs.db)
    this.#providers = new ProviderStore(needs.db)
  }

  async list(page: PageRequest, filter: { provider_id?: string }): Promise<Page<ProviderCall>> {
    return paginate(await this.#store.list(page, filter), page.size)
  }

  async get(id: string): Promise<ProviderCall> {
    return (await this.#store.find(id)) ?? noProviderCall(id)
  }

  /** For the customer of who asks, who pays for it. */
  async create(customer_id: string, { provider_id: written, ...body }: ProviderCallCreate): Promise<ProviderCall> {
    const provider_id = written.toLowerCase()
    if (!(await this.#providers.find(provider_id))) throw provisioningErrors.PROVIDER_NOT_FOUND({ provider_id })
    const { calls, groupcalls } = await this.#needs.callThrough(customer_id, body, [provider_id])
    const made: ProviderCall = {
      id: this.#needs.ids.uuid(),
      customer_id,
      provider_id,
      flow_id: [...calls, ...groupcalls][0]?.flow_id ?? NIL_UUID,
      source: body.source ?? {},
      destinations: body.destinations,
      anonymous: body.anonymous ?? 'auto',
      call_ids: calls.map(({ id }) => id),
      groupcall_ids: groupcalls.map(({ id }) => id),
      tm_create: timestamp(this.#needs.clock.wallMs()),
      tm_update: null,
      tm_delete: null,
    }
    return this.#needs.db.transaction(async (trx) => {
      await this.#store.insert(trx, made)
      await this.#announce(trx, provisioningEvents.providercall_created(made))
      return made
    })
  }

  /** The calls are not touched. */
  delete(id: string): Promise<ProviderCall> {
    const now = timestamp(this.#needs.clock.wallMs())
    return this.#needs.db.transaction(async (trx) => {
      const deleted = (await this.#store.delete(trx, id, now)) ?? noProviderCall(id)
      await this.#announce(trx, provisioningEvents.providercall_deleted(deleted))
      return deleted
    })
  }

  #announce(trx: AnyTransaction, event: NewEvent): Promise<void> {
    return appendEvents(trx, [event], this.#needs)
  }
}

function noProviderCall(providercall_id: string): never {
  throw provisioningErrors.PROVIDERCALL_NOT_FOUND({ providercall_id })
}
