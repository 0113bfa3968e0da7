import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { BillingAccount } from './account.ts'
import type { Spendable } from './check.ts'

interface Tables {
  billing_accounts: BillingAccount
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of billing accounts. */
export class BillingStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async insert(trx: AnyTransaction, customer: string, account: BillingAccount): Promise<void> {
    await on(trx)
      .insertInto('billing_accounts')
      .values({ ...account, customer_id: customer })
      .execute()
  }

  /** The customer's live account. */
  find(customer: string): Promise<BillingAccount | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('billing_accounts')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Changes the customer's live account; gives it as it is then. */
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

  /** The same, held until the transaction ends: who counts under it counts alone. */
  lock(trx: AnyTransaction, customer: string): Promise<Spendable | undefined> {
    return on(trx)
      .selectFrom('billing_accounts')
      .select(['status', 'plan_type', 'balance_credit', 'balance_token'])
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }
}
