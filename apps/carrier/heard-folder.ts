import { mkdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type HeardSound, hear } from './heard-sound.ts'

/** How many recordings are kept. */
const MOST = 20

/** What calls have heard, as files: the last of each call, and of the last twenty calls. */
export class HeardFolder {
  readonly #folder: string
  readonly #kept = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Where a recording of this name is written. */
  filesOf(recording_id: string): { in: string; out: string } {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    return {
      in: join(this.#folder, `${recording_id}-in.wav`),
      out: join(this.#folder, `${recording_id}-out.wav`),
    }
  }

  /** Takes a recording that is over as what this call has heard, and says what is in it. */
  async keep(call_id: string, recording_id: string): Promise<HeardSound> {
    const { decodeWav } = await import('#telecom/media')
    const files = this.filesOf(recording_id)
    const sound = hear(decodeWav(await readFile(files.in)))
    await rm(files.out, { force: true })
    const before = this.#kept.get(call_id)
    this.#kept.delete(call_id)
    this.#kept.set(call_id, files.in)
    const [oldest] = this.#kept.keys()
    if (before !== undefined) await rm(before, { force: true })
    else if (this.#kept.size > MOST && oldest !== undefined) await this.#drop(oldest)
    return sound
  }

  /** Removes the files of a recording that nobody wants. */
  async forget(recording_id: string): Promise<void> {
    await Promise.all(Object.values(this.filesOf(recording_id)).map((file) => rm(file, { force: true })))
  }

  /** The WAV file of what this call has heard last; `undefined` where there is none any more. */
  async read(call_id: string): Promise<Buffer | undefined> {
    const file = this.#kept.get(call_id)
    return file === undefined ? undefined : readFile(file)
  }

  /** Removes all of them. */
  async clear(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((call_id) => this.#drop(call_id)))
  }

  async #drop(call_id: string): Promise<void> {
    const file = this.#kept.get(call_id)
    this.#kept.delete(call_id)
    if (file !== undefined) await rm(file, { force: true })
  }
}
