import { sql, type Transaction } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { ExtensionCredentials } from '../credentials.ts'
import type { ExtensionRecord } from '../extension.ts'
import type { Binding } from './binding.ts'

interface Tables {
  registrations: Binding
  extensions: Pick<ExtensionRecord, 'id' | 'customer_id' | 'ha1_md5' | 'tm_delete'>
}

const on = (trx: AnyTransaction): Transaction<Tables> => trx.kysely<Tables>()

/** SQL of registrations. */
export class RegistrationStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The bindings that hold now, the oldest first. */
  live(customer: string, extension_id: string, now: Timestamp): Promise<Binding[]> {
    return this.liveOf(customer, [extension_id], now)
  }

  /** The same of several extensions. */
  liveOf(customer: string, extension_ids: readonly string[], now: Timestamp): Promise<Binding[]> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('registrations')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('extension_id', 'in', extension_ids)
      .where('tm_expire', '>', now)
      .orderBy('tm_update')
      .orderBy('id')
      .execute()
  }

  /**
   * The same for changing them: one change of an extension's bindings at a time, whichever node makes it. `undefined` where
   * what a phone has proved meanwhile proves nothing any more: the extension is gone, or has another password.
   */
  async lock(
    trx: AnyTransaction,
    { customer_id, extension_id, ha1_md5 }: ExtensionCredentials,
    now: Timestamp,
  ): Promise<Binding[] | undefined> {
    await this.#lockOut(trx, extension_id)
    const rows = await on(trx)
      .selectFrom('extensions')
      .leftJoin('registrations', (join) =>
        join
          .onRef('registrations.customer_id', '=', 'extensions.customer_id')
          .onRef('registrations.extension_id', '=', 'extensions.id'),
      )
      .selectAll('registrations')
      .where('extensions.customer_id', '=', customer_id)
      .where('extensions.id', '=', extension_id)
      .where('extensions.tm_delete', 'is', null)
      .where('extensions.ha1_md5', '=', ha1_md5)
      .orderBy('registrations.tm_update')
      .orderBy('registrations.id')
      .execute()
    if (rows.length === 0) return undefined
    return rows.filter((row): row is Binding => row.id !== null).filter((row) => row.tm_expire > now)
  }

  /** Leaves exactly these: removes what is gone, expired rows too, and writes what is new. */
  async replace(
    trx: AnyTransaction,
    customer: string,
    extension_id: string,
    { bindings, written }: { bindings: readonly Binding[]; written: readonly Binding[] },
  ): Promise<void> {
    const kept = bindings.filter((binding) => !written.includes(binding)).map((binding) => binding.id)
    let gone = on(trx)
      .deleteFrom('registrations')
      .where('customer_id', '=', customer)
      .where('extension_id', '=', extension_id)
    if (kept.length > 0) gone = gone.where('id', 'not in', kept)
    await gone.execute()
    if (written.length > 0)
      await on(trx)
        .insertInto('registrations')
        .values([...written])
        .execute()
  }

  /** Every binding of an extension, in the transaction that deletes it or gives it another password. */
  async removeAll(trx: AnyTransaction, customer: string, extension_id: string): Promise<void> {
    await this.#lockOut(trx, extension_id)
    await on(trx)
      .deleteFrom('registrations')
      .where('customer_id', '=', customer)
      .where('extension_id', '=', extension_id)
      .execute()
  }

  /** Platform-wide: what ran out. */
  async sweep(now: Timestamp): Promise<void> {
    await this.#db.kysely<Tables>().deleteFrom('registrations').where('tm_expire', '<=', now).execute()
  }

  /** Platform-wide: the bindings over connections to this node (`FlowKey.connection` begins with both) before this life of it. */
  async removeEarlier({ node, incarnation }: { node: string; incarnation: string }): Promise<void> {
    const connection = sql<string>`split_part(flow, ';', 6)`
    await this.#db
      .kysely<Tables>()
      .deleteFrom('registrations')
      .where(connection, 'like', `${node}.%`)
      .where(connection, 'not like', `${node}.${incarnation}.%`)
      .execute()
  }

  /** Platform-wide: the bindings over connections that are dead. */
  async removeFlows(flows: string[]): Promise<void> {
    await this.#db.kysely<Tables>().deleteFrom('registrations').where('flow', 'in', flows).execute()
  }

  /** Nobody else changes the bindings of this extension before the transaction ends. */
  async #lockOut(trx: AnyTransaction, extension_id: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`registrations ${extension_id}`}, 0))`.execute(on(trx))
  }
}
