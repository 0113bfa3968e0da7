import { InvariantError } from '#platform/errors'
import { bytesOf, type Content, joined } from './content.ts'

/** A file of an archive, its checksum known: so every octet of the archive is known before the first is sent. */
export interface ZipEntry {
  name: string
  content: Content
  /** CRC-32 of the content. */
  crc: number
  /** When it was changed, milliseconds since 1970. */
  changedMs: number
}

const LARGEST = 0xffff_ffff
const MOST_ENTRIES = 0xffff
/** Version 2.0 of the format is enough to read it. */
const NEEDED = 20
/** Made under Unix, so that the mode of a file is understood. */
const MADE_BY = (3 << 8) | NEEDED
/** Names are UTF-8 (bit 11). */
const FLAGS = 1 << 11
const MODE_0644 = (0o100_644 << 16) >>> 0

/**
 * A ZIP archive (PKWARE APPNOTE 6.3.10) whose files are stored as they are: sound hardly gets smaller, and stored files let
 * any part of the archive be read by itself. Throws a `RangeError` where it would need ZIP64 (4 GiB, 65 535 files).
 */
export function zipOf(entries: readonly ZipEntry[]): Content {
  if (entries.length > MOST_ENTRIES) throw new InvariantError('too many files for an archive')
  const contents: Content[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const entry of entries) {
    const head = localHeader(entry)
    directory.push(directoryHeader(entry, at))
    contents.push(bytesOf(head), entry.content)
    at += head.length + entry.content.bytes
    if (at > LARGEST) throw new InvariantError('too much for an archive')
  }
  const central = Buffer.concat(directory)
  return joined([...contents, bytesOf(central), bytesOf(endRecord(entries.length, central.length, at))])
}

/** §4.3.7 */
function localHeader(entry: ZipEntry): Buffer {
  const name = Buffer.from(entry.name)
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(NEEDED, 4)
  writeCommon(head, 6, entry, name.length)
  return Buffer.concat([head, name])
}

/** §4.3.12 */
function directoryHeader(entry: ZipEntry, offset: number): Buffer {
  const name = Buffer.from(entry.name)
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt16LE(MADE_BY, 4)
  head.writeUInt16LE(NEEDED, 6)
  writeCommon(head, 8, entry, name.length)
  head.writeUInt32LE(MODE_0644, 38)
  head.writeUInt32LE(offset, 42)
  return Buffer.concat([head, name])
}

/** The fields that both headers have: flags, method 0, time, date, checksum, sizes, length of the name. */
function writeCommon(head: Buffer, at: number, { content, crc, changedMs }: ZipEntry, nameBytes: number): void {
  const when = new Date(changedMs)
  head.writeUInt16LE(FLAGS, at)
  head.writeUInt16LE((when.getUTCHours() << 11) | (when.getUTCMinutes() << 5) | (when.getUTCSeconds() >> 1), at + 4)
  const years = Math.min(Math.max(when.getUTCFullYear() - 1980, 0), 127)
  head.writeUInt16LE((years << 9) | ((when.getUTCMonth() + 1) << 5) | when.getUTCDate(), at + 6)
  head.writeUInt32LE(crc, at + 8)
  head.writeUInt32LE(content.bytes, at + 12)
  head.writeUInt32LE(content.bytes, at + 16)
  head.writeUInt16LE(nameBytes, at + 20)
}

/** §4.3.16 */
function endRecord(count: number, directoryBytes: number, directoryAt: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directoryBytes, 12)
  end.writeUInt32LE(directoryAt, 16)
  return end
}
