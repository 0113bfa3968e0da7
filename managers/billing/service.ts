import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { type AccountStart, type BillingAccount, type LimitedResource, newAccount, PLAN_LIMITS } from './account.ts'
import { type BillingChecks, type ChargeKind, decide, SYSTEM_CUSTOMER_ID, type Verdict } from './check.ts'
import { billingErrors } from './errors.ts'
import { billingEvents } from './events.ts'
import { BillingStore } from './store.ts'

/** What other managers ask of a customer's plan. */
export interface PlanLimits {
  /**
   * How many live things of this kind the customer's plan allows; infinity when it does not limit them. Locks the
   * account until the transaction ends, so that creations at once cannot pass the limit together.
   */
  lockLimit(trx: AnyTransaction, customer: string, resource: LimitedResource): Promise<number>
}

/** Accounts, the check before anything chargeable, and what a plan allows. */
export class BillingService implements BillingChecks, PlanLimits {
  readonly #store: BillingStore
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(needs: { db: Database; clock: Clock; ids: Ids }) {
    this.#store = new BillingStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  /** Opens a new customer's account, in the transaction that creates the customer. Announces `account_created`. */
  async createAccount(trx: AnyTransaction, customer: string, start: AccountStart = {}): Promise<BillingAccount> {
    const account = newAccount(this.#ids.uuid(), customer, this.#clock.wallMs(), start)
    await this.#store.insert(trx, customer, account)
    await this.#announce(trx, billingEvents.account_created(account))
    return account
  }

  /** Suspends the account of a customer that is being frozen, or takes that back. Announces `account_updated`. */
  async setStatus(trx: AnyTransaction, customer: string, status: 'active' | 'frozen'): Promise<void> {
    const account = await this.#store.update(trx, customer, { status, tm_update: timestamp(this.#clock.wallMs()) })
    if (account) await this.#announce(trx, billingEvents.account_updated(account))
  }

  /** Closes the account of a customer that is being deleted. Announces `account_updated`. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const now = timestamp(this.#clock.wallMs())
    const account = await this.#store.update(trx, customer, { status: 'deleted', tm_update: now, tm_delete: now })
    if (account) await this.#announce(trx, billingEvents.account_updated(account))
  }

  /** Throws `BILLING_ACCOUNT_NOT_FOUND` unless this is a live account of the customer. */
  async requireAccount(customer: string, id: string): Promise<void> {
    if ((await this.#store.find(customer))?.id !== id) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
  }

  async mayStart(customer: string, kind: ChargeKind, count = 1): Promise<Verdict> {
    if (customer === SYSTEM_CUSTOMER_ID) return { ok: true }
    return decide(await this.#store.find(customer), kind, count)
  }

  async lockLimit(trx: AnyTransaction, customer: string, resource: LimitedResource): Promise<number> {
    const account = await this.#store.lock(trx, customer)
    if (!account) throw apiErrors.INVALID_CREDENTIALS() // the customer was deleted since it was let in
    return PLAN_LIMITS[account.plan_type][resource]
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}
