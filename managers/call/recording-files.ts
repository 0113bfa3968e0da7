import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { namesAs, type Recording, type RecordingFormat } from './recording.ts'

const HEADER_BYTES = 44
const BYTES_PER_SECOND = 16_000

export interface RecordingFile {
  name: string
  path: string
}

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

  /** The files of a recording as they are written: name and absolute path; for a call in, then out. */
  of(recording: Recording): RecordingFile[] {
    return this.#as(recording, 'wav')
  }

  /** What the same files are in the form in which they are kept. */
  keptOf(recording: Recording): RecordingFile[] {
    return this.#as(recording, recording.format)
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

  /** Removes the files as they were written, where they are kept in another form. */
  async removeWritten(recording: Recording): Promise<void> {
    for (const { path } of this.of(recording)) await rm(path, { force: true })
  }

  #as(recording: Recording, format: RecordingFormat): RecordingFile[] {
    const folder = this.#folder(recording)
    return namesAs(recording, format).map((name) => ({ name, path: join(folder, name) }))
  }

  #folder({ customer_id, tm_create, id }: Recording): string {
    return join(this.#root, customer_id, tm_create.slice(0, 10), id)
  }
}
