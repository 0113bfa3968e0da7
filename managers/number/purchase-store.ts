import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { Purchase, PurchaseState } from './purchase.ts'

interface Tables {
  number_purchases: Purchase
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** As the index says it, and not as a parameter: with one PostgreSQL does not see that it is the index. */
const OPEN = sql<boolean>`state <> 'released'`

/** SQL of purchases at vendors. */
export class PurchaseStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Whether the row went in; it does not while somebody has, buys or gives back the number. */
  async insert(trx: AnyTransaction, customer: string, purchase: Purchase): Promise<boolean> {
    const row = await on(trx)
      .insertInto('number_purchases')
      .values({ ...purchase, customer_id: customer })
      .onConflict((conflict) => conflict.column('number').where(OPEN).doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  /** Goes on with the customer's own purchase of this number to which no answer came; `undefined` where there is none. */
  resume(trx: AnyTransaction, customer: string, number: string, now: Timestamp): Promise<Purchase | undefined> {
    return on(trx)
      .updateTable('number_purchases')
      .set({ state: 'buying', tm_update: now })
      .where('customer_id', '=', customer)
      .where('number', '=', number)
      .where('state', '=', 'unsure')
      .returningAll()
      .executeTakeFirst()
  }

  /** Takes the step, where the purchase is still at one of `from`; gives it as it is then. */
  step(
    trx: AnyTransaction,
    { customer_id, id }: Purchase,
    from: readonly PurchaseState[],
    change: Partial<Purchase> & { state: PurchaseState; tm_update: Timestamp },
  ): Promise<Purchase | undefined> {
    return on(trx)
      .updateTable('number_purchases')
      .set(change)
      .where('customer_id', '=', customer_id)
      .where('id', '=', id)
      .where('state', 'in', from)
      .returningAll()
      .executeTakeFirst()
  }

  /** Forgets a purchase that bought nothing; gives it where it was there. */
  remove(trx: AnyTransaction, { customer_id, id }: Purchase): Promise<Purchase | undefined> {
    return on(trx)
      .deleteFrom('number_purchases')
      .where('customer_id', '=', customer_id)
      .where('id', '=', id)
      .where('state', '=', 'buying')
      .returningAll()
      .executeTakeFirst()
  }

  /** Lets what these numbers were bought by be given back, in the transaction that deletes them; gives the purchases. */
  giveBack(trx: AnyTransaction, customer: string, number_ids: readonly string[], now: Timestamp): Promise<Purchase[]> {
    return on(trx)
      .updateTable('number_purchases')
      .set({ state: 'releasing', tm_update: now })
      .where('customer_id', '=', customer)
      .where('number_id', 'in', number_ids)
      .where('state', '=', 'held')
      .returningAll()
      .execute()
  }

  /** Platform-wide: those that somebody has to see to: given back since ever, or without an outcome since `before`. */
  open(before: Timestamp, limit: number): Promise<Purchase[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('number_purchases')
      .selectAll()
      .where((row) =>
        row.or([
          row('state', '=', 'releasing'),
          row.and([row('state', 'in', ['buying', 'unsure']), row('tm_update', '<', before)]),
        ]),
      )
      .orderBy('tm_update')
      .limit(limit)
      .execute()
  }
}
