import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { BillingAccount } from './account.ts'

interface Tables {
  billing_accounts: BillingAccount
  billing_payers: { customer_id: string; account_id: string }
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of billing accounts. */
export class BillingStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Opens an account, which pays for its customer until another one does. */
  async insert(trx: AnyTransaction, customer: string, account: BillingAccount): Promise<void> {
    await on(trx)
      .insertInto('billing_accounts')
      .values({ ...account, customer_id: customer })
      .execute()
    await this.setPayer(trx, customer, account.id)
  }

  /** Says which account pays for what the customer uses from now on. */
  async setPayer(trx: AnyTransaction, customer: string, account_id: string): Promise<void> {
    await on(trx)
      .insertInto('billing_payers')
      .values({ customer_id: customer, account_id })
      .onConflict((conflict) => conflict.column('customer_id').doUpdateSet({ account_id }))
      .execute()
  }

  /** The customer's own live account, held until the transaction ends. */
  lockOwn(trx: AnyTransaction, customer: string): Promise<BillingAccount | undefined> {
    return on(trx)
      .selectFrom('billing_accounts')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  /** The account that pays for the customer, a closed one too. */
  findPayer(customer: string): Promise<BillingAccount | undefined> {
    return payerOf(this.#db, customer).executeTakeFirst()
  }

  /** The same, held until the transaction ends: who spends or counts under it does so alone. */
  lockPayer(trx: AnyTransaction, customer: string): Promise<BillingAccount | undefined> {
    return payerOf(trx, customer).forUpdate('account').executeTakeFirst()
  }

  /** Platform-wide: an account, whatever its state. */
  findAccount(id: string): Promise<BillingAccount | undefined> {
    return this.#db.kysely<Tables>().selectFrom('billing_accounts').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide: the same, held until the transaction ends. */
  lockAccount(trx: AnyTransaction, id: string): Promise<BillingAccount | undefined> {
    return on(trx).selectFrom('billing_accounts').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  }

  /** Platform-wide: the account that shows who pays at the payment provider, whatever its state; the newest one. */
  findPaddleCustomer(trx: AnyTransaction, paddle_customer_id: string): Promise<BillingAccount | undefined> {
    return on(trx)
      .selectFrom('billing_accounts')
      .selectAll()
      .where('paddle_customer_id', '=', paddle_customer_id)
      .orderBy('tm_create', 'desc')
      .limit(1)
      .forUpdate()
      .executeTakeFirst()
  }

  /**
   * Platform-wide: some living accounts whose top-up is due, has no moment, or has one that lies further ahead than any
   * month (a clock was wrong), so many at most.
   */
  async topUpDue(now: Timestamp, latest: Timestamp, most: number): Promise<string[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('billing_accounts')
      .select('id')
      .where('tm_delete', 'is', null)
      .where((row) =>
        row.or([row('tm_next_topup', '<=', now), row('tm_next_topup', 'is', null), row('tm_next_topup', '>', latest)]),
      )
      .orderBy('id')
      .limit(most)
      .execute()
    return rows.map(({ id }) => id)
  }

  /** Platform-wide: accounts that are not closed, newest first. */
  list(page: PageRequest): Promise<BillingAccount[]> {
    const live = this.#db.kysely<Tables>().selectFrom('billing_accounts').selectAll().where('tm_delete', 'is', null)
    return pageOf(live, page).execute()
  }

  /** Writes what an account has, under its lock. */
  async setBalance(
    trx: AnyTransaction,
    id: string,
    change: Pick<BillingAccount, 'balance_credit' | 'balance_token'> & { tm_update: Timestamp },
  ): Promise<void> {
    await on(trx).updateTable('billing_accounts').set(change).where('id', '=', id).execute()
  }

  /** Changes an account, under its lock; gives it as it is then. */
  change(
    trx: AnyTransaction,
    id: string,
    change: Partial<BillingAccount> & { tm_update: Timestamp },
  ): Promise<BillingAccount> {
    return on(trx)
      .updateTable('billing_accounts')
      .set(change)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Changes the customer's own live account; gives it as it is then. */
  update(
    trx: AnyTransaction,
    customer: string,
    change: Partial<BillingAccount> & { tm_update: Timestamp },
  ): Promise<BillingAccount | undefined> {
    return on(trx)
      .updateTable('billing_accounts')
      .set(change)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }
}

function payerOf(via: AnyTransaction | Database, customer: string) {
  return via
    .kysely<Tables>()
    .selectFrom('billing_payers as payer')
    .innerJoin('billing_accounts as account', 'account.id', 'payer.account_id')
    .selectAll('account')
    .where('payer.customer_id', '=', customer)
}
