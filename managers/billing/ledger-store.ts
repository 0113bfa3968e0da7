import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { BillingRecord, ReferenceType, TransactionType } from './billing.ts'

interface Tables {
  billings: BillingRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of the ledger. Rows are added, and completed once; none is ever taken away. */
export class LedgerStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<BillingRecord[]> {
    return pageOf(this.#of(customer), page).execute()
  }

  find(customer: string, id: string): Promise<BillingRecord | undefined> {
    return this.#of(customer).where('id', '=', id).executeTakeFirst()
  }

  /** The row of a thing; there is at most one of each kind. Platform-wide: the reference names one thing of one customer. */
  findReference(
    trx: AnyTransaction,
    transaction_type: TransactionType,
    reference_type: ReferenceType,
    reference_id: string,
  ): Promise<BillingRecord | undefined> {
    return on(trx)
      .selectFrom('billings')
      .selectAll()
      .where('transaction_type', '=', transaction_type)
      .where('reference_type', '=', reference_type)
      .where('reference_id', '=', reference_id)
      .executeTakeFirst()
  }

  async insert(trx: AnyTransaction, customer: string, record: BillingRecord): Promise<void> {
    await on(trx)
      .insertInto('billings')
      .values({ ...record, customer_id: customer })
      .execute()
  }

  /** Completes a row that was begun. */
  async complete(trx: AnyTransaction, customer: string, record: BillingRecord): Promise<void> {
    await on(trx)
      .updateTable('billings')
      .set(record)
      .where('customer_id', '=', customer)
      .where('id', '=', record.id)
      .where('status', '=', 'progressing')
      .execute()
  }

  #of(customer: string) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('billings')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}
