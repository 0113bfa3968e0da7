import type { Content } from '../content.ts'

/** A file on this machine's disk that is to become an object. */
export interface LocalFile {
  path: string
  bytes: number
}

/** What a downloaded object is called and taken for. */
export interface ServedAs {
  fileName: string
  contentType: string
}

/**
 * Where octets are kept. An object has a name that only the platform chooses, is written once and never changed. What
 * cannot be done for the moment rejects with `SERVICE_UNAVAILABLE`.
 */
export interface ObjectStore {
  /** Who makes addresses that need no login: the platform, the store itself, or nobody for want of credentials. */
  readonly signedBy: 'platform' | 'store' | 'nobody'
  /** Keeps a file under a name; it outlives a crash from when this resolves. The file may be gone from its place then. */
  put(object: string, file: LocalFile): Promise<void>
  /**
   * The object that a file is at its place already, where the store is the folder that it is in; it outlives a crash from
   * when this resolves. `undefined` = it has to be put.
   */
  inPlace(file: LocalFile): Promise<string | undefined>
  /** The octets, read when they are asked for. */
  content(object: string, bytes: number): Content
  holds(object: string): Promise<boolean>
  /** Harmless where it is gone. */
  remove(object: string): Promise<void>
  /** An address at the store, where the store makes them. */
  addressOf(object: string, as: ServedAs, validSeconds: number): Promise<string>
}
