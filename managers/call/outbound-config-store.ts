import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { OutboundConfig } from './outbound-config.ts'

interface Tables {
  outbound_configs: OutboundConfig
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of what customers may call in the telephone network: live rows only. */
export class OutboundConfigStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The customer's own; `undefined` where it has none. */
  find(customer: string): Promise<OutboundConfig | undefined> {
    return this.#live().where('customer_id', '=', customer).executeTakeFirst()
  }

  /** Platform-wide, for super admins: by its own id. */
  findById(id: string): Promise<OutboundConfig | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide, for super admins: of all customers, or of one. */
  listAll(page: PageRequest, customer?: string): Promise<OutboundConfig[]> {
    const all = this.#live()
    return pageOf(customer === undefined ? all : all.where('customer_id', '=', customer), page).execute()
  }

  /** Whether the row went in; it does not when the customer has one. */
  async insert(trx: AnyTransaction, customer: string, config: OutboundConfig): Promise<boolean> {
    const row = await on(trx)
      .insertInto('outbound_configs')
      .values({ ...config, customer_id: customer })
      .onConflict((conflict) => conflict.column('customer_id').where('tm_delete', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  /** Changes the customer's own; gives it as it is then. */
  update(
    trx: AnyTransaction,
    customer: string,
    change: Partial<OutboundConfig> & { tm_update: Timestamp },
  ): Promise<OutboundConfig | undefined> {
    return on(trx)
      .updateTable('outbound_configs')
      .set(change)
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('outbound_configs').selectAll().where('tm_delete', 'is', null)
  }
}
