import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'

/** What a customer has of calls, and when a row of it is over. */
const KINDS = { calls: 'hangup', groupcalls: 'hangup', recordings: 'ended', transfers: 'progressing' } as const
export type HistoryKind = keyof typeof KINDS

interface Row {
  id: string
  customer_id: string
  status: string
  tm_update: Timestamp | null
  tm_delete: Timestamp | null
}
type Tables = Record<HistoryKind, Row> & { closed_histories: { customer_id: string; tm_create: Timestamp } }

/** SQL of customers whose histories are to be deleted, and of what is left of them. */
export class ClosedHistoryStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async note(trx: AnyTransaction, customer_id: string, tm_create: Timestamp): Promise<void> {
    const note = trx.kysely<Tables>().insertInto('closed_histories').values({ customer_id, tm_create })
    await note.onConflict((conflict) => conflict.doNothing()).execute()
  }

  /** Platform-wide: those that were noted, the oldest first. */
  async noted(): Promise<string[]> {
    const rows = this.#db.kysely<Tables>().selectFrom('closed_histories').select('customer_id')
    return (await rows.orderBy('tm_create').execute()).map(({ customer_id }) => customer_id)
  }

  async forget(trx: AnyTransaction, customer: string): Promise<void> {
    await trx.kysely<Tables>().deleteFrom('closed_histories').where('customer_id', '=', customer).execute()
  }

  /** Some of what is over. */
  async over(customer: string, kind: HistoryKind, most: number): Promise<string[]> {
    const over = this.#left(customer, kind).where('status', kind === 'transfers' ? '<>' : '=', KINDS[kind])
    return (await over.limit(most).execute()).map(({ id }) => id)
  }

  /** Whether anything is left, be it over or not. */
  async hasAny(customer: string): Promise<boolean> {
    for (const kind of Object.keys(KINDS) as HistoryKind[])
      if ((await this.#left(customer, kind).limit(1).execute()).length > 0) return true
    return false
  }

  /** Deletes transfers that are over, of which nothing is announced. */
  async deleteTransfers(customer: string, ids: readonly string[], now: Timestamp): Promise<void> {
    await this.#db
      .kysely<Tables>()
      .updateTable('transfers')
      .set({ tm_delete: now, tm_update: now })
      .where('customer_id', '=', customer)
      .where('id', 'in', ids)
      .where('status', '<>', 'progressing')
      .where('tm_delete', 'is', null)
      .execute()
  }

  #left(customer: string, kind: HistoryKind) {
    const rows = this.#db.kysely<Tables>().selectFrom(kind as 'calls')
    return rows.select('id').where('customer_id', '=', customer).where('tm_delete', 'is', null)
  }
}
