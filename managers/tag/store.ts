import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Tag } from './contract.ts'

interface Tables {
  tags: Tag
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of tags: live rows only. */
export class TagStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<Tag[]> {
    return pageOf(this.#live(customer), page).execute()
  }

  find(customer: string, id: string): Promise<Tag | undefined> {
    return this.#live(customer).where('id', '=', id).executeTakeFirst()
  }

  /** Those of the ids that are live, held until the transaction ends: none of them is deleted before. */
  async hold(trx: AnyTransaction, customer: string, ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const rows = await on(trx)
      .selectFrom('tags')
      .select('id')
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .where('tm_delete', 'is', null)
      .orderBy('id')
      .forShare()
      .execute()
    return rows.map(({ id }) => id)
  }

  async insert(trx: AnyTransaction, customer: string, tag: Tag): Promise<void> {
    await on(trx)
      .insertInto('tags')
      .values({ ...tag, customer_id: customer })
      .execute()
  }

  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: Partial<Tag> & { tm_update: Timestamp },
  ): Promise<Tag | undefined> {
    return on(trx)
      .updateTable('tags')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<Tag[]> {
    return on(trx)
      .updateTable('tags')
      .set({ tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  #live(customer: string) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('tags')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}
