import { type PartPlayer, WAITING } from './part-player.ts'
import type { SoundLibrary } from './sound-library.ts'

/** Decoded samples waiting to be played: two seconds, then reading pauses. */
const ENOUGH = 16_000

/** Plays a WAV file, which is read and decoded outside the tick. */
export class FilePlayer implements PartPlayer {
  readonly #queue: Int16Array[] = []
  #queued = 0
  #at = 0
  #complete = false
  #closed = false
  #wantMore: (() => void) | undefined
  issue: string | undefined

  constructor(path: string, library: SoundLibrary) {
    this.#load(path, library).then(
      () => {
        this.#complete = true
      },
      (error: unknown) => {
        this.issue = error instanceof Error ? error.message : String(error)
        this.#complete = true
      },
    )
  }

  async #load(path: string, library: SoundLibrary): Promise<void> {
    const sound = await library.open(path)
    if ('whole' in sound) return this.#push(sound.whole)
    for await (const chunk of sound.chunks) {
      if (this.#closed) break
      this.#push(chunk)
      if (this.#queued < ENOUGH) continue
      await new Promise<void>((resolve) => {
        this.#wantMore = resolve
      })
    }
  }

  #push(samples: Int16Array): void {
    if (samples.length === 0) return
    this.#queue.push(samples)
    this.#queued += samples.length
  }

  read(into: Int16Array, offset: number, count: number): number {
    const chunk = this.#queue[0]
    if (!chunk) return this.#complete ? 0 : WAITING
    const written = Math.min(count, chunk.length - this.#at)
    for (let i = 0; i < written; i++) into[offset + i] = chunk[this.#at + i] as number
    this.#at += written
    this.#queued -= written
    if (this.#at === chunk.length) {
      this.#queue.shift()
      this.#at = 0
    }
    if (this.#queued < ENOUGH) this.#resume()
    return written
  }

  #resume(): void {
    this.#wantMore?.()
    this.#wantMore = undefined
  }

  close(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#complete = true
    this.#resume()
  }
}
