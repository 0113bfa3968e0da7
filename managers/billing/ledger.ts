import type { AnyTransaction } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { appendEvents } from '#platform/events'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { allowanceReference, type BillingAccount } from './account.ts'
import type { BillingRecord, TransactionType } from './billing.ts'
import type { Charge, EndedUsage, Holds, Movement, Reference, Usage } from './charge.ts'
import { SYSTEM_CUSTOMER_ID } from './check.ts'
import { measureOf } from './cost.ts'
import { billingErrors } from './errors.ts'
import { billingEvents } from './events.ts'
import { begunRow, endedRow, movementRow, type Origin, rateOfRow, secondsOf } from './ledger-row.ts'
import type { LedgerStore } from './ledger-store.ts'
import { type Price, priceOf, type Rate, type Use } from './rate/price.ts'
import type { RateDeck } from './rate/rate-deck.ts'
import type { BillingStore } from './store.ts'

export interface LedgerNeeds {
  accounts: BillingStore
  store: LedgerStore
  rates: RateDeck
  clock: Clock
  ids: Ids
  /** False: everything is recorded and nothing is refused or paid. */
  enforced: boolean
  holds: Holds
}

/** The account that pays for a customer. */
export interface Payer {
  account: BillingAccount
  /** False: nothing paid may be begun. */
  isOpen: boolean
  /** False: what is used is recorded, and nothing is paid. */
  enforced: boolean
}

/** The account that pays, locked, and the row that is there already. */
interface Open {
  account: BillingAccount
  before: BillingRecord | undefined
}

/**
 * Writes the ledger: each row and the balance that it changes in one transaction of the caller's, under the lock of the
 * account, so that a balance is always the sum of its rows. What is done again for the same thing gives the row that is
 * there.
 */
export class Ledger {
  readonly #needs: LedgerNeeds

  constructor(needs: LedgerNeeds) {
    this.#needs = needs
  }

