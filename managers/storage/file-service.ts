import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import {
  apiErrors,
  type Identity,
  mayPass,
  type Page,
  type PageRequest,
  Permission,
  paginate,
  type Upload,
} from '#platform/http'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { StorageAccounts } from './account-service.ts'
import type { Addresses } from './addresses.ts'
import type { FileFilter, StorageFile } from './contract.ts'
import { storageErrors } from './errors.ts'
import { storageEvents } from './events.ts'
import { type FileRecord, hasAddress, NO_ADDRESS, presentFile, presentWithoutAddress } from './file.ts'
import { FileStore, NO_REFERENCE } from './file-store.ts'
import { LeftoverStore } from './leftover-store.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { Spool } from './spool.ts'
import type { StorageSweeper } from './sweeper.ts'
import { checkedForm, readForm } from './upload-form.ts'

/** By then an upload has become a file, or never will. */
const PENDING_MS = 60 * 60_000
/** What a form has at most besides its file: an announced length is refused only where the file alone is too much. */
const FORM_BYTES = 64 * 1024

export interface FileNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  accounts: StorageAccounts
  objects: ObjectStore
  addresses: Addresses
  spool: Spool
  sweeper: StorageSweeper
}

/** Files that customers upload, and what becomes of all files: reading, addresses, deleting. */
export class StorageFiles {
  readonly #needs: FileNeeds
  readonly #store: FileStore
  readonly #leftovers: LeftoverStore

  constructor(needs: FileNeeds) {
    this.#needs = needs
    this.#store = new FileStore(needs.db)
    this.#leftovers = new LeftoverStore(needs.db)
  }

