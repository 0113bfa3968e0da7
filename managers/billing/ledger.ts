import type { AnyTransaction } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { appendEvents } from '#platform/events'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { allowanceReference, type BillingAccount } from './account.ts'
import type { BillingRecord, TransactionType } from './billing.ts'
import type { Charge, EndedUsage, Held, Holds, Movement, Reference } from './charge.ts'
import { SYSTEM_CUSTOMER_ID } from './check.ts'
import { measureOf } from './cost.ts'
import { billingErrors } from './errors.ts'
import { billingEvents } from './events.ts'
import { endedRow, movementRow, type Origin, type Priced, secondsOf } from './ledger-row.ts'
import type { LedgerStore } from './ledger-store.ts'
import { priceOf, type Rate, type Use } from './rate/price.ts'
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

/** An account that pays for a customer. */
export interface Payer {
  account: BillingAccount
  /** False: nothing paid may be begun, or go on. */
  isOpen: boolean
  /** False: what is used is recorded, and nothing is paid. */
  enforced: boolean
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
    const { accounts, holds } = this.#needs
    // what is read after the lock waits for it: all of it is one round trip
    const [account, before] = await Promise.all([accounts.lockPayer(trx, customer), this.#find(trx, 'usage', charge)])
    if (!account) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
    if (before) return before
    const now = this.#now()
    const usage: EndedUsage = { ...charge, tm_billing_start: now, tm_billing_end: now }
    const rate = await this.#rateOf(trx, usage)
    const held = await holds.heldOf(trx, account.id)
    const priced = this.#price(customer, { account, held, rate, use: { count: charge.count ?? 1 } })
    if (!this.#isExempt(customer) && account.status !== 'active') throw billingErrors.ACCOUNT_SUSPENDED()
    if (priced.enforced && priced.price.credit > account.balance_credit - held.credit && priced.price.credit > 0)
      throw billingErrors.INSUFFICIENT_BALANCE()
    return this.#write(trx, account, customer, endedRow(this.#origin(customer, account), usage, rate, priced))
  }

  /**
   * Charges uses of a customer that are over to an account, in this order; gives their rows, those that were there already
   * as they are. They have been used, so they are never refused, and the balance may go below zero.
   */
  async settle(
    trx: AnyTransaction,
    customer: string,
    account_id: string,
    usages: readonly EndedUsage[],
  ): Promise<BillingRecord[]> {
    const { accounts, store, holds } = this.#needs
    const [locked, before, held] = await Promise.all([
      accounts.lockAccount(trx, account_id),
      store.findReferences(trx, 'usage', usages),
      holds.heldOf(trx, account_id),
    ])
    if (!locked) throw billingErrors.BILLING_ACCOUNT_NOT_FOUND()
    const rowOf = new Map(before.map((row) => [keyOf(row), row]))
    const left = { token: held.token, credit: held.credit }
    for (const { reserved } of usages) {
      left.token += reserved?.token ?? 0
      left.credit += reserved?.credit ?? 0
    }
    let account = locked
    const made: BillingRecord[] = []
    for (const usage of usages) {
      left.token -= usage.reserved?.token ?? 0
      left.credit -= usage.reserved?.credit ?? 0
      if (rowOf.has(keyOf(usage))) continue
      const rate = await this.#rateOf(trx, usage)
      const use = measureOf(rate.cost_type) === 'count' ? { count: 1 } : { seconds: secondsOf(usage) }
      const priced = this.#price(customer, { account, held: left, rate, use })
      const row = endedRow(this.#origin(customer, account), usage, rate, priced)
      account = this.#after(account, row)
      made.push(withBalance(row, account))
      rowOf.set(keyOf(usage), withBalance(row, account))
    }
    await this.#save(trx, customer, { before: locked, after: account, made })
    return usages.flatMap((usage) => rowOf.get(keyOf(usage)) ?? [])
  }

  /**
   * Gives a charge back whose thing came to nothing, to the account that paid it; once, however often it is asked.
   * `undefined` where there is no charge (yet): then there is nothing to give back.
   */
  async refund(trx: AnyTransaction, reference: Reference, note = ''): Promise<BillingRecord | undefined> {
    const charged = await this.#find(trx, 'usage', reference)
    if (!charged) return undefined
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
    return this.#write(trx, account, customer, movementRow(this.#origin(customer, account), movement))
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
    await this.#needs.store.insert(trx, customer_id, [record])
    await appendEvents(trx, [billingEvents.billing_created(record)], this.#needs)
  }

  /**
   * The account that pays for what the customer begins now, and those that these reservations of its own are on, all of them
   * held until the transaction ends. No `payer` where nobody pays.
   */
  async lockPayers(
    trx: AnyTransaction,
    customer: string,
    reservations: readonly string[],
  ): Promise<{ payer: Payer | undefined; all: Payer[] }> {
    const { accounts } = this.#needs
    const locked =
      reservations.length > 0
        ? await accounts.lockPayers(trx, customer, reservations)
        : [await accounts.lockPayer(trx, customer)].flatMap((account) => (account ? [{ account, isPayer: true }] : []))
    const isExempt = this.#isExempt(customer)
    const all = locked.map(({ account, isPayer }) => ({
      account,
      isPayer,
      isOpen: isExempt || account.status === 'active',
      enforced: !isExempt && account.plan_type !== 'unlimited',
    }))
    return { payer: all.find(({ isPayer }) => isPayer), all }
  }

  /** What is set aside of an account; asked under its lock. */
  heldOf(trx: AnyTransaction, account_id: string): Promise<Held> {
    return this.#needs.holds.heldOf(trx, account_id)
  }

  /** Holds an account until the transaction ends. */
  async lock(trx: AnyTransaction, account_id: string): Promise<void> {
    await this.#needs.accounts.lockAccount(trx, account_id)
  }

  async #find(trx: AnyTransaction, type: TransactionType, reference: Reference): Promise<BillingRecord | undefined> {
    const [row] = await this.#needs.store.findReferences(trx, type, [reference])
    return row
  }

  #rateOf(trx: AnyTransaction, { cost_type, number, deck_version, tm_billing_start }: EndedUsage): Promise<Rate> {
    const version = deck_version === undefined ? {} : { version: deck_version }
    return this.#needs.rates.rateOf({ cost_type, number: number ?? '', at: tm_billing_start, ...version }, trx)
  }

  #price(customer: string, at: { account: BillingAccount; held: Held; rate: Rate; use: Use }): Priced {
    const { account, held, rate, use } = at
    const token_available = Math.max(0, account.balance_token - held.token)
    const enforced = !this.#isExempt(customer) && account.plan_type !== 'unlimited'
    return { use, price: priceOf(rate, use, token_available), token_available, enforced }
  }

  /** Whether what the customer uses is recorded only. */
  #isExempt(customer: string): boolean {
    return !this.#needs.enforced || customer === SYSTEM_CUSTOMER_ID
  }

