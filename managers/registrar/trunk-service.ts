import type { PlanLimits } from '#managers/billing'
import { provisioningErrors } from '#managers/provisioning/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Fault, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { digestSecrets } from './credentials.ts'
import { faultOfDomainName, faultsOfAuthentication, presentTrunk, type TrunkRecord, trunkRealm } from './trunk.ts'
import type { Trunk, TrunkCreate, TrunkFields } from './trunk-contract.ts'
import { trunkEvents } from './trunk-events.ts'
import { TrunkStore } from './trunk-store.ts'

export interface TrunkServiceNeeds {
  db: Database
  clock: Clock
  ids: Ids
  plans: PlanLimits
  /** The platform's SIP domain. */
  base: string
}

/** Trunks: by what name and how a customer's PBX comes in. What it may call is decided when it calls. */
export class TrunkService {
  readonly #needs: TrunkServiceNeeds
  readonly #store: TrunkStore

  constructor(needs: TrunkServiceNeeds) {
    this.#needs = needs
    this.#store = new TrunkStore(needs.db)
  }

  async list(customer: string, page: PageRequest): Promise<Page<Trunk>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: result.map((record) => presentTrunk(record)), next_page_token }
  }

  async get(customer: string, id: string): Promise<Trunk> {
    return presentTrunk((await this.#store.find(customer, id)) ?? noTrunk(id))
  }

  /** Creates a trunk, as far as the plan goes. The answer is one of the two that show the password. */
  async create(customer: string, wanted: TrunkCreate): Promise<Trunk> {
    const ofDomain = faultOfDomainName(wanted.domain_name)
    const faults: Fault[] = ofDomain ? [{ field: 'domain_name', issue: ofDomain }] : []
    refuse([...faults, ...faultsOfAuthentication(wanted, false)])
    return this.#needs.db.transaction((trx) => this.#createIn(trx, customer, wanted))
  }

  /**
   * Replaces all but the domain name. An empty password keeps the one that there is, as long as the username stays. Devices
   * have to prove themselves the new way from their next call on.
   */
  async update(customer: string, id: string, wanted: TrunkFields): Promise<Trunk> {
    return this.#needs.db.transaction(async (trx) => {
      const before = (await this.#store.lock(trx, customer, id)) ?? noTrunk(id)
      const keeps = wanted.password === '' && wanted.username === before.username && before.ha1_md5 !== ''
      refuse(faultsOfAuthentication(wanted, keeps))
      const { ha1_md5, ha1_sha256, domain_name } = before
      const secrets = keeps ? { ha1_md5, ha1_sha256 } : this.#secrets(domain_name, wanted)
      const change = { ...settable(wanted), ...secrets, tm_update: this.#now() }
      const record = (await this.#store.update(trx, customer, id, change)) ?? noTrunk(id)
      const trunk = presentTrunk(record, wanted.password)
      await this.#announce(trx, trunkEvents.trunk_updated(trunk))
      return trunk
    })
  }

  /** Nobody comes in by it from now on; calls that it has go on. */
  delete(customer: string, id: string): Promise<Trunk> {
    const now = this.#now()
    return this.#needs.db.transaction(async (trx) => {
      const gone = { tm_update: now, tm_delete: now }
      const deleted = presentTrunk((await this.#store.update(trx, customer, id, gone)) ?? noTrunk(id))
      await this.#announce(trx, trunkEvents.trunk_deleted(deleted))
      return deleted
    })
  }

  /** Deletes every trunk of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    await this.#announce(trx, ...deleted.map((record) => trunkEvents.trunk_deleted(presentTrunk(record))))
  }

  async #createIn(trx: AnyTransaction, customer: string, wanted: TrunkCreate): Promise<Trunk> {
    const limit = await this.#needs.plans.lockLimit(trx, customer, 'trunks')
    if ((await this.#store.count(trx, customer)) >= limit) throw provisioningErrors.RESOURCE_LIMIT_EXCEEDED({ limit })
    const domain_name = wanted.domain_name.toLowerCase()
    const record: TrunkRecord = {
      ...{ id: this.#needs.ids.uuid(), customer_id: customer, domain_name },
      ...settable(wanted),
      ...this.#secrets(domain_name, wanted),
      ...{ tm_create: this.#now(), tm_update: null, tm_delete: null },
    }
    if (!(await this.#store.insert(trx, customer, record)))
      throw provisioningErrors.TRUNK_ALREADY_EXISTS({ domain_name })
    const trunk = presentTrunk(record, wanted.password)
    await this.#announce(trx, trunkEvents.trunk_created(trunk))
    return trunk
  }

  #secrets(domain_name: string, { username, password }: TrunkFields) {
    if (password === '') return { ha1_md5: '', ha1_sha256: '' }
    return digestSecrets(username, trunkRealm(domain_name, this.#needs.base), password)
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

function settable({ name, detail, auth_types, username, allowed_ips }: TrunkFields) {
  return { name, detail, auth_types, username, allowed_ips: allowed_ips.map((entry) => entry.toLowerCase()) }
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
}

function noTrunk(trunk_id: string): never {
  throw provisioningErrors.TRUNK_NOT_FOUND({ trunk_id })
}
