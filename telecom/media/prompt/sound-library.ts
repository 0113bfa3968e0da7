import { stat } from 'node:fs/promises'
import { joinSamples, openWav } from '../wav/read-wav.ts'

/** A file's sound: all of it, or piece by piece where it is long. */
export type Sound = { whole: Int16Array } | { chunks: AsyncGenerator<Int16Array, void, void> }

const LONGEST_WHOLE_MS = 60_000

interface Entry {
  mtimeMs: number
  bytes: number
  samples: Int16Array
}

/**
 * Decoded sounds by path: short ones are kept as long as the file does not change and there is room (the least recently
 * used go first), long ones are decoded while they play. Equal files are decoded once, however many ask.
 */
export class SoundLibrary {
  readonly #roomBytes: number
  /** In the order of use, the oldest first. */
  readonly #kept = new Map<string, Entry>()
  readonly #loading = new Map<string, Promise<Sound>>()
  #usedBytes = 0

  constructor(roomBytes = 8 * 1024 * 1024) {
    this.#roomBytes = roomBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Opens a WAV file for playing. Rejects where it cannot be read or decoded. */
  async open(path: string): Promise<Sound> {
    const { mtimeMs, size } = await stat(path)
    const kept = this.#kept.get(path)
    if (kept && kept.mtimeMs === mtimeMs && kept.bytes === size) {
      this.#kept.delete(path)
      this.#kept.set(path, kept)
      return { whole: kept.samples }
    }
    const key = `${mtimeMs} ${size} ${path}`
    const loading = this.#loading.get(key)
    if (loading) {
      const sound = await loading
      // a long file is read by each player for itself
      return 'whole' in sound ? sound : { chunks: (await openWav(path)).chunks() }
    }
    const load = this.#load(path, mtimeMs, size)
    this.#loading.set(key, load)
    try {
      return await load
    } finally {
      this.#loading.delete(key)
    }
  }

  async #load(path: string, mtimeMs: number, bytes: number): Promise<Sound> {
    const wav = await openWav(path)
    if (wav.durationMs > LONGEST_WHOLE_MS) return { chunks: wav.chunks() }
    const chunks: Int16Array[] = []
    for await (const chunk of wav.chunks()) chunks.push(chunk)
    const samples = joinSamples(chunks)
    this.#keep(path, { mtimeMs, bytes, samples })
    return { whole: samples }
  }

  #keep(path: string, entry: Entry): void {
    this.#forget(path)
    this.#kept.set(path, entry)
    this.#usedBytes += entry.samples.byteLength
    for (const oldest of this.#kept.keys()) {
      if (this.#usedBytes <= this.#roomBytes) break
      this.#forget(oldest)
    }
  }

  #forget(path: string): void {
    this.#usedBytes -= this.#kept.get(path)?.samples.byteLength ?? 0
    this.#kept.delete(path)
  }
}
