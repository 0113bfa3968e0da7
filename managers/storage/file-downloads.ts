import type { Download } from '#platform/http'
import { type CheckedFile, Checksums } from './checksums.ts'
import { storageErrors } from './errors.ts'
import { mixedWav } from './mixed-wav.ts'
import type { Signed, UrlSigner } from './url-signer.ts'
import { zipOf } from './zip.ts'

/** What is stored under one id. */
export interface StoredFiles {
  /** What the download is called, without an ending. */
  name: string
  /** Each with the name that it has in the archive, and where it is on this machine. */
  files: readonly { name: string; path: string }[]
}

/** Finds what is stored under an id, whoever's it is: the signature has shown that somebody was given it. */
export type FileSource = (id: string) => Promise<StoredFiles | undefined>

/** In which form files leave: all of them in an archive, or the two sides of a recording as one sound. */
export type FileForm = 'zip' | 'wav'

/** Serves signed addresses. */
export class FileDownloads {
  readonly #signer: UrlSigner
  readonly #sources: readonly FileSource[]
  readonly #checksums = new Checksums()

  constructor(needs: { signer: UrlSigner; sources: readonly FileSource[] }) {
    this.#signer = needs.signer
    this.#sources = needs.sources
  }

  /** The files of a signed address. A file that is gone is left out; where none is left there is nothing to download. */
  async open(id: string, signed: Signed, form: FileForm = 'zip'): Promise<Download> {
    this.#signer.check(id, signed)
    const stored = await this.#find(id.toLowerCase())
    const found: (CheckedFile & { name: string })[] = []
    for (const { name, path } of stored?.files ?? []) {
      const file = await this.#checksums.of(path)
      if (file) found.push({ ...file, name })
    }
    const [one, other] = found
    if (!stored || !one) throw storageErrors.FILE_NOT_FOUND({ id })
    const version = `${form}-${found.map(({ crc, content }) => `${crc.toString(16)}.${content.bytes}`).join('-')}`
    if (form === 'wav') {
      const content = other ? mixedWav(one.content, other.content) : one.content
      return { ...content, contentType: 'audio/wav', fileName: `${stored.name}.wav`, version }
    }
    return { ...zipOf(found), contentType: 'application/zip', fileName: `${stored.name}.zip`, version }
  }

  async #find(id: string): Promise<StoredFiles | undefined> {
    for (const source of this.#sources) {
      const stored = await source(id)
      if (stored) return stored
    }
    return undefined
  }
}
