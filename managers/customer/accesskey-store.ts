import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { AccesskeyRecord } from './accesskey.ts'

interface Tables {
  accesskeys: AccesskeyRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of access keys. */
export class AccesskeyStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest): Promise<AccesskeyRecord[]> {
    return pageOf(this.#all(customer).where('tm_delete', 'is', null), page).execute()
  }

  find(customer: string, id: string): Promise<AccesskeyRecord | undefined> {
    return this.#all(customer).where('id', '=', id).where('tm_delete', 'is', null).executeTakeFirst()
  }

  /** A key that may be deleted already, for a second DELETE. */
  findEvenDeleted(customer: string, id: string): Promise<AccesskeyRecord | undefined> {
    return this.#all(customer).where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide: the key of a token, whosever and in whatever state it is. */
  findByTokenHash(token_hash: Uint8Array): Promise<AccesskeyRecord | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('accesskeys')
      .selectAll()
      .where('token_hash', '=', token_hash)
      .executeTakeFirst()
  }

  async insert(trx: AnyTransaction, customer: string, record: AccesskeyRecord): Promise<void> {
    await on(trx)
      .insertInto('accesskeys')
      .values({ ...record, customer_id: customer })
      .execute()
  }

  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: Partial<AccesskeyRecord> & { tm_update: Timestamp },
  ): Promise<AccesskeyRecord | undefined> {
    return on(trx)
      .updateTable('accesskeys')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Platform-wide: when these keys were last used; never earlier than what is kept already. */
  async noteUse(uses: readonly { id: string; tm_last_used: Timestamp }[]): Promise<void> {
    const ids = uses.map(({ id }) => id)
    const times = uses.map(({ tm_last_used }) => tm_last_used)
    await sql`
      update accesskeys as k set tm_last_used = u.tm
      from unnest(${ids}::uuid[], ${times}::timestamptz[]) as u (id, tm)
      where k.id = u.id and (k.tm_last_used is null or k.tm_last_used < u.tm)`.execute(this.#db.kysely<Tables>())
  }

  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<AccesskeyRecord[]> {
    return on(trx)
      .updateTable('accesskeys')
      .set({ tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  #all(customer: string) {
    return this.#db.kysely<Tables>().selectFrom('accesskeys').selectAll().where('customer_id', '=', customer)
  }
}
