import { type Clock, timestamp } from '#platform/time'
import type { FileRecord } from './file.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { UrlSigner } from './url-signer.ts'

/** How long an address of a file is good for: 7 days (`storage.md` §2.3), the most that S3 allows. */
const VALID_SECONDS = 7 * 24 * 60 * 60

/** An address and its end, as a file has them. */
export type Address = Pick<FileRecord, 'uri_download' | 'tm_download_expire'>

/** Makes addresses that need no login. */
export class Addresses {
  readonly #objects: ObjectStore
  readonly #signer: UrlSigner
  readonly #clock: Clock

  constructor(needs: { objects: ObjectStore; signer: UrlSigner; clock: Clock }) {
    this.#objects = needs.objects
    this.#signer = needs.signer
    this.#clock = needs.clock
  }

  /** `undefined` where nobody can sign. */
  async of(file: Pick<FileRecord, 'id' | 'object' | 'filename' | 'content_type'>): Promise<Address | undefined> {
    const { signedBy } = this.#objects
    if (signedBy === 'nobody') return undefined
    const tm_download_expire = timestamp(this.#clock.wallMs() + VALID_SECONDS * 1000)
    if (signedBy === 'platform')
      return { uri_download: this.#signer.urlOf(file.id, VALID_SECONDS * 1000), tm_download_expire }
    const as = { fileName: file.filename, contentType: file.content_type }
    return { uri_download: await this.#objects.addressOf(file.object, as, VALID_SECONDS), tm_download_expire }
  }
}
