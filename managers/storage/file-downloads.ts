import type { Download } from '#platform/http'
import { Checksums } from './checksums.ts'
import type { Content } from './content.ts'
import { storageErrors } from './errors.ts'
import { mixedWav } from './mixed-wav.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { Signed, UrlSigner } from './url-signer.ts'
import { zipOf } from './zip.ts'

/** An object of the store, with what is known of it. */
export interface KeptPart {
  /** The name that it has in an archive. */
  name: string
  object: string
  bytes: number
  crc: number
  changedMs: number
}

/** A file on this machine that is not in the store (yet). */
export interface LocalPart {
  name: string
  path: string
}

export type StoredPart = KeptPart | LocalPart

/** What is stored under one id: several files that leave as an archive, or a single one that leaves as it is. */
export type StoredFiles =
  | { name: string; files: readonly StoredPart[]; isWav: boolean }
  | { name: string; file: KeptPart; contentType: string }

/** Finds what is stored under an id, whoever's it is: the signature has shown that somebody was given it. */
export type FileSource = (id: string) => Promise<StoredFiles | undefined>

/** In which form the files of a recording leave: all of them in an archive, or two sides that are WAV as one sound. */
export type FileForm = 'zip' | 'wav'

interface FoundPart {
  name: string
  content: Content
  crc: number
  changedMs: number
}

/** Serves signed addresses. */
export class FileDownloads {
  readonly #signer: UrlSigner
  readonly #objects: ObjectStore
  readonly #sources: readonly FileSource[]
  readonly #checksums = new Checksums()

  constructor(needs: { signer: UrlSigner; objects: ObjectStore; sources: readonly FileSource[] }) {
    this.#signer = needs.signer
    this.#objects = needs.objects
    this.#sources = needs.sources
  }

  /** The files of a signed address. A file that is gone is left out; where none is left there is nothing to download. */
  async open(id: string, signed: Signed, form: FileForm = 'zip'): Promise<Download> {
    this.#signer.check(id, signed)
    const stored = await this.#find(id.toLowerCase())
    const parts = stored && 'file' in stored ? [stored.file] : (stored?.files ?? [])
    const found = (await Promise.all(parts.map((part) => this.#open(part)))).filter((part) => part !== undefined)
    const [one, other] = found
    if (!stored || !one) throw storageErrors.FILE_NOT_FOUND({ id })
    const octets = found.map(({ crc, content }) => `${crc.toString(16)}.${content.bytes}`).join('-')
    if ('file' in stored)
      return { ...one.content, contentType: stored.contentType, fileName: stored.name, version: octets }
    if (form === 'wav' && stored.isWav) {
      const content = other ? mixedWav(one.content, other.content) : one.content
      return { ...content, contentType: 'audio/wav', fileName: `${stored.name}.wav`, version: `wav-${octets}` }
    }
    return { ...zipOf(found), contentType: 'application/zip', fileName: `${stored.name}.zip`, version: `zip-${octets}` }
  }

  async #open(part: StoredPart): Promise<FoundPart | undefined> {
    if ('path' in part) {
      const file = await this.#checksums.of(part.path)
      return file && { ...file, name: part.name }
    }
    const { name, object, bytes, crc, changedMs } = part
    if (!(await this.#objects.holds(object))) return undefined
    return { name, content: this.#objects.content(object, bytes), crc, changedMs }
  }

  async #find(id: string): Promise<StoredFiles | undefined> {
    for (const source of this.#sources) {
      const stored = await source(id)
      if (stored) return stored
    }
    return undefined
  }
}
