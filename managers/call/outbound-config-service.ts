import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { callErrors } from './errors.ts'
import { newOutboundConfig, type OutboundConfig, readCodecList, readWhitelist } from './outbound-config.ts'
import type { OutboundConfigUpdate } from './outbound-config-contract.ts'
import { outboundConfigEvents } from './outbound-config-events.ts'
import { OutboundConfigStore } from './outbound-config-store.ts'

export interface OutboundConfigNeeds {
  db: Database
  clock: Clock
  ids: Ids
  numbers: { find(customer: string, id: string): Promise<{ type: string; status: string } | undefined> }
  customers: { get(customer: string): Promise<unknown> }
}

/** What customers may call in the telephone network, by themselves and by super admins. */
export class OutboundConfigService {
  readonly #needs: OutboundConfigNeeds
  readonly #store: OutboundConfigStore

  constructor(needs: OutboundConfigNeeds) {
    this.#needs = needs
    this.#store = new OutboundConfigStore(needs.db)
  }

  /** The customer's own; `undefined` where it has none. */
  find(customer: string): Promise<OutboundConfig | undefined> {
    return this.#store.find(customer)
  }

  async getOwn(customer: string): Promise<OutboundConfig> {
    return (await this.#store.find(customer)) ?? noConfig()
  }

  /** Changes the customer's own. The next call is checked by it. */
  async updateOwn(customer: string, wanted: OutboundConfigUpdate): Promise<OutboundConfig> {
    await this.getOwn(customer)
    const change = await this.#read(customer, wanted)
    return this.#change(customer, change, outboundConfigEvents.outbound_config_updated)
  }

  /** Platform-wide: of all customers, or of one. */
  async listAll(page: PageRequest, customer?: string): Promise<Page<OutboundConfig>> {
    return paginate(await this.#store.listAll(page, customer), page.size)
  }

  /** Platform-wide: one of any customer. */
  async get(id: string): Promise<OutboundConfig> {
    return (await this.#store.findById(id)) ?? noConfig()
  }

  async update(id: string, wanted: OutboundConfigUpdate): Promise<OutboundConfig> {
    const { customer_id } = await this.get(id)
    return this.updateOwn(customer_id, wanted)
  }

  /** The customer calls nobody in the telephone network from now on. */
  async delete(id: string): Promise<OutboundConfig> {
    const { customer_id } = await this.get(id)
    return this.#change(customer_id, { tm_delete: this.#now() }, outboundConfigEvents.outbound_config_deleted)
  }

  /** Creates the one of a customer whose own was deleted; `STATE_INVALID` where it has one. */
  async create(customer: string, wanted: OutboundConfigUpdate): Promise<OutboundConfig> {
    await this.#needs.customers.get(customer)
    const change = await this.#read(customer, wanted)
    return this.#needs.db.transaction((trx) => this.#insert(trx, customer, change))
  }

  /** Gives a new customer its own, in the transaction that creates it. */
  async createIn(trx: AnyTransaction, customer: string): Promise<void> {
    await this.#insert(trx, customer, {})
  }

  /** Deletes that of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const now = this.#now()
    const deleted = await this.#store.update(trx, customer, { tm_update: now, tm_delete: now })
    if (deleted) await this.#announce(trx, outboundConfigEvents.outbound_config_deleted(deleted))
  }

  async #insert(trx: AnyTransaction, customer: string, change: Partial<OutboundConfig>): Promise<OutboundConfig> {
    const config = { ...newOutboundConfig(this.#needs.ids.uuid(), customer, this.#now()), ...change }
    if (!(await this.#store.insert(trx, customer, config)))
      throw apiErrors.STATE_INVALID({ issue: 'The customer has an outbound configuration already.' })
    await this.#announce(trx, outboundConfigEvents.outbound_config_created(config))
    return config
  }

  #change(
    customer: string,
    change: Partial<OutboundConfig>,
    event: (config: OutboundConfig) => NewEvent,
  ): Promise<OutboundConfig> {
    return this.#needs.db.transaction(async (trx) => {
      const config = (await this.#store.update(trx, customer, { ...change, tm_update: this.#now() })) ?? noConfig()
      await this.#announce(trx, event(config))
      return config
    })
  }

  /** What is to be changed, checked and as it is kept. */
  async #read(customer: string, wanted: OutboundConfigUpdate): Promise<Partial<OutboundConfig>> {
    const { name, detail, destination_whitelist, codecs, default_outgoing_source_number_id: number_id } = wanted
    return {
      ...(name === undefined ? {} : { name }),
      ...(detail === undefined ? {} : { detail }),
      ...(destination_whitelist ? { destination_whitelist: readWhitelist(destination_whitelist) } : {}),
      ...(typeof codecs === 'string' ? { codecs: readCodecList(codecs) } : {}),
      ...(number_id ? { default_outgoing_source_number_id: await this.#ownNumber(customer, number_id) } : {}),
    }
  }

  /** Asked again when a call is made: a number may go at any time. */
  async #ownNumber(customer: string, number_id: string): Promise<string> {
    const id = number_id.toLowerCase()
    if (id === NIL_UUID) return id
    const number = await this.#needs.numbers.find(customer, id)
    if (number?.type === 'normal' && number.status === 'active') return id
    const issue = number ? 'must be an active telephone number' : 'is no number of the customer'
    throw apiErrors.INVALID_ARGUMENT({ field: 'default_outgoing_source_number_id', issue })
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

function noConfig(): never {
  throw callErrors.OUTBOUND_CONFIG_NOT_FOUND()
}
