import type { PlanLimits } from '#managers/billing'
import type { Directs } from '#managers/direct'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Fault, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, isUuid } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { Extension, ExtensionCreate, ExtensionUpdate } from './contract.ts'
import { digestSecrets, registrarRealm } from './credentials.ts'
import { registrarErrors } from './errors.ts'
import { registrarEvents } from './events.ts'
import {
  type ExtensionRecord,
  faultOfExtension,
  faultOfPassword,
  IS_EMERGENCY_NUMBER,
  presentExtension,
} from './extension.ts'
import type { Binding } from './sip/binding.ts'
import { RegistrationStore } from './sip/registration-store.ts'
import { ExtensionStore } from './store.ts'

/** What extensions ask of registrations. */
export interface Registrations {
  /** Removes every binding of an extension, in the transaction that deletes it. */
  removeAll(trx: AnyTransaction, customer: string, extension_id: string): Promise<void>
  /** The bindings of these extensions that hold at this moment, the oldest first. */
  liveOf(customer: string, extension_ids: readonly string[], now: Timestamp): Promise<Binding[]>
}

/** Takes a deleted extension away from whatever is reached by it, in the transaction that deletes it. */
export type OnExtensionDeleted = (trx: AnyTransaction, customer: string, extension_id: string) => Promise<void>

/** Whether the operator has routed a number as one of the emergency services for the customer. */
export type ServesEmergency = (customer: string, number: string) => Promise<boolean>

/** Extensions: the SIP users of a customer, their digest secrets and their direct hashes. */
export class ExtensionService {
  readonly #db: Database
  readonly #store: ExtensionStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #plans: PlanLimits
  readonly #directs: Directs
  readonly #registrations: Registrations
  readonly #base: string
  readonly #onDeleted: OnExtensionDeleted
  readonly #servesEmergency: ServesEmergency

  /** `base` is the platform's SIP domain: the realm of a customer is `<customer_id>.registrar.<base>`. */
  constructor(needs: {
    db: Database
    clock: Clock
    ids: Ids
    plans: PlanLimits
    directs: Directs
    registrations?: Registrations
    base: string
    onExtensionDeleted?: OnExtensionDeleted
    servesEmergency?: ServesEmergency
  }) {
    this.#db = needs.db
    this.#store = new ExtensionStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#plans = needs.plans
    this.#directs = needs.directs
    this.#registrations = needs.registrations ?? new RegistrationStore(needs.db)
    this.#base = needs.base
    this.#servesEmergency = needs.servesEmergency ?? (async () => false)
    this.#onDeleted = needs.onExtensionDeleted ?? (async () => {})
  }

