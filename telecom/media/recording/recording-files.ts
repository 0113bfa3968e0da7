import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'

/**
 * The file system as the writer of recordings uses it. Every call waits: a disk that stalls holds up the writer's own
 * thread, not those that the process shares for its other files.
 */
export interface RecordingFiles {
  /** Creates a file that must not exist, for reading and writing by this user only. Gives its descriptor. */
  create(path: string): number
  /** Opens a file that exists for writing. */
  open(path: string): number
  size(file: number): number
  /** Reads up to as much as fits; gives how many octets came. */
  read(file: number, into: Uint8Array, position: number): number
  /** Writes some of the octets, at least one; gives how many. */
  write(file: number, octets: Uint8Array, offset: number, count: number, position: number): number
  truncate(file: number, size: number): void
  sync(file: number): void
  close(file: number): void
  remove(path: string): void
}

export const diskFiles: RecordingFiles = {
  create: (path) => openSync(path, 'wx+', 0o600),
  open: (path) => openSync(path, 'r+'),
  size: (file) => fstatSync(file).size,
  read: (file, into, position) => readSync(file, into, 0, into.length, position),
  write: (file, octets, offset, count, position) => writeSync(file, octets, offset, count, position),
  truncate: (file, size) => ftruncateSync(file, size),
  sync: (file) => fdatasyncSync(file),
  close: (file) => closeSync(file),
  remove: (path) => unlinkSync(path),
}