  #origin(customer_id: string, { id: account_id }: BillingAccount): Origin {
    return { id: this.#needs.ids.uuid(), customer_id, account_id, tm_create: this.#now() }
  }

  /** What an account has once a row of it counts. */
  #after(account: BillingAccount, { amount_token, amount_credit }: BillingRecord): BillingAccount {
    const balance_token = account.balance_token + amount_token
    const balance_credit = account.balance_credit + amount_credit
    if (!Number.isSafeInteger(balance_token) || !Number.isSafeInteger(balance_credit))
      throw new InvariantError(`the balance of ${account.id} would no longer be exact`)
    return { ...account, balance_token, balance_credit }
  }

  /** Writes one row, and the balance with it. */
  async #write(
    trx: AnyTransaction,
    before: BillingAccount,
    customer: string,
    row: BillingRecord,
  ): Promise<BillingRecord> {
    const after = this.#after(before, row)
    const record = withBalance(row, after)
    await this.#save(trx, customer, { before, after, made: [record] })
    return record
  }

  async #save(
    trx: AnyTransaction,
    customer: string,
    { before, after, made }: { before: BillingAccount; after: BillingAccount; made: readonly BillingRecord[] },
  ): Promise<void> {
    if (made.length === 0) return
    const { accounts, store } = this.#needs
    const { balance_token, balance_credit } = after
    const changed = { balance_token, balance_credit, tm_update: this.#now() }
    const isMoved = made.some(
      (row) => row.transaction_type !== 'usage' || row.amount_token !== 0 || row.amount_credit !== 0,
    )
    const events = made.map((record) => billingEvents.billing_created(record))
    const announced = { ...before, ...changed }
    if (isMoved) events.push(billingEvents.account_updated(announced))
    if (fallsLow(before, balance_credit)) events.push(billingEvents.billing_account_low(announced))
    await Promise.all([
      store.insert(trx, customer, made),
      isMoved && accounts.setBalance(trx, before.id, changed),
      appendEvents(trx, events, this.#needs),
    ])
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

/** Whether credit falls below what its customer wants to be told of. */
function fallsLow({ low_balance, balance_credit: before }: BillingAccount, after: number): boolean {
  return low_balance !== null && before >= low_balance && after < low_balance
}

function keyOf({ reference_type, reference_id }: Reference): string {
  return `${reference_type}:${reference_id}`
}

/** A row as it is written: with what the account has after it. */
function withBalance(row: BillingRecord, { balance_token, balance_credit }: BillingAccount): BillingRecord {
  return { ...row, balance_token_snapshot: balance_token, balance_credit_snapshot: balance_credit }
}