  /**
   * Charges something at once. Throws `ACCOUNT_SUSPENDED`, and `INSUFFICIENT_BALANCE` where what the account has, without
   * what is held for something else, does not cover it.
   */
  async charge(trx: AnyTransaction, customer: string, charge: Charge): Promise<BillingRecord> {
    const { account, before } = await this.#open(trx, customer, 'usage', charge)
    if (before?.status === 'end') return before
    const now = this.#now()
    const usage: Usage = { ...charge, tm_billing_start: now }
    const rate = before ? rateOfRow(before) : await this.#rateOf(trx, usage)
    const priced = await this.#price(trx, customer, account, rate, { count: charge.count ?? 1 })
    if (!this.#isExempt(customer) && account.status !== 'active') throw billingErrors.ACCOUNT_SUSPENDED()
    if (priced.enforced && priced.price.credit > priced.credit_available && priced.price.credit > 0)
      throw billingErrors.INSUFFICIENT_BALANCE()
    const begun = before ?? begunRow(this.#origin(customer, account), usage, rate)
    return this.#apply(trx, account, endedRow(begun, { ...priced, tm_billing_end: now }), before)
  }

  /** Notes that a use has begun, who pays for it and which rate prices it; nothing is paid yet, and nothing is refused. */
  async begin(trx: AnyTransaction, customer: string, usage: Usage): Promise<BillingRecord> {
    const { account, before } = await this.#open(trx, customer, 'usage', usage)
    if (before) return before
    const record = begunRow(this.#origin(customer, account), usage, await this.#rateOf(trx, usage))
    await this.#needs.store.insert(trx, customer, record)
    await appendEvents(trx, [billingEvents.billing_created(record)], this.#needs)
    return record
  }

  /**
   * Charges a use that is over. It has been used, so it is never refused, and the balance may go below zero. The account and
   * the rate that were noted when it began count, whatever has changed since.
   */
  async settle(trx: AnyTransaction, customer: string, usage: EndedUsage): Promise<BillingRecord> {
    const { account, before } = await this.#open(trx, customer, 'usage', usage)
    if (before?.status === 'end') return before
    const rate = before ? rateOfRow(before) : await this.#rateOf(trx, usage)
    const use = measureOf(rate.cost_type) === 'count' ? { count: 1 } : { seconds: secondsOf(usage) }
    const priced = await this.#price(trx, customer, account, rate, use)
    const begun = before ?? begunRow(this.#origin(customer, account), usage, rate)
    const { tm_billing_end } = usage
    return this.#apply(trx, account, endedRow(begun, { ...priced, tm_billing_end }), before)
  }

  /**
   * Gives a charge back whose thing came to nothing, to the account that paid it; once, however often it is asked.
   * `undefined` where there is no charge (yet): then there is nothing to give back.
   */
  async refund(trx: AnyTransaction, reference: Reference, note = ''): Promise<BillingRecord | undefined> {
    const charged = await this.#find(trx, 'usage', reference)
    if (charged?.status !== 'end') return undefined
    const account = await this.#needs.accounts.lockAccount(trx, charged.account_id)
    if (!account) throw new InvariantError(`${charged.id} was paid by an account that is not there`)
    const { reference_type, reference_id } = reference
    const back = { amount_token: 0 - charged.amount_token, amount_credit: 0 - charged.amount_credit }
    const movement: Movement = { transaction_type: 'refund', reference_type, reference_id, ...back, note }
    return this.move(trx, account, movement, charged.customer_id)
  }

  /** Changes a balance in another way than by use: top-up, adjustment or refund. The account is locked by `trx`, and its own customer’s unless said. */
  async move(
    trx: AnyTransaction,
    account: BillingAccount,
    movement: Movement,
    customer = account.customer_id,
  ): Promise<BillingRecord> {
    const before = await this.#find(trx, movement.transaction_type, movement)
    if (before) return before
    return this.#apply(trx, account, movementRow(this.#origin(customer, account), movement), undefined)
  }

  /** Writes the first row of a new account, whose balance is that row. */
  async open(trx: AnyTransaction, account: BillingAccount): Promise<void> {
    const { id, customer_id, balance_token, balance_credit, tm_create } = account
    const row = movementRow(this.#origin(customer_id, account), {
      transaction_type: 'top_up',
      reference_type: 'monthly_allowance',
      reference_id: allowanceReference(id, tm_create),
      amount_token: balance_token,
      amount_credit: balance_credit,
    })
    const record = { ...row, balance_token_snapshot: balance_token, balance_credit_snapshot: balance_credit }
    await this.#needs.store.insert(trx, customer_id, record)
    await appendEvents(trx, [billingEvents.billing_created(record)], this.#needs)
  }

  /**
   * The account that pays for the customer, held until the transaction ends: whether it pays at all, and whether anything may
   * be begun on it. `undefined` where nobody pays.
   */
  async lockPayer(trx: AnyTransaction, customer: string): Promise<Payer | undefined> {
    const account = await this.#needs.accounts.lockPayer(trx, customer)
    if (!account) return undefined
    const isExempt = this.#isExempt(customer)
    return {
      account,
      isOpen: isExempt || account.status === 'active',
      enforced: !isExempt && account.plan_type !== 'unlimited',
    }
  }

  /** Locks the account that pays: the one that was noted when it began, else the one that pays for the customer now. */
  async #open(trx: AnyTransaction, customer: string, type: TransactionType, reference: Reference): Promise<Open> {
    const { accounts } = this.#needs
    const early = await this.#find(trx, type, reference)
    const account = early ? await accounts.lockAccount(trx, early.account_id) : await accounts.lockPayer(trx, customer)
    if (!account) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
    return { account, before: await this.#find(trx, type, reference) }
  }

  #find(trx: AnyTransaction, type: TransactionType, { reference_type, reference_id }: Reference) {
    return this.#needs.store.findReference(trx, type, reference_type, reference_id)
  }

  #rateOf(trx: AnyTransaction, { cost_type, number, deck_version, tm_billing_start }: Usage): Promise<Rate> {
    const version = deck_version === undefined ? {} : { version: deck_version }
    return this.#needs.rates.rateOf({ cost_type, number: number ?? '', at: tm_billing_start, ...version }, trx)
  }

  async #price(trx: AnyTransaction, customer: string, account: BillingAccount, rate: Rate, use: Use) {
    const held = await this.#needs.holds.heldOf(trx, account.id)
    const token_available = Math.max(0, account.balance_token - held.token)
    const price: Price = priceOf(rate, use, token_available)
    const enforced = !this.#isExempt(customer) && account.plan_type !== 'unlimited'
    return { use, price, token_available, credit_available: account.balance_credit - held.credit, enforced }
  }

  /** Whether what the customer uses is recorded only. */
  #isExempt(customer: string): boolean {
    return !this.#needs.enforced || customer === SYSTEM_CUSTOMER_ID
  }

  #origin(customer_id: string, { id: account_id }: BillingAccount): Origin {
    return { id: this.#needs.ids.uuid(), customer_id, account_id, tm_create: this.#now() }
  }

  /** Writes a row that has ended, and the balance with it. */
  async #apply(
    trx: AnyTransaction,
    account: BillingAccount,
    ended: BillingRecord,
    begun: BillingRecord | undefined,
  ): Promise<BillingRecord> {
    const { accounts, store } = this.#needs
    const now = this.#now()
    const balance_token = account.balance_token + ended.amount_token
    const balance_credit = account.balance_credit + ended.amount_credit
    if (!Number.isSafeInteger(balance_token) || !Number.isSafeInteger(balance_credit))
      throw new InvariantError(`the balance of ${account.id} would no longer be exact`)
    const snapshot = { balance_token_snapshot: balance_token, balance_credit_snapshot: balance_credit }
    const record = { ...ended, ...snapshot, tm_update: begun ? now : null }
    if (begun) await store.complete(trx, record.customer_id, record)
    else await store.insert(trx, record.customer_id, record)
    const events = [begun ? billingEvents.billing_updated(record) : billingEvents.billing_created(record)]
    if (ended.transaction_type !== 'usage' || ended.amount_token !== 0 || ended.amount_credit !== 0) {
      const changed = { balance_token, balance_credit, tm_update: now }
      await accounts.setBalance(trx, account.id, changed)
      events.push(billingEvents.account_updated({ ...account, ...changed }))
      if (fallsLow(account, balance_credit)) events.push(billingEvents.billing_account_low({ ...account, ...changed }))
    }
    await appendEvents(trx, events, this.#needs)
    return record
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** Whether credit falls below what its customer wants to be told of. */
function fallsLow({ low_balance, balance_credit: before }: BillingAccount, after: number): boolean {
  return low_balance !== null && before >= low_balance && after < low_balance
}
