import { decodeSamples } from './decode-samples.ts'
import { joinSamples, resamplerFor, toTelephone } from './read-wav.ts'
import { parseWavHeader } from './wav-header.ts'
import { writeWav } from './write-wav.ts'

const TELEPHONE_HZ = 8_000
/** Converted at a stretch before other work gets its turn: about a millisecond. */
const SLICE_SAMPLES = 8_192

/** A WAV file of any kind as 8 kHz 16-bit mono, converted in slices so that the calling thread stays responsive. */
export async function toTelephoneWav(file: Uint8Array): Promise<{ wav: Uint8Array; durationMs: number }> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const header = parseWavHeader(bytes, bytes.length)
  const durationMs = (samples: number) => (samples * 1000) / TELEPHONE_HZ
  if (header.sampleRateHz === TELEPHONE_HZ && header.form === 'signed16' && header.channels === 1)
    return { wav: file, durationMs: durationMs(Math.floor(header.dataBytes / 2)) }

  const resampler = resamplerFor(header)
  const chunks: Int16Array[] = []
  const end = header.dataOffset + header.dataBytes
  const step = SLICE_SAMPLES * header.blockBytes
  for (let at = header.dataOffset; at < end; at += step) {
    chunks.push(toTelephone(decodeSamples(bytes.subarray(at, Math.min(at + step, end)), header), resampler))
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (resampler) chunks.push(resampler.flush())
  const samples = joinSamples(chunks)
  return { wav: writeWav(samples), durationMs: durationMs(samples.length) }
}
