import type { BillingService } from '#managers/billing'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors, FREEZE_MS } from '#platform/http'
import type { Ids } from '#platform/ids'
import type { MailOutbox } from '#platform/mail'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { CustomerUpdate } from './contract.ts'
import { type CustomerRecord, type CustomerStatus, LASTING_CUSTOMERS } from './customer.ts'
import { customerErrors } from './errors.ts'
import { customerEvents } from './events.ts'
import { type CustomerService, noCustomer } from './service.ts'
import { CustomerStore } from './store.ts'

/** Customers that one round deletes. */
const MOST_EXPIRED = 20
/** Whoever has signed up has so long to show that the mailbox is its own. */
const VERIFY_MS = 60 * 60_000
const MOST_UNVERIFIED = 100

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
  /** Where the first admin of a new customer is told how to get in. */
  mails: MailOutbox
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

  /**
   * Creates an active customer with its billing account and its first admin, who has the customer's e-mail and is told
   * there how to set a password.
   */
  async create(wanted: CustomerUpdate): Promise<CustomerRecord> {
    const { customers, admins, mails } = this.#needs
    const checked = await customers.check(wanted)
    const createAdmin = await admins.prepareDefaultAdmin(checked.email)
    return customers.create(checked, async (trx, { id, email }) => {
      if (!(await createAdmin(trx, id))) throw customerErrors.CUSTOMER_ALREADY_EXISTS()
      await mails.post(trx, { kind: 'welcome', customer_id: id, to: email })
    })
  }

  /**
   * Makes a customer active whose e-mail has shown to be its own, in a transaction of the caller's. `undefined` when it is
   * gone or has another e-mail by now; `isNew` is false where it was verified already, which changes nothing.
   */
  async verifyEmail(
    trx: AnyTransaction,
    customer: string,
    email: string,
  ): Promise<{ record: CustomerRecord; isNew: boolean } | undefined> {
    const before = await this.#store.lock(trx, customer)
    if (!before || before.tm_delete !== null || before.email.toLowerCase() !== email.toLowerCase()) return undefined
    if (before.email_verified) return { record: before, isNew: false }
    const status = before.status === 'initial' ? 'active' : before.status
    const change = { status, email_verified: true, tm_update: this.#now() } as const
    return { record: await this.#put(trx, customer, change, customerEvents.customer_updated), isNew: true }
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

  async #deleteIn(
    trx: AnyTransaction,
    before: CustomerRecord,
    status: CustomerStatus = 'deleted',
  ): Promise<CustomerRecord> {
    if (before.tm_delete !== null) return before
    const { id } = before
    await this.#needs.onCustomerDeleted(trx, id)
    const now = this.#now()
    const change = { ...anonymous(id, this.#needs.base), status, tm_update: now, tm_delete: now }
    return this.#put(trx, id, change, customerEvents.customer_deleted)
  }

  /** Deletes some customers whose 30 days are over; gives how many. Safe to repeat and to run on several nodes. */
  async deleteExpired(): Promise<number> {
    const moment = timestamp(this.#needs.clock.wallMs() - FREEZE_MS)
    return this.#each(await this.#store.frozenBefore(moment, MOST_EXPIRED), (id) => this.#deleteFrozen(id, moment))
  }

  /** Ends some customers that signed up an hour ago and have not verified their e-mail; gives how many. Safe to repeat. */
  async expireUnverified(): Promise<number> {
    const moment = timestamp(this.#needs.clock.wallMs() - VERIFY_MS)
    const unverified = await this.#store.unverifiedBefore(moment, MOST_UNVERIFIED)
    return this.#each(unverified, (id) => this.#expire(id))
  }

  /** One after the other, so that requests find connections beside it; one that fails does not keep the others. */
  async #each(customers: readonly string[], end: (customer: string) => Promise<boolean>): Promise<number> {
    let ended = 0
    let failure: unknown
    for (const customer of customers)
      try {
        if (await end(customer)) ended++
      } catch (error) {
        failure = error
      }
    if (ended === 0 && failure !== undefined) throw failure
    return ended
  }

  /** Unless it was verified since it was looked up. */
  async #expire(customer: string): Promise<boolean> {
    const { status } = await this.#move(customer, async (trx, before) =>
      before.status === 'initial' ? this.#deleteIn(trx, before, 'expired') : before,
    )
    return status === 'expired'
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
    if (LASTING_CUSTOMERS.includes(customer))
      throw apiErrors.STATE_INVALID({ issue: 'This customer is neither frozen nor deleted.' })
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
  }
}
