import { stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { type Content, fileOf } from './content.ts'

/** Files whose checksum is remembered; the oldest are forgotten first. */
const REMEMBERED = 1_000

/** A file as it is on the disk, with its checksum. */
export interface CheckedFile {
  content: Content
  crc: number
  changedMs: number
}

/** CRC-32 of files, worked out once for as long as a file stays what it is. */
export class Checksums {
  readonly #known = new Map<string, { bytes: number; changedMs: number; crc: number }>()

  /** `undefined` where there is no such file. */
  async of(path: string): Promise<CheckedFile | undefined> {
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) return undefined
    const { size: bytes, mtimeMs: changedMs } = found
    const content = fileOf(path, bytes)
    const known = this.#known.get(path)
    if (known?.bytes === bytes && known.changedMs === changedMs) return { content, crc: known.crc, changedMs }
    let crc = 0
    for await (const chunk of content.read(0, bytes)) crc = crc32(chunk, crc)
    this.#remember(path, { bytes, changedMs, crc })
    return { content, crc, changedMs }
  }

  #remember(path: string, checked: { bytes: number; changedMs: number; crc: number }): void {
    this.#known.delete(path)
    this.#known.set(path, checked)
    if (this.#known.size <= REMEMBERED) return
    const oldest = this.#known.keys().next()
    if (!oldest.done) this.#known.delete(oldest.value)
  }
}
