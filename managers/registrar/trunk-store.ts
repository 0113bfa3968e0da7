import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { TrunkRecord } from './trunk.ts'

interface Tables {
  trunks: TrunkRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of trunks: live rows only. */
export class TrunkStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<TrunkRecord[]> {
    return pageOf(this.#live().where('customer_id', '=', customer), page).execute()
  }

  find(customer: string, id: string): Promise<TrunkRecord | undefined> {
    return this.#live().where('customer_id', '=', customer).where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide: whose domain a device calls. */
  findByDomainName(domain_name: string): Promise<TrunkRecord | undefined> {
    return this.#live().where('domain_name', '=', domain_name).executeTakeFirst()
  }

  async count(trx: AnyTransaction, customer: string): Promise<number> {
    const row = await on(trx)
      .selectFrom('trunks')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Whether the row went in; it does not when somebody has the domain name. */
  async insert(trx: AnyTransaction, customer: string, record: TrunkRecord): Promise<boolean> {
    const row = await on(trx)
      .insertInto('trunks')
      .values({ ...record, customer_id: customer })
      .onConflict((conflict) => conflict.column('domain_name').where('tm_delete', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: Partial<TrunkRecord> & { tm_update: Timestamp },
  ): Promise<TrunkRecord | undefined> {
    return on(trx)
      .updateTable('trunks')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** The trunk, held until the transaction ends. */
  lock(trx: AnyTransaction, customer: string, id: string): Promise<TrunkRecord | undefined> {
    return on(trx)
      .selectFrom('trunks')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<TrunkRecord[]> {
    return on(trx)
      .updateTable('trunks')
      .set({ tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('trunks').selectAll().where('tm_delete', 'is', null)
  }
}
