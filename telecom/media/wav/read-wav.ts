import { type FileHandle, open } from 'node:fs/promises'
import { Resampler } from '../resampler.ts'
import { decodeSamples } from './decode-samples.ts'
import { parseWavHeader, WAV_HEAD_BYTES, WavError, type WavHeader } from './wav-header.ts'

const TELEPHONE_HZ = 8_000
const CHUNK_BYTES = 32_768

/** A WAV file that is open for reading as telephone sound. */
export interface OpenWav {
  /** How long it will play, as far as its header can be believed. */
  durationMs: number
  /** Its sound as 8 kHz mono, piece by piece; closes the file when it ends or is left. */
  chunks(): AsyncGenerator<Int16Array, void, void>
  close(): Promise<void>
}

/** Opens a WAV file; throws `WavError` (or the file system's error) where it cannot be played. */
export async function openWav(path: string): Promise<OpenWav> {
  const handle = await open(path, 'r')
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new WavError('not a file')
    const head = Buffer.alloc(Math.min(WAV_HEAD_BYTES, stat.size))
    const { bytesRead } = await handle.read(head, 0, head.length, 0)
    const header = parseWavHeader(head.subarray(0, bytesRead), stat.size)
    return {
      durationMs: (header.dataBytes / header.blockBytes / header.sampleRateHz) * 1000,
      chunks: () => readChunks(handle, header),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function* readChunks(handle: FileHandle, header: WavHeader): AsyncGenerator<Int16Array, void, void> {
  const resampler = resamplerFor(header)
  const data = Buffer.alloc(Math.floor(CHUNK_BYTES / header.blockBytes) * header.blockBytes)
  const end = header.dataOffset + header.dataBytes
  try {
    for (let at = header.dataOffset; at < end; ) {
      const { bytesRead } = await handle.read(data, 0, Math.min(data.length, end - at), at)
      if (bytesRead < header.blockBytes) break
      const whole = bytesRead - (bytesRead % header.blockBytes)
      yield toTelephone(decodeSamples(data.subarray(0, whole), header), resampler)
      at += whole
    }
    if (resampler) yield resampler.flush()
  } finally {
    await handle.close()
  }
}

/** Decodes a WAV file that is already in memory to 8 kHz mono. */
export function decodeWav(file: Uint8Array): Int16Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const header = parseWavHeader(bytes, bytes.length)
  const resampler = resamplerFor(header)
  const data = bytes.subarray(header.dataOffset, header.dataOffset + header.dataBytes)
  const samples = toTelephone(decodeSamples(data, header), resampler)
  return resampler ? joinSamples([samples, resampler.flush()]) : samples
}

/** What brings a file's sound to the telephone's rate; none where it has it already. */
export function resamplerFor(header: WavHeader): Resampler | undefined {
  return header.sampleRateHz === TELEPHONE_HZ ? undefined : new Resampler(header.sampleRateHz, TELEPHONE_HZ)
}

/** One piece of a file's sound as telephone samples. */
export function toTelephone(samples: Float32Array, resampler: Resampler | undefined): Int16Array {
  if (resampler) return resampler.process(samples)
  return Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))))
}

/** Puts pieces of sound behind each other. */
export function joinSamples(chunks: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(chunks.reduce((count, chunk) => count + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
