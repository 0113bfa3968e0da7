import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileNames, type Recording } from './recording.ts'

const HEADER_BYTES = 44
const BYTES_PER_SECOND = 16_000

/** What is on the disk of a recording. */
export interface RecordedSound {
  /** Octets of all files. */
  size: number
  /** Seconds of the longest. */
  duration: number
}

/** Where recordings are kept: a folder each, below the customer and the day. */
export class RecordingFiles {
  readonly #root: string

  constructor(folder: string) {
    this.#root = resolve(folder)
  }

  /** The files of a recording: name and absolute path; for a call in, then out. */
  of(recording: Recording): { name: string; path: string }[] {
    const folder = this.#folder(recording)
    return fileNames(recording).map((name) => ({ name, path: join(folder, name) }))
  }

  /** Makes the folder that its files are written into. */
  async prepare(recording: Recording): Promise<void> {
    await mkdir(this.#folder(recording), { recursive: true, mode: 0o700 })
  }

  /** What is there by now; a file that is missing counts as nothing. */
  async measure(recording: Recording): Promise<RecordedSound> {
    const found = await Promise.all(this.of(recording).map(({ path }) => stat(path).catch(() => undefined)))
    const sizes = found.filter((file) => file?.isFile()).map((file) => file?.size ?? 0)
    const longest = Math.max(0, ...sizes.map((bytes) => bytes - HEADER_BYTES))
    return { size: sizes.reduce((sum, bytes) => sum + bytes, 0), duration: longest / BYTES_PER_SECOND }
  }

  /** Removes its files and their folder; harmless where they are gone. */
  async remove(recording: Recording): Promise<void> {
    await rm(this.#folder(recording), { recursive: true, force: true })
  }

  #folder({ customer_id, tm_create, id }: Recording): string {
    return join(this.#root, customer_id, tm_create.slice(0, 10), id)
  }
}
