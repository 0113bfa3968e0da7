import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { BillingRecord, TransactionType } from './billing.ts'
import type { Reference } from './charge.ts'

interface Tables {
  billings: BillingRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of the ledger. Rows are added; none is ever changed or taken away. */
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

  /** The rows of things; there is at most one of each kind. Platform-wide: a reference names one thing of one customer. */
  findReferences(
    trx: AnyTransaction,
    transaction_type: TransactionType,
    references: readonly Reference[],
  ): Promise<BillingRecord[]> {
    if (references.length === 0) return Promise.resolve([])
    const types = [...new Set(references.map(({ reference_type }) => reference_type))]
    const ids = references.map(({ reference_id }) => reference_id)
    return on(trx)
      .selectFrom('billings')
      .selectAll()
      .where('transaction_type', '=', transaction_type)
      .where('reference_type', 'in', types)
      .where('reference_id', 'in', ids)
      .execute()
  }

  async insert(trx: AnyTransaction, customer: string, records: readonly BillingRecord[]): Promise<void> {
    await on(trx)
      .insertInto('billings')
      .values(records.map((record) => ({ ...record, customer_id: customer })))
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