  /**
   * Takes a form and keeps its file. It is there, counted and announced, when this resolves; whatever fails or is cut off
   * leaves nothing behind.
   */
  async upload(who: Identity, type: 'rag' | 'talk', upload: Upload, signal: AbortSignal): Promise<StorageFile> {
    const { customer_id } = who
    await this.#refuseEarly(customer_id, (upload.announcedBytes ?? 0) - FORM_BYTES)
    const form = await readForm(upload, this.#needs.spool)
    try {
      const { file, name, detail } = checkedForm(form, type)
      await this.#refuseEarly(customer_id, file.bytes)
      const id = this.#needs.ids.uuid()
      const isTalk = type === 'talk'
      const record: FileRecord = {
        ...{ id, customer_id, ...NO_REFERENCE, type },
        owner_type: 'agent',
        owner_id: who.accesskey_id ?? who.agent_id,
        name: name ?? (isTalk ? file.filename : ''),
        detail: detail ?? (isTalk ? 'Uploaded by agent' : ''),
        filename: file.filename,
        filesize: file.bytes,
        content_type: file.content_type,
        ...NO_ADDRESS,
        object: `files/${id.slice(0, 2)}/${id}`,
        crc32: file.crc32,
        tm_create: this.#now(),
        tm_update: null,
        tm_delete: null,
      }
      const kept = await this.#keep({ ...record, ...(await this.#needs.addresses.of(record)) }, file, signal)
      return presentFile(kept, this.#needs.clock.wallMs())
    } finally {
      if (form.file) await this.#needs.spool.discard(form.file)
    }
  }

  async list(customer: string, page: PageRequest, filter: FileFilter = {}): Promise<Page<StorageFile>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page, filter), page.size)
    const nowMs = this.#needs.clock.wallMs()
    return { result: result.map((file) => presentFile(file, nowMs)), next_page_token }
  }

  /** With an address that is good, for who may have the file; without one for other agents of the customer. */
  async get(who: Identity, id: string): Promise<StorageFile> {
    const file = await this.#find(who.customer_id, id)
    if (!mayPass(who.permission, [Permission.CustomerAdmin, Permission.CustomerManager]))
      return presentWithoutAddress(file)
    return presentFile(await this.#withAddress(file), this.#needs.clock.wallMs())
  }

  /** The address of a file; `SIGNING_NOT_CONFIGURED` where none can be made. */
  async addressOf(customer: string, id: string): Promise<string> {
    return this.#address(await this.#find(customer, id))
  }

  async delete(customer: string, id: string): Promise<StorageFile> {
    return this.#delete(await this.#find(customer, id))
  }

  /** What agents share: files of the type `talk`, whoever of the customer has uploaded them. */
  async getShared(customer: string, id: string): Promise<StorageFile> {
    return presentFile(await this.#withAddress(await this.#shared(customer, id)), this.#needs.clock.wallMs())
  }

  async sharedAddressOf(customer: string, id: string): Promise<string> {
    return this.#address(await this.#shared(customer, id))
  }

  /** Only the agent who has uploaded it may; `PERMISSION_DENIED` to others. */
  async deleteShared(who: Identity, id: string): Promise<StorageFile> {
    const file = await this.#shared(who.customer_id, id)
    const isRoot = mayPass(who.permission, [Permission.ProjectSuperAdmin])
    if (file.owner_id !== who.agent_id && !isRoot) throw apiErrors.PERMISSION_DENIED()
    return this.#delete(file)
  }

  /** Refuses what is too much already before anything is read or moved; the account's lock decides in the end. */
  async #refuseEarly(customer: string, bytes: number): Promise<void> {
    const account = await this.#needs.accounts.find(customer)
    if (account && bytes > 0) this.#needs.accounts.refuseOverQuota(account, bytes)
  }

  /** From here on the object is noted as nobody's until its row says otherwise, so that a crash loses no room. */
  async #keep(file: FileRecord, spooled: { path: string; bytes: number }, signal: AbortSignal): Promise<FileRecord> {
    const { accounts, db, objects, sweeper } = this.#needs
    await this.#leftovers.note([file.object], timestamp(this.#needs.clock.wallMs() + PENDING_MS))
    await objects.put(file.object, spooled)
    let isComplete = false
    try {
      return await db.transaction(async (trx) => {
        accounts.refuseOverQuota(await accounts.lockIn(trx, file.customer_id), file.filesize)
        await this.#store.insert(trx, file.customer_id, file)
        await this.#leftovers.forget([file.object], trx)
        await accounts.countIn(trx, file.customer_id, [file], 1)
        await this.#announce(trx, storageEvents.file_created(file))
        signal.throwIfAborted()
        isComplete = true
        return file
      })
    } catch (error) {
      // what failed while it was committed may be committed after all: the sweep will know
      if (!isComplete) await sweeper.removeQuietly([file.object])
      throw error
    }
  }

  async #delete({ customer_id, id }: FileRecord): Promise<StorageFile> {
    const { accounts, db, sweeper } = this.#needs
    const now = this.#now()
    const deleted = await db.transaction(async (trx) => {
      await accounts.lockIn(trx, customer_id)
      const file = (await this.#store.delete(trx, customer_id, id, now)) ?? noFile(id)
      await this.#leftovers.note([file.object], now, trx)
      await accounts.countIn(trx, customer_id, [file], -1)
      await this.#announce(trx, storageEvents.file_deleted(file))
      return file
    })
    await sweeper.removeQuietly([deleted.object])
    return presentWithoutAddress(deleted)
  }

  async #address(file: FileRecord): Promise<string> {
    if (!(await this.#needs.objects.holds(file.object))) return noFile(file.id)
    const { uri_download } = await this.#withAddress(file)
    if (uri_download === '') throw storageErrors.SIGNING_NOT_CONFIGURED()
    return uri_download
  }

  /** The file with an address that is good, a new one if need be; without one where nobody can sign. */
  async #withAddress(file: FileRecord): Promise<FileRecord> {
    if (hasAddress(file, this.#needs.clock.wallMs())) return file
    const address = await this.#needs.addresses.of(file)
    if (!address) return file
    const tm_update = this.#now()
    await this.#store.setAddress(file.customer_id, file.id, { ...address, tm_update })
    return { ...file, ...address, tm_update }
  }

  async #find(customer: string, id: string): Promise<FileRecord> {
    return (await this.#store.find(customer, id)) ?? noFile(id)
  }

  async #shared(customer: string, id: string): Promise<FileRecord> {
    const file = await this.#find(customer, id)
    return file.type === 'talk' ? file : noFile(id)
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, this.#needs)
  }
}

function noFile(id: string): never {
  throw storageErrors.FILE_NOT_FOUND({ id })
}
