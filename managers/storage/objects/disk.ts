import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { InvariantError } from '#platform/errors'
import { apiErrors } from '#platform/http'
import { type Content, fileOf } from '../content.ts'
import type { LocalFile, ObjectStore } from './object-store.ts'

/** Objects are files below a folder of this machine, the platform's data folder. */
export class DiskStore implements ObjectStore {
  readonly signedBy = 'platform'
  readonly #root: string

  constructor(folder: string) {
    this.#root = resolve(folder)
  }

  /** The file is moved: it has to be on the same disk. What is in it has to be on the disk already (`Spool` sees to it). */
  async put(object: string, { path }: LocalFile): Promise<void> {
    const target = this.#pathOf(object)
    try {
      const first = await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await rename(path, target)
      await syncFolders(dirname(target), first === undefined ? dirname(target) : dirname(first))
    } catch (cause) {
      throw apiErrors.SERVICE_UNAVAILABLE(undefined, { cause })
    }
  }

  async inPlace({ path }: LocalFile): Promise<string | undefined> {
    const inside = relative(this.#root, resolve(path))
    if (inside.startsWith('..')) return undefined
    await sync(path)
    await sync(dirname(path))
    return inside.split(sep).join('/')
  }

  content(object: string, bytes: number): Content {
    return fileOf(this.#pathOf(object), bytes)
  }

  async holds(object: string): Promise<boolean> {
    const found = await stat(this.#pathOf(object)).catch(() => undefined)
    return found?.isFile() ?? false
  }

  async remove(object: string): Promise<void> {
    await rm(this.#pathOf(object), { force: true })
  }

  async addressOf(): Promise<string> {
    throw new InvariantError('addresses of files on the disk are made by the platform')
  }

  /** Names are the platform's own; one that leads elsewhere is a mistake of ours. */
  #pathOf(object: string): string {
    const path = join(this.#root, object)
    if (!path.startsWith(this.#root + sep)) throw new InvariantError('an object lies outside of the store')
    return path
  }
}

/** What was renamed into a folder, and a folder that was made, is there after a crash. */
async function syncFolders(from: string, upTo: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    await sync(folder)
    if (folder === upTo || folder === dirname(folder)) return
  }
}

async function sync(path: string): Promise<void> {
  const opened = await open(path, 'r')
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}
