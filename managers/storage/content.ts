import { open } from 'node:fs/promises'
import { InvariantError } from '#platform/errors'

/** Octets of known number, any run of which can be read by itself. */
export interface Content {
  bytes: number
  /** The octets from `from` up to but not including `to`. */
  read(from: number, to: number): AsyncIterable<Uint8Array>
}

/** Read from a file at once. */
export const CHUNK_BYTES = 64 * 1024

/** Octets in memory. */
export function bytesOf(bytes: Uint8Array): Content {
  return {
    bytes: bytes.length,
    async *read(from, to) {
      yield bytes.subarray(from, to)
    },
  }
}

/** A file on the disk as it was when its size was asked; reading fails where it has become shorter since. */
export function fileOf(path: string, bytes: number): Content {
  return { bytes, read: (from, to) => readFile(path, from, to) }
}

/** One content after the other. */
export function joined(contents: readonly Content[]): Content {
  return {
    bytes: contents.reduce((sum, { bytes }) => sum + bytes, 0),
    async *read(from, to) {
      let at = 0
      for (const content of contents) {
        const begin = Math.max(0, from - at)
        const end = Math.min(content.bytes, to - at)
        if (begin < end) yield* content.read(begin, end)
        at += content.bytes
      }
    },
  }
}

async function* readFile(path: string, from: number, to: number): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, 'r')
  try {
    for (let at = from; at < to; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - at))
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) throw new InvariantError(`the file ends at ${at} and not at ${to}`)
      yield chunk.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}
