/** A thread that makes one MP3 file and ends. A failure ends it as an uncaught error: whoever started it hears of it. */
import { open } from 'node:fs/promises'
import { workerData } from 'node:worker_threads'
import { createMp3Encoder } from 'wasm-media-encoders'
import type { Mp3Job } from './compress.ts'

const WAV_HEADER_BYTES = 44
/** Read at a time: four seconds. */
const CHUNK_BYTES = 65_536
const FULL_SCALE = 32_768

const { from, to } = workerData as Mp3Job
await using wav = await open(from, 'r')
await using mp3 = await open(to, 'wx', 0o600)
const encoder = await createMp3Encoder()
encoder.configure({ sampleRate: 8_000, channels: 1, bitrate: 32 })
const chunk = Buffer.alloc(CHUNK_BYTES)
for (let at = WAV_HEADER_BYTES; ; ) {
  const { bytesRead } = await wav.read(chunk, 0, CHUNK_BYTES, at)
  const samples = bytesRead >> 1
  if (samples === 0) break
  await mp3.writeFile(encoder.encode([scaled(chunk, samples)]))
  at += samples * 2
}
await mp3.writeFile(encoder.finalize())
await mp3.sync()

/** 16-bit samples as the encoder wants them: from −1 to 1. */
function scaled(pcm: Buffer, samples: number): Float32Array {
  const scaled = new Float32Array(samples)
  for (let at = 0; at < samples; at++) scaled[at] = pcm.readInt16LE(at * 2) / FULL_SCALE
  return scaled
}
