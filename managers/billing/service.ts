import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { type AccountStart, type BillingAccount, type LimitedResource, newAccount, PLAN_LIMITS } from './account.ts'
import { Accounts } from './accounts.ts'
import type { BillingRecord } from './billing.ts'
import { Books } from './books.ts'
import type { Charge, Holds, Reference } from './charge.ts'
import { type BillingChecks, type ChargeKind, costTypeOf, decide, SYSTEM_CUSTOMER_ID, type Verdict } from './check.ts'
import { billingErrors } from './errors.ts'
import { billingEvents } from './events.ts'
import { Ledger } from './ledger.ts'
import { LedgerStore } from './ledger-store.ts'
import { RateDeck } from './rate/rate-deck.ts'
import { BillingStore } from './store.ts'
import { MonthlyTopUp } from './top-up.ts'

/** What other managers ask of a customer's plan. */
export interface PlanLimits {
  /**
   * How many live things of this kind the customer's plan allows; infinity when it does not limit them. Locks the
   * account until the transaction ends, so that creations at once cannot pass the limit together.
   */
  lockLimit(trx: AnyTransaction, customer: string, resource: LimitedResource): Promise<number>
}

export interface BillingNeeds {
  db: Database
  clock: Clock
  ids: Ids
  /** The platform's prices; its own view of them unless one is shared. */
  rates?: RateDeck
  /** What is set aside for uses that go on; nothing unless said. */
  holds?: Holds
  /** False: every check passes, and the ledger records what is used without charging it. */
  enforced?: boolean
}

const NOTHING_HELD: Holds = { heldOf: async () => ({ credit: 0, token: 0 }) }

/** Accounts, the check before anything chargeable, and what a plan allows. */
export class BillingService implements BillingChecks, PlanLimits {
  readonly rates: RateDeck
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly books: Books
  readonly topUp: MonthlyTopUp
  readonly #store: BillingStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #enforced: boolean

  constructor({ db, clock, ids, rates, holds = NOTHING_HELD, enforced = true }: BillingNeeds) {
    this.#store = new BillingStore(db)
    this.#clock = clock
    this.#ids = ids
    this.#enforced = enforced
    this.rates = rates ?? new RateDeck({ db, clock })
    const rows = new LedgerStore(db)
    this.ledger = new Ledger({ accounts: this.#store, store: rows, rates: this.rates, clock, ids, holds, enforced })
    this.accounts = new Accounts({ db, clock, ids, store: this.#store, ledger: this.ledger })
    this.books = new Books(rows)
    this.topUp = new MonthlyTopUp({ db, clock, store: this.#store, ledger: this.ledger })
  }

  /** `Ledger.charge` */
  charge(trx: AnyTransaction, customer: string, charge: Charge): Promise<BillingRecord> {
    return this.ledger.charge(trx, customer, charge)
  }

  /** `Ledger.refund` */
  refund(trx: AnyTransaction, reference: Reference, note?: string): Promise<BillingRecord | undefined> {
    return this.ledger.refund(trx, reference, note)
  }

  /** Opens a new customer's account, in the transaction that creates the customer. Announces `account_created`. */
  async createAccount(trx: AnyTransaction, customer: string, start: AccountStart = {}): Promise<BillingAccount> {
    const account = newAccount(this.#ids.uuid(), customer, this.#clock.wallMs(), start)
    await this.#store.insert(trx, customer, account)
    await this.#announce(trx, billingEvents.account_created(account))
    await this.ledger.open(trx, account)
    return account
  }

  /**
   * Suspends the account of a customer that is being frozen, or takes that back; what a refund has suspended stays so.
   * Announces `account_updated`.
   */
  async setStatus(trx: AnyTransaction, customer: string, status: 'active' | 'frozen'): Promise<void> {
    if (status === 'active' && (await this.#store.lockOwn(trx, customer))?.suspended_by_refund) return
    const account = await this.#store.update(trx, customer, { status, tm_update: timestamp(this.#clock.wallMs()) })
    if (account) await this.#announce(trx, billingEvents.account_updated(account))
  }

  /** Closes the account of a customer that is being deleted. Announces `account_updated`. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const now = timestamp(this.#clock.wallMs())
    const account = await this.#store.update(trx, customer, { status: 'deleted', tm_update: now, tm_delete: now })
    if (account) await this.#announce(trx, billingEvents.account_updated(account))
  }

  /**
   * Says which live account pays for a customer from now on: one of its own, or where `anyones` any. Throws
   * `BILLING_ACCOUNT_NOT_FOUND`. What is being used goes on under the account that it began with.
   */
  async setPayer(
    trx: AnyTransaction,
    customer: string,
    id: string,
    { anyones = false }: { anyones?: boolean } = {},
  ): Promise<void> {
    const account = await this.#store.lockAccount(trx, id)
    if (!account || account.tm_delete !== null || !(anyones || account.customer_id === customer))
      throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
    await this.#store.setPayer(trx, customer, id)
  }

  async mayStart(customer: string, kind: ChargeKind, count = 1): Promise<Verdict> {
    if (!this.#enforced || customer === SYSTEM_CUSTOMER_ID) return { ok: true }
    const { credit_per_unit } = await this.rates.rateOf({ cost_type: costTypeOf(kind) })
    return decide(await this.#store.findPayer(customer), kind, count, credit_per_unit)
  }

  async lockLimit(trx: AnyTransaction, customer: string, resource: LimitedResource): Promise<number> {
    const account = await this.#store.lockPayer(trx, customer)
    if (!account || account.tm_delete !== null) throw apiErrors.INVALID_CREDENTIALS() // the customer was deleted since it was let in
    return PLAN_LIMITS[account.plan_type][resource]
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}
