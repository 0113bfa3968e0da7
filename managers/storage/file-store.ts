import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Timestamp } from '#platform/time'
import type { FileFilter, StorageFile } from './contract.ts'
import type { FileRecord } from './file.ts'

interface Tables {
  storage_files: FileRecord
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** SQL of files: live rows only. */
export class FileStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(customer: string, page: PageRequest, filter: FileFilter = {}): Promise<FileRecord[]> {
    let mine = this.#live().where('customer_id', '=', customer)
    for (const name of ['type', 'reference_type', 'reference_id', 'owner_id'] as const) {
      const value = filter[name]
      if (value !== undefined) mine = mine.where(name, '=', value)
    }
    return pageOf(mine, page).execute()
  }

  find(customer: string, id: string): Promise<FileRecord | undefined> {
    return this.#live().where('customer_id', '=', customer).where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide, for signed addresses: whoever has one was given it by its owner. */
  findForDownload(id: string): Promise<FileRecord | undefined> {
    return this.#live().where('id', '=', id).executeTakeFirst()
  }

  /** Platform-wide, for the same: the files of a recording, at most so many, in the order of their names. */
  findAllOf(reference_type: StorageFile['reference_type'], reference_id: string, most: number): Promise<FileRecord[]> {
    return this.#live()
      .where('reference_type', '=', reference_type)
      .where('reference_id', '=', reference_id)
      .orderBy('filename')
      .limit(most)
      .execute()
  }

  /** Platform-wide, for the sweep: which of these objects a file claims. */
  async claimed(objects: readonly string[]): Promise<Set<string>> {
    const rows = await this.#live().where('object', 'in', objects).execute()
    return new Set(rows.map(({ object }) => object))
  }

  async insert(trx: AnyTransaction, customer: string, file: FileRecord): Promise<void> {
    await on(trx)
      .insertInto('storage_files')
      .values({ ...file, customer_id: customer })
      .execute()
  }

  async setAddress(
    customer: string,
    id: string,
    address: Pick<FileRecord, 'uri_download' | 'tm_download_expire' | 'tm_update'>,
  ): Promise<void> {
    await this.#db
      .kysely<Tables>()
      .updateTable('storage_files')
      .set(address)
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where('tm_delete', 'is', null)
      .execute()
  }

  delete(trx: AnyTransaction, customer: string, id: string, now: Timestamp): Promise<FileRecord | undefined> {
    return this.#deleted(trx, customer, now).where('id', '=', id).executeTakeFirst()
  }

  deleteAllOf(
    trx: AnyTransaction,
    customer: string,
    reference_type: StorageFile['reference_type'],
    reference_id: string,
    now: Timestamp,
  ): Promise<FileRecord[]> {
    return this.#deleted(trx, customer, now)
      .where('reference_type', '=', reference_type)
      .where('reference_id', '=', reference_id)
      .execute()
  }

  /** Some of the customer's files, so many at most; none are left where it gives fewer. */
  deleteSome(trx: AnyTransaction, customer: string, most: number, now: Timestamp): Promise<FileRecord[]> {
    const some = on(trx)
      .selectFrom('storage_files')
      .select('id')
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .limit(most)
    return this.#deleted(trx, customer, now).where('id', 'in', some).execute()
  }

  #deleted(trx: AnyTransaction, customer: string, now: Timestamp) {
    return on(trx)
      .updateTable('storage_files')
      .set({ tm_delete: now, tm_update: now, uri_download: '', tm_download_expire: null })
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .returningAll()
  }

  #live() {
    return this.#db.kysely<Tables>().selectFrom('storage_files').selectAll().where('tm_delete', 'is', null)
  }
}

/** What files have that refer to nothing. */
export const NO_REFERENCE = { reference_type: '', reference_id: NIL_UUID } as const
