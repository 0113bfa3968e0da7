import { sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { CustomerRecord } from './customer.ts'

interface Tables {
  customers: CustomerRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of customers. A customer is its own tenant: its id is what every method takes first. */
export class CustomerStore {
  readonly #db: Database
  readonly #find: (customer: string) => Promise<CustomerRecord | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#find = keyedRead<Tables, CustomerRecord>(db, (tables, customer) =>
      tables.selectFrom('customers').selectAll().where('id', '=', customer),
    )
  }

  /** The customer, whatever its state; `undefined` when there never was one. */
  find(customer: string): Promise<CustomerRecord | undefined> {
    return this.#find(customer)
  }

  /** Platform-wide: the customer that has this e-mail, in whatever case it is written, unless it is deleted. */
  findByEmail(email: string): Promise<CustomerRecord | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('customers')
      .selectAll()
      .where(sql<boolean>`lower(email) = lower(${email})`)
      .where('email', '<>', '')
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Platform-wide: the customers that are not deleted, newest first. */
  list(page: PageRequest): Promise<CustomerRecord[]> {
    const all = this.#db.kysely<Tables>().selectFrom('customers').selectAll().where('tm_delete', 'is', null)
    return pageOf(all, page).execute()
  }

  /** Platform-wide: customers that were frozen at or before a moment, so many at most, the earliest first. */
  async frozenBefore(moment: Timestamp, most: number): Promise<string[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('customers')
      .select('id')
      .where('status', '=', 'frozen')
      .where('tm_delete', 'is', null)
      .where('tm_deletion_scheduled', '<=', moment)
      .orderBy('tm_deletion_scheduled')
      .limit(most)
      .execute()
    return rows.map(({ id }) => id)
  }

  /** Platform-wide: those of these customers for whom nothing may go on any more. */
  async closedAmong(customers: readonly string[]): Promise<string[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('customers')
      .select('id')
      .where('id', 'in', customers)
      .where((row) => row.or([row('tm_delete', 'is not', null), row('status', 'in', ['frozen', 'deleted', 'expired'])]))
      .execute()
    return rows.map(({ id }) => id)
  }

  /** Platform-wide: customers that were made at or before a moment and are unverified still, so many at most. */
  async unverifiedBefore(moment: Timestamp, most: number): Promise<string[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('customers')
      .select('id')
      .where('status', '=', 'initial')
      .where('tm_delete', 'is', null)
      .where('tm_create', '<=', moment)
      .orderBy('tm_create')
      .limit(most)
      .execute()
    return rows.map(({ id }) => id)
  }

  /** The customer, whatever its state, held until the transaction ends. */
  lock(trx: AnyTransaction, customer: string): Promise<CustomerRecord | undefined> {
    return on(trx).selectFrom('customers').selectAll().where('id', '=', customer).forUpdate().executeTakeFirst()
  }

  async insert(trx: AnyTransaction, customer: string, record: CustomerRecord): Promise<void> {
    await on(trx)
      .insertInto('customers')
      .values({ ...record, id: customer })
      .execute()
  }

  update(
    trx: AnyTransaction,
    customer: string,
    change: Partial<CustomerRecord> & { tm_update: Timestamp },
  ): Promise<CustomerRecord | undefined> {
    return on(trx)
      .updateTable('customers')
      .set(change)
      .where('id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }
}
