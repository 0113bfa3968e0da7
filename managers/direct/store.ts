import type { AnyTransaction, Database } from '#platform/db'
import type { Direct, DirectTarget } from './direct.ts'

interface Tables {
  directs: Direct
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of direct hashes. */
export class DirectStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Whether the row went in; it does not when the hash is taken. */
  async insert(trx: AnyTransaction, customer: string, direct: Direct): Promise<boolean> {
    const row = await on(trx)
      .insertInto('directs')
      .values({ ...direct, customer_id: customer })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  /** Removes the hash of a resource and returns what it was. */
  remove(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<Direct | undefined> {
    return on(trx)
      .deleteFrom('directs')
      .where('customer_id', '=', customer)
      .where('resource_type', '=', target.resource_type)
      .where('resource_id', '=', target.resource_id)
      .returningAll()
      .executeTakeFirst()
  }

  /** Removes every hash of the customer and returns what they were. */
  removeAllOf(trx: AnyTransaction, customer: string): Promise<Direct[]> {
    return on(trx).deleteFrom('directs').where('customer_id', '=', customer).returningAll().execute()
  }

  /** Platform-wide: whose hash this is. */
  findByHash(hash: string): Promise<Direct | undefined> {
    return this.#db.kysely<Tables>().selectFrom('directs').selectAll().where('hash', '=', hash).executeTakeFirst()
  }
}
