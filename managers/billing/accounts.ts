import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { BillingAccount, PlanType } from './account.ts'
import type { Movement } from './charge.ts'
import type { AccountUpdate, CreditAmount, PaymentInfo } from './contract.ts'
import { billingErrors } from './errors.ts'
import { billingEvents } from './events.ts'
import type { Ledger } from './ledger.ts'
import type { BillingStore } from './store.ts'

const MICROS = 1_000_000

export interface AccountsNeeds {
  db: Database
  clock: Clock
  ids: Ids
  store: BillingStore
  ledger: Ledger
}

/** Accounts as their customers and the operator read and change them. */
export class Accounts {
  readonly #needs: AccountsNeeds

  constructor(needs: AccountsNeeds) {
    this.#needs = needs
  }

  /** The account that pays for a customer. Throws `STATE_INVALID` where none does. */
  async ofCustomer(customer: string): Promise<BillingAccount> {
    const account = await this.#needs.store.findPayer(customer)
    if (!account || account.tm_delete !== null)
      throw apiErrors.STATE_INVALID({ issue: 'No billing account pays for you.' })
    return account
  }

  /** Platform-wide: accounts that are not closed, newest first. */
  async list(page: PageRequest): Promise<Page<BillingAccount>> {
    return paginate(await this.#needs.store.list(page), page.size)
  }

  /** Platform-wide: an account; `BILLING_ACCOUNT_NOT_FOUND` when it is closed or never was. */
  async get(id: string): Promise<BillingAccount> {
    return living(await this.#needs.store.findAccount(id))
  }

  /** The same for whoever it belongs to: who has an account paid by another one reads it only. */
  async changeOwn(customer: string, change: AccountUpdate | PaymentInfo): Promise<BillingAccount> {
    const { id, customer_id } = await this.ofCustomer(customer)
    if (customer_id !== customer) throw apiErrors.PERMISSION_DENIED()
    return this.change(id, change)
  }

  /** Changes what is not left out. */
  change(id: string, change: AccountUpdate | PaymentInfo): Promise<BillingAccount> {
    return this.#needs.db.transaction((trx) => this.#put(trx, id, change))
  }

  /** Changes the plan, and gives it: no subscription takes it away. Tokens stay as they are until the next top-up. */
  setPlan(id: string, plan_type: PlanType): Promise<BillingAccount> {
    return this.#needs.db.transaction((trx) =>
      this.#put(trx, id, { plan_type, given_plan_type: plan_type, plan_status: 'active' }),
    )
  }

  /** Suspends an account, or lifts whatever has suspended it. */
  setStatus(id: string, status: 'active' | 'frozen'): Promise<BillingAccount> {
    const lifted = status === 'active' ? { suspended_by_refund: false } : {}
    return this.#needs.db.transaction((trx) => this.#put(trx, id, { status, ...lifted }))
  }

  /** Adds credit (`sign` 1) or takes it (−1); there is no floor. */
  moveCredit(id: string, sign: 1 | -1, amount: CreditAmount): Promise<BillingAccount> {
    const amount_credit = sign * microsOf(amount)
    return this.#adjust(id, { reference_type: 'credit_adjustment', amount_token: 0, amount_credit })
  }

  /** The same for tokens. */
  moveTokens(id: string, sign: 1 | -1, token: number): Promise<BillingAccount> {
    return this.#adjust(id, { reference_type: 'token_adjustment', amount_token: sign * token, amount_credit: 0 })
  }

  #adjust(id: string, change: Omit<Movement, 'transaction_type' | 'reference_id'>): Promise<BillingAccount> {
    const { db, store, ledger, ids } = this.#needs
    return db.transaction(async (trx) => {
      const account = living(await store.lockAccount(trx, id))
      const sums = {
        balance: account.balance_credit + change.amount_credit,
        token: account.balance_token + change.amount_token,
      }
      for (const [field, sum] of Object.entries(sums))
        if (!Number.isSafeInteger(sum))
          throw apiErrors.INVALID_ARGUMENT({ field, issue: 'would make the balance too large to be exact' })
      await ledger.move(trx, account, { transaction_type: 'adjustment', reference_id: ids.uuid(), ...change })
      return living(await store.lockAccount(trx, id))
    })
  }

  async #put(trx: AnyTransaction, id: string, change: Partial<BillingAccount>): Promise<BillingAccount> {
    const { store, clock } = this.#needs
    living(await store.lockAccount(trx, id))
    const account = await store.change(trx, id, { ...change, tm_update: timestamp(clock.wallMs()) })
    await appendEvents(trx, [billingEvents.account_updated(account)], this.#needs)
    return account
  }
}

function living(account: BillingAccount | undefined): BillingAccount {
  if (!account || account.tm_delete !== null) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
  return account
}

/** Micros of an amount that is given in one of the two units; throws `INVALID_ARGUMENT` for both, none and less than one. */
function microsOf({ balance, balance_micros }: CreditAmount): number {
  if ((balance === undefined) === (balance_micros === undefined))
    throw apiErrors.INVALID_ARGUMENT({ field: 'balance', issue: 'or balance_micros must be given, and not both' })
  const micros = balance_micros ?? Math.round((balance ?? 0) * MICROS)
  if (micros < 1) throw apiErrors.INVALID_ARGUMENT({ field: 'balance', issue: 'must be at least 0.000001' })
  return micros
}
