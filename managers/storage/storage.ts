import { join } from 'node:path'
import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { StorageAccounts } from './account-service.ts'
import { Addresses } from './addresses.ts'
import { FileDownloads, type FileSource } from './file-downloads.ts'
import { StorageFiles } from './file-service.ts'
import { FileStore } from './file-store.ts'
import { DiskStore } from './objects/disk.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { type S3Settings, S3Store } from './objects/s3.ts'
import { partOf, ReferencedFiles } from './referenced-files.ts'
import { Spool } from './spool.ts'
import { StorageSweeper } from './sweeper.ts'
import type { UrlSigner } from './url-signer.ts'

export interface StorageNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  accounts: StorageAccounts
  signer: UrlSigner
  /** The platform's data folder: where uploads wait, and where files are kept unless `s3` says otherwise. */
  dataDir: string
  s3?: S3Settings | undefined
}

/** The storage of the api role, put together: what is beside the accounts, which every role has. */
export class Storage {
  readonly files: StorageFiles
  /** Files that belong to something else: recordings. */
  readonly referenced: ReferencedFiles
  readonly sweeper: StorageSweeper
  readonly #needs: StorageNeeds
  readonly #objects: ObjectStore

  constructor(needs: StorageNeeds) {
    const { s3, dataDir, signer, clock } = needs
    this.#needs = needs
    const objects = s3 ? new S3Store(s3, needs) : new DiskStore(dataDir)
    const addresses = new Addresses({ objects, signer, clock })
    const spool = new Spool({ ...needs, folder: join(dataDir, 'uploads') })
    this.#objects = objects
    this.sweeper = new StorageSweeper({ ...needs, objects, spool })
    this.files = new StorageFiles({ ...needs, objects, addresses, spool, sweeper: this.sweeper })
    this.referenced = new ReferencedFiles({ ...needs, objects, addresses, sweeper: this.sweeper })
  }

  /** Serves signed addresses of uploaded files, and of what others have stored (`sources`). */
  downloads(...sources: FileSource[]): FileDownloads {
    const { signer, db } = this.#needs
    const store = new FileStore(db)
    const uploaded: FileSource = async (id) => {
      const file = await store.findForDownload(id)
      return file && { name: file.filename, file: partOf(file), contentType: file.content_type }
    }
    return new FileDownloads({ signer, objects: this.#objects, sources: [uploaded, ...sources] })
  }
}
