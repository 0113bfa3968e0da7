import type { BillingService } from '#managers/billing'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, FREEZE_MS } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { CustomerUpdate } from './contract.ts'
import { type CustomerRecord, RESERVED_CUSTOMERS } from './customer.ts'
import { customerErrors } from './errors.ts'
import { customerEvents } from './events.ts'
import { type CustomerService, noCustomer } from './service.ts'
import { CustomerStore } from './store.ts'

/** Customers that one round deletes. */
const MOST_EXPIRED = 20

/** Makes the first admin of a customer; agents stand above customers, so it is handed in. */
export interface DefaultAdmins {
  /** Prepares the agent; what is returned creates it in a transaction, or is false where the username is taken. */
  prepareDefaultAdmin(username: string): Promise<(trx: AnyTransaction, customer: string) => Promise<boolean>>
}

/** Ends everything that a customer has, in the transaction that deletes it. */
export type OnCustomerDeleted = (trx: AnyTransaction, customer: string) => Promise<void>

export interface CustomerLifecycleNeeds {
  db: Database
  clock: Clock
  ids: Ids
  customers: CustomerService
  billing: BillingService
  admins: DefaultAdmins
  onCustomerDeleted: OnCustomerDeleted
  /** The platform's SIP domain: addresses of nobody are below it. */
  base: string
  /** Hears of each customer for whom somebody may act no longer, or again; after it is so. */
  onStateChanged?: (customer: string) => void
}

/** A customer from its creation by the operator through freeze and recovery to its deletion. */
export class CustomerLifecycle {
  readonly #needs: CustomerLifecycleNeeds
  readonly #store: CustomerStore

  constructor(needs: CustomerLifecycleNeeds) {
    this.#needs = needs
    this.#store = new CustomerStore(needs.db)
  }

  /** Creates an active customer with its billing account and its first admin, who has the customer's e-mail. */
  async create(wanted: CustomerUpdate): Promise<CustomerRecord> {
    const { customers, admins } = this.#needs
    const checked = await customers.check(wanted)
    const createAdmin = await admins.prepareDefaultAdmin(checked.email)
    return customers.create(checked, async (trx, { id }) => {
      if (!(await createAdmin(trx, id))) throw customerErrors.CUSTOMER_ALREADY_EXISTS()
    })
  }

  /** Shuts out whoever acts for an active customer, until it is recovered or deleted; freezing it again changes nothing. */
  freeze(customer: string): Promise<CustomerRecord> {
    return this.#move(customer, async (trx, before) => {
      if (before.status === 'frozen') return before
      if (before.status !== 'active') throw apiErrors.STATE_INVALID({ issue: 'Only an active customer can be frozen.' })
      await this.#needs.billing.setStatus(trx, customer, 'frozen')
      const now = this.#now()
      const change = { status: 'frozen', tm_deletion_scheduled: now, tm_update: now } as const
      return this.#put(trx, customer, change, customerEvents.customer_frozen)
    })
  }

  /** Lets everybody back in who was shut out by a freeze. */
  recover(customer: string): Promise<CustomerRecord> {
    return this.#move(customer, async (trx, before) => {
      if (before.status !== 'frozen') throw apiErrors.STATE_INVALID({ issue: 'The customer is not frozen.' })
      await this.#needs.billing.setStatus(trx, customer, 'active')
      const change = { status: 'active', tm_deletion_scheduled: null, tm_update: this.#now() } as const
      return this.#put(trx, customer, change, customerEvents.customer_recovered)
    })
  }

  /**
   * Deletes a customer and all it has at once, and keeps nothing that says who it was. Deleting it again gives the same
   * answer and announces nothing.
   */
  delete(customer: string): Promise<CustomerRecord> {
    return this.#move(customer, (trx, before) => this.#deleteIn(trx, before))
  }

  async #deleteIn(trx: AnyTransaction, before: CustomerRecord): Promise<CustomerRecord> {
    if (before.tm_delete !== null) return before
    const { id } = before
    await this.#needs.onCustomerDeleted(trx, id)
    const now = this.#now()
    const change = { ...anonymous(id, this.#needs.base), tm_update: now, tm_delete: now }
    return this.#put(trx, id, change, customerEvents.customer_deleted)
  }

  /** Deletes the customers whose 30 days are over; gives how many there were. Safe to repeat and to run on several nodes. */
  async deleteExpired(): Promise<number> {
    const moment = timestamp(this.#needs.clock.wallMs() - FREEZE_MS)
    const expired = await this.#store.frozenBefore(moment, MOST_EXPIRED)
    let deleted = 0
    let failure: unknown
    // one after the other, so that requests find connections beside it; one that fails does not keep the others
    for (const customer of expired)
      try {
        if (await this.#deleteFrozen(customer, moment)) deleted++
      } catch (error) {
        failure = error
      }
    if (deleted === 0 && failure !== undefined) throw failure
    return deleted
  }

  /** Unless it has come back, or was frozen anew, since it was looked up. */
  async #deleteFrozen(customer: string, moment: Timestamp): Promise<boolean> {
    const { status } = await this.#move(customer, async (trx, before) => {
      const { status, tm_deletion_scheduled } = before
      const isOver = status === 'frozen' && tm_deletion_scheduled !== null && tm_deletion_scheduled <= moment
      return isOver ? this.#deleteIn(trx, before) : before
    })
    return status === 'deleted'
  }

  /** One change of state at a time; customers of the platform itself have none. */
  async #move(
    customer: string,
    work: (trx: AnyTransaction, before: CustomerRecord) => Promise<CustomerRecord>,
  ): Promise<CustomerRecord> {
    if (RESERVED_CUSTOMERS.includes(customer))
      throw apiErrors.STATE_INVALID({ issue: 'A customer of the platform itself is neither frozen nor deleted.' })
    const after = await this.#needs.db.transaction(async (trx) =>
      work(trx, (await this.#store.lock(trx, customer)) ?? noCustomer(customer)),
    )
    this.#needs.onStateChanged?.(customer)
    return after
  }

  async #put(
    trx: AnyTransaction,
    customer: string,
    change: Partial<CustomerRecord> & { tm_update: Timestamp },
    event: (record: CustomerRecord) => NewEvent,
  ): Promise<CustomerRecord> {
    const record = (await this.#store.update(trx, customer, change)) ?? noCustomer(customer)
    await appendEvents(trx, [event(record)], this.#needs)
    return record
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** What is left of a deleted customer (`accounts.md` §2.3). */
function anonymous(customer: string, base: string) {
  const some = customer.slice(0, 8)
  return {
    name: `deleted_user_${some}`,
    detail: '',
    email: `deleted_${some}@removed.${base}`,
    phone_number: '',
    address: '',
    webhook_method: '' as const,
    webhook_uri: '',
    webhook_secret: '',
    terms_agreed_ip: '',
    status: 'deleted' as const,
  }
}