  async list(customer: string, page: PageRequest): Promise<Page<Extension>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: await this.#withContacts(customer, result), next_page_token }
  }

  async get(customer: string, id: string): Promise<Extension> {
    const record = (await this.#store.find(customer, id)) ?? noExtension(id)
    return presentExtension(record, { contacts: await this.#contacts(customer, id) })
  }

  /** Those of these that live, in no order. */
  async getAll(customer: string, ids: readonly string[]): Promise<Extension[]> {
    if (ids.length === 0) return []
    return this.#withContacts(customer, await this.#store.findAll(customer, ids))
  }

  /** The id of a live extension by its id or its number; `undefined` when the customer has none such. */
  async resolve(customer: string, idOrNumber: string): Promise<string | undefined> {
    const byNumber = await this.#store.findByExtension(customer, idOrNumber)
    if (byNumber) return byNumber.id
    return isUuid(idOrNumber) ? (await this.#store.find(customer, idOrNumber))?.id : undefined
  }

  /** The same; the extension is not deleted before the transaction ends. */
  hold(trx: AnyTransaction, customer: string, idOrNumber: string): Promise<string | undefined> {
    return this.#store.hold(trx, customer, idOrNumber)
  }

  /** Creates an extension, as far as the plan goes. The answer is one of the two that show the password. */
  async create(customer: string, wanted: ExtensionCreate): Promise<Extension> {
    const faults = faultsOf(wanted.extension, wanted.password)
    if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
    if (await this.#servesEmergency(customer, wanted.extension))
      throw apiErrors.INVALID_ARGUMENT({ field: 'extension', issue: IS_EMERGENCY_NUMBER })
    return this.#db.transaction((trx) => this.createIn(trx, customer, wanted))
  }

  /** The same in a transaction that the caller has begun, for the first run. */
  async createIn(trx: AnyTransaction, customer: string, wanted: ExtensionCreate): Promise<Extension> {
    const limit = await this.#plans.lockLimit(trx, customer, 'extensions')
    if ((await this.#store.count(trx, customer)) >= limit) throw registrarErrors.RESOURCE_LIMIT_EXCEEDED({ limit })
    const id = this.#ids.uuid()
    const { extension, password, name, detail } = wanted
    const record: ExtensionRecord = {
      id,
      customer_id: customer,
      name,
      detail,
      extension,
      domain_name: customer,
      username: extension,
      ...digestSecrets(extension, registrarRealm(customer, this.#base), password),
      direct_hash: (await this.#directs.create(trx, customer, { resource_type: 'extension', resource_id: id })).hash,
      tm_create: this.#now(),
      tm_update: null,
      tm_delete: null,
    }
    if (!(await this.#store.insert(trx, customer, record)))
      throw registrarErrors.EXTENSION_ALREADY_EXISTS({ extension })
    const created = presentExtension(record, { password })
    await this.#announce(trx, registrarEvents.extension_created(created))
    return created
  }

  /**
   * Replaces name, detail and password. Of another password nothing that the old one has registered is left, and phones have
   * to use it from their next challenge on.
   */
  async update(customer: string, id: string, wanted: ExtensionUpdate): Promise<Extension> {
    const { name, detail, password } = wanted
    const { extension } = (await this.#store.find(customer, id)) ?? noExtension(id)
    const issue = faultOfPassword(password, extension)
    if (issue) throw apiErrors.INVALID_ARGUMENT({ field: 'password', issue })
    const secrets = digestSecrets(extension, registrarRealm(customer, this.#base), password)
    return this.#change(customer, id, async () => ({ name, detail, ...secrets }), password)
  }

  /** Replaces the direct hash; the old one is dead at once. */
  regenerateHash(customer: string, id: string): Promise<Extension> {
    return this.#change(customer, id, async (trx) => {
      const direct = await this.#directs.regenerate(trx, customer, { resource_type: 'extension', resource_id: id })
      return { direct_hash: direct.hash }
    })
  }

  /** Deletes an extension with its hash and its bindings; an agent who is reached at it is so no more. */
  delete(customer: string, id: string): Promise<Extension> {
    const now = this.#now()
    return this.#db.transaction(async (trx) => {
      const gone = { tm_update: now, tm_delete: now }
      const record = (await this.#store.update(trx, customer, id, gone)) ?? noExtension(id)
      await this.#directs.remove(trx, customer, { resource_type: 'extension', resource_id: id })
      await this.#registrations.removeAll(trx, customer, id)
      const deleted = presentExtension(record)
      await this.#announce(trx, registrarEvents.extension_deleted(deleted))
      await this.#onDeleted(trx, customer, id)
      return deleted
    })
  }

  /** Deletes every extension of a customer that is being deleted, with what its phones have registered. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    for (const { id } of deleted) await this.#registrations.removeAll(trx, customer, id)
    await this.#announce(trx, ...deleted.map((record) => registrarEvents.extension_deleted(presentExtension(record))))
  }

  /** One change of a live extension, held while `work` says what to change. */
  async #change(
    customer: string,
    id: string,
    work: (trx: AnyTransaction) => Promise<Partial<ExtensionRecord>>,
    password = '',
  ): Promise<Extension> {
    const tm_update = this.#now()
    const contacts = await this.#contacts(customer, id)
    return this.#db.transaction(async (trx) => {
      const before = (await this.#store.update(trx, customer, id, { tm_update })) ?? noExtension(id)
      const change = { ...(await work(trx)), tm_update }
      const record = (await this.#store.update(trx, customer, id, change)) ?? noExtension(id)
      const isSamePassword = record.ha1_md5 === before.ha1_md5
      if (!isSamePassword) await this.#registrations.removeAll(trx, customer, id)
      const extension = presentExtension(record, { password, contacts: isSamePassword ? contacts : [] })
      await this.#announce(trx, registrarEvents.extension_updated(extension))
      return extension
    })
  }

  /** Where the phones of an extension are now. */
  #contacts(customer: string, id: string): Promise<Binding[]> {
    return this.#registrations.liveOf(customer, [id], this.#now())
  }

  async #withContacts(customer: string, records: readonly ExtensionRecord[]): Promise<Extension[]> {
    const ids = records.map(({ id }) => id)
    const all = ids.length === 0 ? [] : await this.#registrations.liveOf(customer, ids, this.#now())
    const byId = Map.groupBy(all, ({ extension_id }) => extension_id)
    return records.map((record) => presentExtension(record, { contacts: byId.get(record.id) ?? [] }))
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

function faultsOf(extension: string, password: string): Fault[] {
  const faults: Fault[] = []
  const ofExtension = faultOfExtension(extension)
  if (ofExtension) faults.push({ field: 'extension', issue: ofExtension })
  const ofPassword = faultOfPassword(password, extension)
  if (ofPassword) faults.push({ field: 'password', issue: ofPassword })
  return faults
}

function noExtension(extension_id: string): never {
  throw registrarErrors.EXTENSION_NOT_FOUND({ extension_id })
}
