import { customerErrors } from '#managers/customer/errors'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, type Identity, mayPass, type Page, type PageRequest, Permission, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { StorageAccount } from './account-contract.ts'
import { AccountStore } from './account-store.ts'
import { storageErrors } from './errors.ts'
import { storageEvents } from './events.ts'
import type { FileRecord } from './file.ts'
import { FileStore } from './file-store.ts'
import { LeftoverStore } from './leftover-store.ts'

/** The part of the quota at which a customer is warned. */
const NEARLY_FULL = 0.9
/** What a customer may keep unless said: 10 GiB (`storage.md` §1). */
const QUOTA_BYTES = 10 * 1024 ** 3
/** Files that one statement deletes. */
const BATCH = 500

export interface AccountNeeds {
  db: Database
  clock: Clock
  ids: Ids
  /** Whether there is such a customer, not deleted. */
  customerExists(customer: string): Promise<boolean>
}

/** Storage accounts: what each customer keeps, counted in the transaction that keeps it. */
export class StorageAccounts {
  readonly #needs: AccountNeeds
  readonly #store: AccountStore
  readonly #files: FileStore
  readonly #leftovers: LeftoverStore

  constructor(needs: AccountNeeds) {
    this.#needs = needs
    this.#store = new AccountStore(needs.db)
    this.#files = new FileStore(needs.db)
    this.#leftovers = new LeftoverStore(needs.db)
  }

  /** The customer's own. One that has never had an account gets it now; one whose account was deleted has none. */
  async getOwn(customer: string): Promise<StorageAccount> {
    const latest = await this.#store.latest(customer)
    if (latest?.tm_delete) throw storageErrors.ACCOUNT_NOT_FOUND()
    if (latest) return latest
    return this.#needs.db.transaction((trx) => this.lockIn(trx, customer))
  }

  /** Platform-wide, for super admins. */
  async list(page: PageRequest): Promise<Page<StorageAccount>> {
    return paginate(await this.#store.list(page), page.size)
  }

  /** One's own, or a super admin's any. */
  async get(who: Identity, id: string): Promise<StorageAccount> {
    const isRoot = mayPass(who.permission, [Permission.ProjectSuperAdmin])
    const account = await (isRoot ? this.#store.findAnybodys(id) : this.#store.findById(who.customer_id, id))
    if (!account) throw storageErrors.ACCOUNT_NOT_FOUND()
    return account
  }

  /** For super admins: a new account for a customer whose old one was deleted. */
  async create(customer: string): Promise<StorageAccount> {
    if (!(await this.#needs.customerExists(customer)))
      throw customerErrors.CUSTOMER_NOT_FOUND({ customer_id: customer })
    const created = await this.#needs.db.transaction((trx) => this.createIn(trx, customer))
    if (!created) throw apiErrors.STATE_INVALID({ issue: 'The customer has a storage account already.' })
    return created
  }

  /** For super admins: the account and every file in it. */
  async delete(id: string): Promise<StorageAccount> {
    const account = await this.#store.findAnybodys(id)
    const deleted = account && (await this.#needs.db.transaction((trx) => this.deleteAllOf(trx, account.customer_id)))
    if (!deleted) throw storageErrors.ACCOUNT_NOT_FOUND()
    return deleted
  }

  /** Makes the account of a customer in the transaction that makes the customer; `undefined` where it has one. */
  async createIn(trx: AnyTransaction, customer: string): Promise<StorageAccount | undefined> {
    const account = await this.#store.insert(trx, customer, {
      id: this.#needs.ids.uuid(),
      customer_id: customer,
      total_file_count: 0,
      total_file_size: 0,
      quota_size: QUOTA_BYTES,
      tm_create: this.#now(),
      tm_update: null,
      tm_delete: null,
    })
    if (account) await this.#announce(trx, storageEvents.storage_account_created(account))
    return account
  }

  /** The customer's account, made where there is none; nobody else counts in it before the transaction ends. */
  async lockIn(trx: AnyTransaction, customer: string): Promise<StorageAccount> {
    const account = await this.#store.lock(trx, customer)
    if (account) return account
    await this.createIn(trx, customer)
    const made = await this.#store.lock(trx, customer)
    if (!made) throw apiErrors.SERVICE_UNAVAILABLE() // deleted at this very moment
    return made
  }

  /** Locks the account where there is one: whoever only takes away makes none. */
  async lockExistingIn(trx: AnyTransaction, customer: string): Promise<void> {
    await this.#store.lock(trx, customer)
  }

  /** Counts files in (or out, below zero) of an account that this transaction has locked. */
  async countIn(trx: AnyTransaction, customer: string, files: readonly FileRecord[], sign: 1 | -1): Promise<void> {
    if (files.length === 0) return
    const size = files.reduce((sum, { filesize }) => sum + filesize, 0)
    const change = { count: sign * files.length, size: sign * size, tm_update: this.#now() }
    const account = await this.#store.count(trx, customer, change)
    if (!account) return
    const warnings = becameNearlyFull(account, change.size) ? [storageEvents.storage_account_nearly_full(account)] : []
    await this.#announce(trx, storageEvents.storage_account_updated(account), ...warnings)
  }

  /** Throws `RESOURCE_LIMIT_EXCEEDED` where so much more does not fit. Whoever is to rely on it has locked the account. */
  refuseOverQuota({ quota_size, total_file_size }: StorageAccount, size: number): void {
    if (total_file_size + size > quota_size)
      throw storageErrors.RESOURCE_LIMIT_EXCEEDED({ limit: quota_size, used: total_file_size, size })
  }

  /** Whether a customer keeps as much as it may. */
  async isFull(customer: string): Promise<boolean> {
    const account = await this.#store.find(customer)
    return account !== undefined && account.total_file_size >= account.quota_size
  }

  /** Throws `RESOURCE_LIMIT_EXCEEDED` where nothing more is to be kept. */
  async refuseWhenFull(customer: string): Promise<void> {
    const account = await this.#store.find(customer)
    if (account) this.refuseOverQuota(account, 1)
  }

  /** What the customer keeps by now, for a look before anything is done; nothing where it never kept anything. */
  find(customer: string): Promise<StorageAccount | undefined> {
    return this.#store.find(customer)
  }

  /**
   * Deletes the account and every file of a customer, in the transaction of whoever deletes the customer. Their octets go
   * soon after. Gives the account as it was deleted, if there was one.
   */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<StorageAccount | undefined> {
    await this.#store.lock(trx, customer)
    const now = this.#now()
    for (let gone = BATCH; gone === BATCH; ) {
      const files = await this.#files.deleteSome(trx, customer, BATCH, now)
      gone = files.length
      const objects = files.map(({ object }) => object)
      await this.#leftovers.note(objects, now, trx)
      await this.#announce(trx, ...files.map(storageEvents.file_deleted))
    }
    const account = await this.#store.delete(trx, customer, now)
    if (account) await this.#announce(trx, storageEvents.storage_account_deleted(account))
    return account
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

/** Whether this change has passed the mark: it is told once, and again only after there was room. */
function becameNearlyFull({ quota_size, total_file_size }: StorageAccount, change: number): boolean {
  const mark = quota_size * NEARLY_FULL
  return total_file_size >= mark && total_file_size - change < mark
}
