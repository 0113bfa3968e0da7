import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { StorageAccount } from './account-contract.ts'

interface Tables {
  storage_accounts: StorageAccount
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of storage accounts: live rows only, unless said. */
export class AccountStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Platform-wide. */
  list(page: PageRequest): Promise<StorageAccount[]> {
    return pageOf(this.#live(), page).execute()
  }

  find(customer: string): Promise<StorageAccount | undefined> {
    return this.#live().where('customer_id', '=', customer).executeTakeFirst()
  }

  findById(customer: string, id: string): Promise<StorageAccount | undefined> {
    return this.#live().where('customer_id', '=', customer).where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide, for super admins. */
  findAnybodys(id: string): Promise<StorageAccount | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  /** The live one, else the one that was deleted last: in one look, so that one which is just being made is not missed. */
  latest(customer: string): Promise<StorageAccount | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('storage_accounts')
      .selectAll()
      .where('customer_id', '=', customer)
      .orderBy('tm_delete', (order) => order.desc().nullsFirst())
      .limit(1)
      .executeTakeFirst()
  }

  /** Nobody else changes it before the transaction ends: who counts takes turns. */
  lock(trx: AnyTransaction, customer: string): Promise<StorageAccount | undefined> {
    return on(trx)
      .selectFrom('storage_accounts')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  /** `undefined` where the customer has one already. */
  insert(trx: AnyTransaction, customer: string, account: StorageAccount): Promise<StorageAccount | undefined> {
    return on(trx)
      .insertInto('storage_accounts')
      .values({ ...account, customer_id: customer })
      .onConflict((conflict) => conflict.column('customer_id').where('tm_delete', 'is', null).doNothing())
      .returningAll()
      .executeTakeFirst()
  }

  /** Counts files in (or out, below zero). */
  count(
    trx: AnyTransaction,
    customer: string,
    change: { count: number; size: number; tm_update: Timestamp },
  ): Promise<StorageAccount | undefined> {
    return on(trx)
      .updateTable('storage_accounts')
      .set({
        total_file_count: sql`total_file_count + ${change.count}`,
        total_file_size: sql`total_file_size + ${change.size}`,
        tm_update: change.tm_update,
      })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  delete(trx: AnyTransaction, customer: string, tm_delete: Timestamp): Promise<StorageAccount | undefined> {
    return on(trx)
      .updateTable('storage_accounts')
      .set({ tm_delete, tm_update: tm_delete, total_file_count: 0, total_file_size: 0 })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('storage_accounts').selectAll().where('tm_delete', 'is', null)
  }
}
