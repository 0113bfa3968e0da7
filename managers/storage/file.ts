import { type Timestamp, timestampToMs } from '#platform/time'
import type { StorageFile } from './contract.ts'

/** A file as it is stored: what the wire shows, where its octets are and their checksum. */
export interface FileRecord extends StorageFile {
  /** Its name in the object store. */
  object: string
  /** CRC-32 of its octets. */
  crc32: number
}

/** An address that is about to expire counts as expired: whoever is given it has to be able to use it. */
const MARGIN_MS = 60_000

/** Whether the stored address can still be given out. */
export function hasAddress({ uri_download, tm_download_expire }: FileRecord, nowMs: number): boolean {
  if (uri_download === '' || tm_download_expire === null) return false
  return (timestampToMs(tm_download_expire) ?? 0) > nowMs + MARGIN_MS
}

/** The file as the wire shows it, without the address that has expired or is not for this reader. */
export function presentFile(file: FileRecord, nowMs: number): StorageFile {
  const { object: _object, crc32: _crc32, ...shown } = file
  return hasAddress(file, nowMs) ? shown : { ...shown, ...NO_ADDRESS }
}

/** The same for whoever may know of it but not have it, and for events: an address opens the file to all who read it. */
export function presentWithoutAddress(file: FileRecord): StorageFile {
  const { object: _object, crc32: _crc32, ...shown } = file
  return { ...shown, ...NO_ADDRESS }
}

export const NO_ADDRESS: { uri_download: string; tm_download_expire: Timestamp | null } = {
  uri_download: '',
  tm_download_expire: null,
}
