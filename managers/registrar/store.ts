import { sql } from 'kysely'
import { type AnyTransaction, type Database, keyedRead } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import { isUuid } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { ExtensionCredentials, ExtensionCredentialsReader } from './credentials.ts'
import type { ExtensionRecord } from './extension.ts'

interface Tables {
  extensions: ExtensionRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of extensions: live rows only. */
export class ExtensionStore implements ExtensionCredentialsReader {
  readonly #db: Database
  readonly #findByExtension: (customer: string, extension: string) => Promise<ExtensionRecord | undefined>

  constructor(db: Database) {
    this.#db = db
    this.#findByExtension = keyedRead<Tables, ExtensionRecord>(db, (tables, customer, extension) =>
      tables
        .selectFrom('extensions')
        .selectAll()
        .where('customer_id', '=', customer)
        .where('tm_delete', 'is', null)
        .where('extension', '=', extension),
    )
  }

  list(customer: string, page: PageRequest): Promise<ExtensionRecord[]> {
    return pageOf(this.#live(customer), page).execute()
  }

  find(customer: string, id: string): Promise<ExtensionRecord | undefined> {
    return this.#live(customer).where('id', '=', id).executeTakeFirst()
  }

  findAll(customer: string, ids: readonly string[]): Promise<ExtensionRecord[]> {
    return this.#live(customer).where('id', 'in', ids).execute()
  }

  findByExtension(customer: string, extension: string): Promise<ExtensionRecord | undefined> {
    return this.#findByExtension(customer, extension)
  }

  async findCredentials(customer: string, extension: string): Promise<ExtensionCredentials | undefined> {
    const record = await this.findByExtension(customer, extension)
    if (!record) return undefined
    const { id, customer_id, ha1_md5, ha1_sha256 } = record
    return { extension_id: id, customer_id, extension: record.extension, ha1_md5, ha1_sha256 }
  }

  async count(trx: AnyTransaction, customer: string): Promise<number> {
    const row = await on(trx)
      .selectFrom('extensions')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Whether the row went in; it does not when the customer has the extension already. */
  async insert(trx: AnyTransaction, customer: string, record: ExtensionRecord): Promise<boolean> {
    const row = await on(trx)
      .insertInto('extensions')
      .values({ ...record, customer_id: customer })
      .onConflict((conflict) =>
        conflict.columns(['customer_id', 'extension']).where('tm_delete', 'is', null).doNothing(),
      )
      .returning('id')
      .executeTakeFirst()
    return row !== undefined
  }

  update(
    trx: AnyTransaction,
    customer: string,
    id: string,
    change: Partial<ExtensionRecord> & { tm_update: Timestamp },
  ): Promise<ExtensionRecord | undefined> {
    return on(trx)
      .updateTable('extensions')
      .set(change)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .returningAll()
      .executeTakeFirst()
  }

  deleteAllOf(trx: AnyTransaction, customer: string, now: Timestamp): Promise<ExtensionRecord[]> {
    return on(trx)
      .updateTable('extensions')
      .set({ tm_update: now, tm_delete: now })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
      .execute()
  }

  /** The id of the one of this number, else of this id; it is not deleted before the transaction ends. */
  async hold(trx: AnyTransaction, customer: string, idOrNumber: string): Promise<string | undefined> {
    const row = await on(trx)
      .selectFrom('extensions')
      .select('id')
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .where(({ eb, or }) =>
        or([eb('extension', '=', idOrNumber), ...(isUuid(idOrNumber) ? [eb('id', '=', idOrNumber)] : [])]),
      )
      .orderBy(sql`(extension = ${idOrNumber})`, 'desc')
      .limit(1)
      .forShare()
      .executeTakeFirst()
    return row?.id
  }

  #live(customer: string) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('extensions')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
  }
}
