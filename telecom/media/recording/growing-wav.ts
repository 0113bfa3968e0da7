import { WAV_HEADER_BYTES, writeWavHeader } from '../wav/write-wav.ts'
import type { RecordingFiles } from './recording-files.ts'

const RATE_HZ = 8_000

/**
 * A WAV file (16 bit, 8 kHz, mono) that grows: sound first, then a header that counts it, so that whatever moment the
 * process ends at, the header never promises more than is there. Samples are written as they lie in memory, little-endian
 * on every machine that Node runs on today.
 */
export class GrowingWav {
  readonly #files: RecordingFiles
  readonly #file: number
  readonly #header = Buffer.alloc(WAV_HEADER_BYTES)
  #samples = 0
  #counted = 0

  private constructor(files: RecordingFiles, file: number) {
    this.#files = files
    this.#file = file
  }

  /** Creates a file that must not exist. */
  static create(files: RecordingFiles, path: string): GrowingWav {
    const file = files.create(path)
    try {
      const wav = new GrowingWav(files, file)
      wav.#writeHeader(0)
      return wav
    } catch (error) {
      files.close(file)
      files.remove(path)
      throw error
    }
  }

  /** Opens one that was created before and goes on at its end, whatever its header says. */
  static reopen(files: RecordingFiles, path: string): GrowingWav {
    const file = files.open(path)
    try {
      const wav = new GrowingWav(files, file)
      wav.cut(Math.max(0, Math.floor((files.size(file) - WAV_HEADER_BYTES) / 2)))
      return wav
    } catch (error) {
      files.close(file)
      throw error
    }
  }

  /** Samples that it holds. */
  get samples(): number {
    return this.#samples
  }

  /** The sound from a place to its end. */
  read(position: number): Int16Array {
    const samples = new Int16Array(this.#samples - position)
    const octets = new Uint8Array(samples.buffer)
    for (let done = 0; done < octets.length; ) {
      const came = this.#files.read(this.#file, octets.subarray(done), WAV_HEADER_BYTES + position * 2 + done)
      if (came === 0) break
      done += came
    }
    return samples
  }

  /** Writes the first `count` of the samples at a place, over what is there. */
  write(position: number, samples: Int16Array, count: number): void {
    const octets = new Uint8Array(samples.buffer, samples.byteOffset, count * 2)
    this.#writeAll(octets, WAV_HEADER_BYTES + position * 2)
    this.#samples = Math.max(this.#samples, position + count)
  }

  #writeAll(octets: Uint8Array, position: number): void {
    for (let done = 0; done < octets.length; ) {
      done += this.#files.write(this.#file, octets, done, octets.length - done, position + done)
    }
  }

  /** Makes everything that was written part of the file for its readers. */
  count(): void {
    if (this.#counted !== this.#samples) this.#writeHeader(this.#samples)
  }

  #writeHeader(samples: number): void {
    writeWavHeader(this.#header, samples, RATE_HZ)
    this.#writeAll(this.#header, 0)
    this.#counted = samples
  }

  /** Ends it after so many samples. The header comes first: it must not promise what is cut off. */
  cut(samples: number): void {
    this.#writeHeader(samples)
    this.#files.truncate(this.#file, WAV_HEADER_BYTES + samples * 2)
    this.#samples = samples
  }

  sync(): void {
    this.#files.sync(this.#file)
  }

  close(): void {
    this.#files.close(this.#file)
  }
}
