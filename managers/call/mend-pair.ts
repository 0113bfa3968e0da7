import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { writeWav } from '#telecom/media'

const EMPTY = writeWav(new Int16Array(0))
const SAMPLE_BYTES = 2

/**
 * Makes the two files of a recording that was cut off (8 kHz, 16 bit, mono) whole again: the lengths in their headers are
 * those of the files, and the shorter one is filled up with silence. Safe to repeat.
 */
export async function mendPair(incoming: string, outgoing: string): Promise<void> {
  const files: FileHandle[] = []
  try {
    for (const path of [incoming, outgoing]) files.push(await open(path, constants.O_RDWR | constants.O_CREAT, 0o600))
    const sizes = await Promise.all(files.map(async (file) => (await file.stat()).size))
    const sound = Math.max(0, ...sizes.map((size) => size - EMPTY.length))
    const bytes = sound - (sound % SAMPLE_BYTES)
    for (const file of files) await mend(file, bytes)
  } finally {
    for (const file of files) await file.close()
  }
}

async function mend(file: FileHandle, soundBytes: number): Promise<void> {
  const header = Buffer.from(EMPTY)
  header.writeUInt32LE(EMPTY.length - 8 + soundBytes, 4)
  header.writeUInt32LE(soundBytes, 40)
  await file.truncate(EMPTY.length + soundBytes)
  await file.write(header, 0, header.length, 0)
  await file.sync()
}
