import { mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'

/** A file that was handed out is left alone for so long, however full the cache is. */
const KEPT_MS = 60_000
const WAV_HEADER_BYTES = 44
const BYTES_PER_MS = 16

interface Kept {
  bytes: number
  usedMs: number
}

/** Spoken texts as files in one folder, named by hash; the least recently used go when it is full. */
export class SpeechCache {
  readonly folder: string
  readonly #roomBytes: number
  readonly #clock: Clock
  readonly #ids: Ids
  /** In the order of use, the oldest first. */
  readonly #files = new Map<string, Kept>()
  #usedBytes = 0
  #opened: Promise<void> | undefined

  constructor(needs: { folder: string; roomBytes: number; clock: Clock; ids: Ids }) {
    this.folder = needs.folder
    this.#roomBytes = needs.roomBytes
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  /** Reads what an earlier run left behind. */
  #open(): Promise<void> {
    this.#opened ??= this.#scan()
    return this.#opened
  }

  async #scan(): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const found: { key: string; bytes: number; mtimeMs: number }[] = []
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name)
      if (name.endsWith('.tmp')) await unlink(path).catch(() => {})
      if (!/^[0-9a-f]{64}\.wav$/.test(name)) continue
      const { size, mtimeMs } = await stat(path)
      found.push({ key: name.slice(0, 64), bytes: size, mtimeMs })
    }
    found.sort((a, b) => a.mtimeMs - b.mtimeMs)
    for (const { key, bytes } of found) this.#remember(key, bytes, Number.NEGATIVE_INFINITY)
  }

  #remember(key: string, bytes: number, usedMs: number): void {
    this.#usedBytes += bytes - (this.#files.get(key)?.bytes ?? 0)
    this.#files.delete(key)
    this.#files.set(key, { bytes, usedMs })
  }

  #path(key: string): string {
    return join(this.folder, `${key}.wav`)
  }

  /** The file of a key, if it is there. */
  async find(key: string): Promise<{ file: string; durationMs: number } | undefined> {
    await this.#open()
    const file = this.#path(key)
    const bytes = await stat(file).then(
      (found) => found.size,
      () => -1,
    )
    if (bytes < WAV_HEADER_BYTES) return undefined
    this.#remember(key, bytes, this.#clock.monotonicMs())
    return { file, durationMs: (bytes - WAV_HEADER_BYTES) / BYTES_PER_MS }
  }

  /** Keeps a WAV file; readers see all of it or nothing. */
  async keep(key: string, wav: Uint8Array): Promise<string> {
    await this.#open()
    const file = this.#path(key)
    const unfinished = join(this.folder, `${this.#ids.uuid()}.tmp`)
    try {
      await writeFile(unfinished, wav)
      await rename(unfinished, file)
    } catch (error) {
      await unlink(unfinished).catch(() => {})
      throw error
    }
    this.#remember(key, wav.byteLength, this.#clock.monotonicMs())
    await this.#makeRoom()
    return file
  }

  async #makeRoom(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    for (const [key, { bytes, usedMs }] of [...this.#files]) {
      if (this.#usedBytes <= this.#roomBytes) break
      if (nowMs - usedMs < KEPT_MS) continue
      this.#files.delete(key)
      this.#usedBytes -= bytes
      await unlink(this.#path(key)).catch(() => {})
    }
  }
}
