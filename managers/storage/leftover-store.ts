import type { Kysely } from 'kysely'
import type { Database } from '#platform/db'
import type { Timestamp } from '#platform/time'

interface Tables {
  storage_leftovers: { object: string; tm_due: Timestamp }
}

/** The database, or a transaction on it. */
interface Writer {
  kysely<T>(): Kysely<T>
}

/**
 * Objects that no file claims (yet, or any more). Platform-wide: an object's name is unique, and whose it was does not
 * matter to who clears up.
 */
export class LeftoverStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Notes objects that are to be gone after this moment unless a file claims them by then. */
  async note(objects: readonly string[], tm_due: Timestamp, writer: Writer = this.#db): Promise<void> {
    if (objects.length === 0) return
    await writer
      .kysely<Tables>()
      .insertInto('storage_leftovers')
      .values(objects.map((object) => ({ object, tm_due })))
      .onConflict((conflict) => conflict.column('object').doUpdateSet({ tm_due }))
      .execute()
  }

  async forget(objects: readonly string[], writer: Writer = this.#db): Promise<void> {
    if (objects.length === 0) return
    await writer.kysely<Tables>().deleteFrom('storage_leftovers').where('object', 'in', objects).execute()
  }

  /** The oldest that are due, so many at most. */
  async due(now: Timestamp, most: number): Promise<string[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('storage_leftovers')
      .select('object')
      .where('tm_due', '<=', now)
      .orderBy('tm_due')
      .limit(most)
      .execute()
    return rows.map(({ object }) => object)
  }
}
