import { type FileHandle, open, stat } from 'node:fs/promises'
import { WavError } from '../wav/wav-header.ts'
import { WAV_HEADER_BYTES, writeWavHeader } from '../wav/write-wav.ts'

const RATE_HZ = 8_000
const SAMPLES_PER_MS = RATE_HZ / 1_000
/** Where the header counts what follows: these octets may be old. */
const COUNTS = [4, 5, 6, 7, 40, 41, 42, 43]

/**
 * Makes a recording readable whose writer was killed: its header counts all the sound that is in the file. A file that
 * was cut off anywhere is taken; one that is no recording of ours rejects with a `WavError`, untouched. Harmless when
 * repeated.
 */
export async function repairRecording(path: string): Promise<{ durationMs: number }> {
  const samples = await withFile(path, repair)
  return { durationMs: Math.round(samples / SAMPLES_PER_MS) }
}

/**
 * Repairs both files of a recording and brings the shorter to the other's length with silence. One that is missing (the
 * writer was killed between the two) becomes silence; where both are, it rejects with `ENOENT`.
 */
export async function repairPair(inPath: string, outPath: string): Promise<{ durationMs: number }> {
  const paths = [inPath, outPath]
  const present = await Promise.all(paths.map(exists))
  if (!present.includes(true)) await stat(inPath)
  for (const [n, path] of paths.entries()) if (!present[n]) await (await open(path, 'wx', 0o600)).close()
  const lengths = await Promise.all(paths.map((path) => withFile(path, repair)))
  const longest = Math.max(...lengths)
  for (const [n, path] of paths.entries()) {
    if (lengths[n] !== longest) await withFile(path, (file) => setLength(file, longest))
  }
  return { durationMs: Math.round(longest / SAMPLES_PER_MS) }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

async function withFile<T>(path: string, run: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r+')
  try {
    return await run(file)
  } finally {
    await file.close()
  }
}

/** Gives how many samples it holds. */
async function repair(file: FileHandle): Promise<number> {
  const head = Buffer.alloc(WAV_HEADER_BYTES)
  const { bytesRead } = await file.read(head, 0, WAV_HEADER_BYTES, 0)
  if (!isOurs(head.subarray(0, bytesRead))) throw new WavError('not a recording of ours')
  const { size } = await file.stat()
  const samples = Math.max(0, Math.floor((size - WAV_HEADER_BYTES) / 2))
  await setLength(file, samples)
  return samples
}

/** The start of our own header, or the zeros that a lost disk block leaves of it. */
function isOurs(head: Buffer): boolean {
  if (head.every((octet) => octet === 0)) return true
  const ours = Buffer.alloc(WAV_HEADER_BYTES)
  writeWavHeader(ours, 0, RATE_HZ)
  return head.every((octet, at) => COUNTS.includes(at) || octet === ours[at])
}

/** What is added is silence. */
async function setLength(file: FileHandle, samples: number): Promise<void> {
  const header = Buffer.alloc(WAV_HEADER_BYTES)
  writeWavHeader(header, samples, RATE_HZ)
  await file.truncate(WAV_HEADER_BYTES + samples * 2)
  await file.write(header, 0, header.length, 0)
  await file.datasync()
}
