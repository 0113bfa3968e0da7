import { type AnyTransaction, type Database, jsonb } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { ProviderRecord } from './provider.ts'
import { after, type RevisionCursor } from './revision.ts'

interface Tables {
  providers: ProviderRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of providers: the platform's own, so no method has a customer. Live rows only, unless it says otherwise. */
export class ProviderStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(page: PageRequest): Promise<ProviderRecord[]> {
    return pageOf(this.#live(), page).execute()
  }

  all(): Promise<ProviderRecord[]> {
    return this.#live().orderBy('tm_create').orderBy('id').execute()
  }

  find(id: string): Promise<ProviderRecord | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  /** Whether it lives; nobody deletes it until the transaction ends. */
  async hold(trx: AnyTransaction, id: string): Promise<ProviderRecord | undefined> {
    return on(trx)
      .selectFrom('providers')
      .selectAll()
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .forUpdate()
      .executeTakeFirst()
  }

  /** Deleted ones too: what changed since, in order. */
  changedSince(cursor: RevisionCursor, most: number): Promise<ProviderRecord[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('providers')
      .selectAll()
      .where(after(cursor))
      .orderBy('revision')
      .orderBy('id')
      .limit(most)
      .execute()
  }

  async insert(trx: AnyTransaction, provider: ProviderRecord): Promise<void> {
    await on(trx)
      .insertInto('providers')
      .values({
        ...provider,
        tech_headers: jsonb(provider.tech_headers),
        metadata: provider.metadata && jsonb(provider.metadata),
      })
      .execute()
  }

  update(
    trx: AnyTransaction,
    id: string,
    { tech_headers, ...change }: Omit<Partial<ProviderRecord>, 'metadata'> & Pick<ProviderRecord, 'revision'>,
  ): Promise<ProviderRecord | undefined> {
    return on(trx)
      .updateTable('providers')
      .set({ ...change, ...(tech_headers ? { tech_headers: jsonb(tech_headers) } : {}) })
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  /** Takes the probes upon itself that nobody has since `before`: each is taken once, however many nodes ask. */
  async claimProbes(
    trx: AnyTransaction,
    { now, before, most }: { now: Timestamp; before: Timestamp; most: number },
  ): Promise<{ id: string }[]> {
    const due = on(trx)
      .selectFrom('providers')
      .select('id')
      .where('tm_delete', 'is', null)
      .where((row) => row.or([row('tm_probe', 'is', null), row('tm_probe', '<=', before)]))
      .orderBy('tm_probe')
      .limit(most)
      .forUpdate()
      .skipLocked()
    return on(trx).updateTable('providers').set({ tm_probe: now }).where('id', 'in', due).returning('id').execute()
  }

  /** Takes the registrations upon this node that it has, or that no node has said for a while that it does. */
  claimRegistrations(
    trx: AnyTransaction,
    { node, now, before }: { node: string; now: Timestamp; before: Timestamp },
  ): Promise<{ id: string }[]> {
    return on(trx)
      .updateTable('providers')
      .set({ registration_node: node, tm_registration: now })
      .where('registration', '=', true)
      .where('tm_delete', 'is', null)
      .where((row) =>
        row.or([
          row('registration_node', '=', node),
          row('tm_registration', 'is', null),
          row('tm_registration', '<=', before),
        ]),
      )
      .returning('id')
      .execute()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('providers').selectAll().where('tm_delete', 'is', null)
  }
}
