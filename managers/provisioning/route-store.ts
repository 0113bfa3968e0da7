import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import { after, type RevisionCursor } from './revision.ts'
import type { ProviderRoute } from './route-contract.ts'

/** A route as it is stored. */
export interface RouteRecord extends ProviderRoute {
  /** Of its last change. */
  revision: number
}

interface Tables {
  routes: RouteRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of routes: the super admin's, so no method but `deleteAllOf` is bound to a customer. Live rows, unless it says otherwise. */
export class RouteStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(page: PageRequest, { customer_id }: { customer_id?: string }): Promise<RouteRecord[]> {
    const wanted = customer_id === undefined ? this.#live() : this.#live().where('customer_id', '=', customer_id)
    return pageOf(wanted, page).execute()
  }

  find(id: string): Promise<RouteRecord | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  /** Whether a route of one of these customers serves this emergency number. */
  async hasShort(customers: readonly string[], number: string): Promise<boolean> {
    const found = this.#live().where('customer_id', 'in', customers).where('target', '=', number)
    // as the index says it
    const short = found.where(sql<boolean>`target ~ '^[0-9]'`)
    return (await short.limit(1).executeTakeFirst()) !== undefined
  }

  /** Deleted ones too: what changed since, in order. */
  changedSince(cursor: RevisionCursor, most: number): Promise<RouteRecord[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('routes')
      .selectAll()
      .where(after(cursor))
      .orderBy('revision')
      .orderBy('id')
      .limit(most)
      .execute()
  }

  async insert(trx: AnyTransaction, route: RouteRecord): Promise<void> {
    await on(trx).insertInto('routes').values(route).execute()
  }

  update(
    trx: AnyTransaction,
    id: string,
    change: Partial<RouteRecord> & Pick<RouteRecord, 'revision'>,
  ): Promise<RouteRecord | undefined> {
    return on(trx)
      .updateTable('routes')
      .set(change)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Deletes every route of the customer. */
  deleteAllOf(
    trx: AnyTransaction,
    customer: string,
    { revision, now }: { revision: number; now: Timestamp },
  ): Promise<RouteRecord[]> {
    return on(trx)
      .updateTable('routes')
      .set({ revision, tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('routes').selectAll().where('tm_delete', 'is', null)
  }
}
