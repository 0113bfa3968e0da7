import { mkdirSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CaptureTarget } from '#telecom/media'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const FILE = /^\d{4}-\d{2}-\d{2}\/[0-9a-f-]{36}\.pcap$/

/** Where the captured sound of calls is: a folder for each day, so that a day is forgotten as a whole. */
export class Captures {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #made = new Set<string>()

  /** `maxBytes`: of one call. 0 = sound is not captured. */
  constructor(folder: string, maxBytes: number) {
    this.#folder = folder
    this.#maxBytes = maxBytes
  }

  /** A place for a call of this day (`2026-01-31`); `undefined` where there may be none. */
  make(day: string, call_id: string): { name: string; target: CaptureTarget } | undefined {
    if (this.#maxBytes === 0) return undefined
    if (!this.#made.has(day)) {
      try {
        mkdirSync(join(this.#folder, day), { recursive: true, mode: 0o700 })
      } catch {
        return undefined // the disk is full or not ours: the call goes on without
      }
      this.#made.add(day)
    }
    const name = `${day}/${call_id}.pcap`
    return { name, target: { file: join(this.#folder, name), maxBytes: this.#maxBytes } }
  }

  /** A capture by its name; empty where there is none (any more). */
  async read(name: string): Promise<Buffer> {
    if (!FILE.test(name)) return Buffer.alloc(0)
    try {
      const file = await open(join(this.#folder, name))
      try {
        return await file.readFile()
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return Buffer.alloc(0)
      throw error
    }
  }

  /** Forgets the days before this one. */
  async forgetBefore(day: string): Promise<void> {
    const days = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    for (const each of days)
      if (DAY.test(each) && each < day) await rm(join(this.#folder, each), { recursive: true, force: true })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
