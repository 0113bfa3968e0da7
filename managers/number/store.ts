import { sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { PhoneNumber } from './contract.ts'

interface Tables {
  numbers: PhoneNumber
}

/** What renewing a number needs to know of it. */
export type Due = Pick<PhoneNumber, 'id' | 'customer_id' | 'number' | 'tm_renew' | 'tm_release'>

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

  /** The oldest active one that is not virtual. */
  anyToShow(customer: string): Promise<PhoneNumber | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('numbers')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('type', '=', 'normal')
      .where('status', '=', 'active')
      .where('tm_delete', 'is', null)
      .orderBy('tm_create')
      .limit(1)
      .executeTakeFirst()
  }

  /** Platform-wide: whose number this is. */
  findByNumber(number: string): Promise<PhoneNumber | undefined> {
    return this.#findByNumber(number)
  }

  /** Platform-wide: whether some customer has the number. */
  async isTaken(trx: AnyTransaction, number: string): Promise<boolean> {
    const row = await on(trx)
      .selectFrom('numbers')
      .select('id')
      .where('number', '=', number)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
    return row !== undefined
  }

  /** Platform-wide: which of these some customer has. */
  async takenOf(numbers: readonly string[]): Promise<Set<string>> {
    if (numbers.length === 0) return new Set()
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('numbers')
      .select('number')
      .where('number', 'in', numbers)
      .where('tm_delete', 'is', null)
      .execute()
    return new Set(rows.map(({ number }) => number))
  }

  /** Platform-wide: those that were renewed before this moment, the longest first, after the last one of the batch before. */
  due(before: Timestamp, after: Due | undefined, limit: number): Promise<Due[]> {
    const rows = this.#db
      .kysely<Tables>()
      .selectFrom('numbers')
      .select(['id', 'customer_id', 'number', 'tm_renew', 'tm_release'])
      .where('tm_delete', 'is', null)
      .where('tm_renew', '<', before)
    const begun = after
      ? rows.where(sql<boolean>`(tm_renew, id) > (${after.tm_renew}::timestamptz, ${after.id}::uuid)`)
      : rows
    return begun.orderBy('tm_renew').orderBy('id').limit(limit).execute()
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

  /** Renews a number that still waits for it. */
  updateDue(
    trx: AnyTransaction,
    customer: string,
    id: string,
    before: Timestamp,
    change: Partial<PhoneNumber> & { tm_renew: Timestamp },
  ): Promise<PhoneNumber | undefined> {
    return on(trx)
      .updateTable('numbers')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_renew', '<', before)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Says when a number goes that could not be renewed, where that is not said yet. */
  warn(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: { tm_release: Timestamp; tm_update: Timestamp },
  ): Promise<PhoneNumber | undefined> {
    return on(trx)
      .updateTable('numbers')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_release', 'is', null)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Gives back every number of the customer, and returns them as they are then. */
  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<PhoneNumber[]> {
    return on(trx)
      .updateTable('numbers')
      .set({ status: 'deleted', tm_release: null, tm_update: now, tm_delete: now })
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
