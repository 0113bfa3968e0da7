import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp, timestampToMs } from '#platform/time'
import type { StorageAccounts } from './account-service.ts'
import type { Addresses } from './addresses.ts'
import { fileOf } from './content.ts'
import { storageEvents } from './events.ts'
import type { FileRecord } from './file.ts'
import type { KeptPart, StoredPart } from './file-downloads.ts'
import { FileStore } from './file-store.ts'
import { LeftoverStore } from './leftover-store.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { StorageSweeper } from './sweeper.ts'

/** By then what was taken has rows, or never will. */
const PENDING_MS = 60 * 60_000
/** Files that a recording is shown with (`storage.md` §3). */
const MOST_FILES = 100

/** A file of the platform's own making, on the disk and at rest. */
export interface MadeFile {
  path: string
  filename: string
  content_type: string
}

/** One that is in the store and that nothing refers to yet. */
export interface TakenFile extends Omit<MadeFile, 'path'> {
  object: string
  bytes: number
  crc32: number
  /** Hexadecimal. */
  sha256: string
  /** It has been copied or moved; else the object is the file at its place. */
  isMoved: boolean
}

export interface ReferencedNeeds {
  db: Database
  clock: Clock
  ids: Ids
  accounts: StorageAccounts
  objects: ObjectStore
  addresses: Addresses
  sweeper: StorageSweeper
}

/**
 * Files that the platform makes and that belong to something: recordings. They count, and are kept also where that is more
 * than the quota: what has been said on the telephone cannot be said again. Whoever asks for a new recording is refused
 * then (`StorageAccounts.isFull`).
 */
export class ReferencedFiles {
  readonly #needs: ReferencedNeeds
  readonly #store: FileStore
  readonly #leftovers: LeftoverStore

  constructor(needs: ReferencedNeeds) {
    this.#needs = needs
    this.#store = new FileStore(needs.db)
    this.#leftovers = new LeftoverStore(needs.db)
  }

  /** Takes a file into the store; `undefined` where there is none (any more). It is swept unless `keepIn` claims it. */
  async take({ path, filename, content_type }: MadeFile): Promise<TakenFile | undefined> {
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) return undefined
    const { size: bytes } = found
    const sha256 = createHash('sha256')
    let crc = 0
    for await (const chunk of fileOf(path, bytes).read(0, bytes)) {
      crc = crc32(chunk, crc)
      sha256.update(chunk)
    }
    const taken = { filename, content_type, bytes, crc32: crc, sha256: sha256.digest('hex') }
    const { clock, ids, objects } = this.#needs
    const object = await objects.inPlace({ path, bytes })
    if (object !== undefined) return { ...taken, object, isMoved: false }
    const id = ids.uuid()
    const other = `recordings/${id.slice(0, 2)}/${id}`
    await this.#leftovers.note([other], timestamp(clock.wallMs() + PENDING_MS))
    await objects.put(other, { path, bytes })
    return { ...taken, object: other, isMoved: true }
  }

  /** Makes files of what was taken, in the transaction of whoever they belong to. */
  async keepIn(
    trx: AnyTransaction,
    customer_id: string,
    recording_id: string,
    taken: readonly TakenFile[],
  ): Promise<void> {
    if (taken.length === 0) return
    const { accounts, addresses, clock, ids } = this.#needs
    await accounts.lockIn(trx, customer_id)
    const tm_create = timestamp(clock.wallMs())
    const files: FileRecord[] = []
    for (const { filename, content_type, object, bytes: filesize, crc32 } of taken) {
      const file: FileRecord = {
        ...{ id: ids.uuid(), customer_id, filename, content_type, filesize, object, crc32, tm_create },
        ...{ owner_type: 'agent', owner_id: NIL_UUID, reference_type: 'recording', reference_id: recording_id },
        ...{ type: 'recording', name: 'recording file', detail: '', uri_download: '', tm_download_expire: null },
        ...{ tm_update: null, tm_delete: null },
      }
      files.push({ ...file, ...(await addresses.of(file)) })
    }
    for (const file of files) await this.#store.insert(trx, customer_id, file)
    await this.#leftovers.forget(
      files.map(({ object }) => object),
      trx,
    )
    await accounts.countIn(trx, customer_id, files, 1)
    await appendEvents(trx, files.map(storageEvents.file_created), this.#needs)
  }

  /** Deletes the files of a recording in the transaction that deletes it; gives the objects, for `remove` afterwards. */
  async deleteIn(trx: AnyTransaction, customer: string, recording_id: string): Promise<string[]> {
    const { accounts, clock } = this.#needs
    await accounts.lockExistingIn(trx, customer)
    const now = timestamp(clock.wallMs())
    const files = await this.#store.deleteAllOf(trx, customer, 'recording', recording_id, now)
    const objects = files.map(({ object }) => object)
    await this.#leftovers.note(objects, now, trx)
    await accounts.countIn(trx, customer, files, -1)
    await appendEvents(trx, files.map(storageEvents.file_deleted), this.#needs)
    return objects
  }

  /** Removes the octets of deleted files; what cannot be removed now is removed by the sweep. */
  remove(objects: readonly string[]): Promise<void> {
    return this.#needs.sweeper.removeQuietly(objects)
  }

  /** Whether anything of a recording can be downloaded, whoever's it is. */
  async holdsAny(recording_id: string): Promise<boolean> {
    for (const { object } of await this.#store.findAllOf('recording', recording_id, MOST_FILES))
      if (await this.#needs.objects.holds(object)) return true
    return false
  }

  /** What there is of a recording, whoever's it is: for signed addresses. */
  async partsOf(recording_id: string): Promise<StoredPart[]> {
    const files = await this.#store.findAllOf('recording', recording_id, MOST_FILES)
    return files.map(partOf)
  }
}

/** A file as a part of a download. */
export function partOf({ filename, object, filesize, crc32, tm_create }: FileRecord): KeptPart {
  return { name: filename, object, bytes: filesize, crc: crc32, changedMs: timestampToMs(tm_create) ?? 0 }
}
