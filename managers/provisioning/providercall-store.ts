import { type AnyTransaction, type Database, jsonb } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { ProviderCall } from './providercall-contract.ts'

interface Tables {
  provider_calls: ProviderCall
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of test calls: the super admin's, whichever customer they were made for. Live rows only. */
export class ProviderCallStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(page: PageRequest, { provider_id }: { provider_id?: string }): Promise<ProviderCall[]> {
    const wanted = provider_id === undefined ? this.#live() : this.#live().where('provider_id', '=', provider_id)
    return pageOf(wanted, page).execute()
  }

  find(id: string): Promise<ProviderCall | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  async insert(trx: AnyTransaction, made: ProviderCall): Promise<void> {
    const { source, destinations, ...rest } = made
    await on(trx)
      .insertInto('provider_calls')
      .values({ ...rest, source: jsonb(source), destinations: jsonb(destinations) })
      .execute()
  }

  delete(trx: AnyTransaction, id: string, now: Timestamp): Promise<ProviderCall | undefined> {
    return on(trx)
      .updateTable('provider_calls')
      .set({ tm_update: now, tm_delete: now })
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('provider_calls').selectAll().where('tm_delete', 'is', null)
  }
}
