import { sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { PhoneNumber } from './contract.ts'

interface Tables {
  numbers: PhoneNumber
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of numbers: live rows only. */
export class NumberStore {
  readonly #db: Database
  readonly #findByNumber: (number: string) => Promise<PhoneNumber | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#findByNumber = keyedRead<Tables, PhoneNumber>(db, (tables, number) =>
      tables.selectFrom('numbers').selectAll().where('number', '=', number).where('tm_delete', 'is', null),
    )
  }

  list(customer: string, page: PageRequest): Promise<PhoneNumber[]> {
    const mine = this.#db
      .kysely<Tables>()
      .selectFrom('numbers')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
    return pageOf(mine, page).execute()
  }

  find(customer: string, id: string): Promise<PhoneNumber | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('numbers')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Platform-wide: whose number this is. */
  findByNumber(number: string): Promise<PhoneNumber | undefined> {
    return this.#findByNumber(number)
  }

  /** How many virtual numbers the customer has. */
  async countVirtual(trx: AnyTransaction, customer: string): Promise<number> {
    const row = await on(trx)
      .selectFrom('numbers')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('customer_id', '=', customer)
      .where('type', '=', 'virtual')
      .where('tm_delete', 'is', null)
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Whether the row went in; it does not when somebody has the number. */
  async insert(trx: AnyTransaction, customer: string, number: PhoneNumber): Promise<boolean> {
    const row = await on(trx)
      .insertInto('numbers')
      .values({ ...number, customer_id: customer })
      .onConflict((conflict) => conflict.column('number').where('tm_delete', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: Partial<PhoneNumber> & { tm_update: Timestamp },
  ): Promise<PhoneNumber | undefined> {
    return on(trx)
      .updateTable('numbers')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Gives back every number of the customer, and returns them as they are then. */
  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<PhoneNumber[]> {
    return on(trx)
      .updateTable('numbers')
      .set({ status: 'deleted', tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  /** Takes a flow off every number that it answers, and returns these. */
  detachFlow(trx: AnyTransaction, customer: string, flow_id: string, tm_update: Timestamp): Promise<PhoneNumber[]> {
    return on(trx)
      .updateTable('numbers')
      .set({
        call_flow_id: sql<string>`case when call_flow_id = ${flow_id}::uuid then ${NIL_UUID}::uuid else call_flow_id end`,
        message_flow_id: sql<string>`case when message_flow_id = ${flow_id}::uuid then ${NIL_UUID}::uuid else message_flow_id end`,
        tm_update,
      })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .where((row) => row.or([row('call_flow_id', '=', flow_id), row('message_flow_id', '=', flow_id)]))
      .returningAll()
      .execute()
  }
}
