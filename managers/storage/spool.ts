import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import type { Clock } from '#platform/time'
import type { LocalFile } from './objects/object-store.ts'

/** Nothing that is still coming is older: the server cuts a request after 15 min. */
const LEFT_MS = 60 * 60_000
const ENDING = '.part'

/** What has come of an upload: on the disk to its last octet. */
export interface Spooled extends LocalFile {
  crc32: number
}

/** The place where uploads wait until they are whole. What a crash leaves there is swept. */
export class Spool {
  readonly #folder: string
  readonly #ids: Ids
  readonly #clock: Clock
  #isThere = false

  constructor(needs: { folder: string; ids: Ids; clock: Clock }) {
    this.#folder = needs.folder
    this.#ids = needs.ids
    this.#clock = needs.clock
  }

  /** Writes octets to the disk while they come. Whatever fails, nothing stays behind. */
  async take(octets: AsyncIterable<Uint8Array>): Promise<Spooled> {
    await this.#prepare()
    const path = join(this.#folder, this.#ids.uuid() + ENDING)
    try {
      return await write(path, octets)
    } catch (error) {
      await this.discard({ path })
      throw error
    }
  }

  /** Harmless where the file has become an object, or is gone. */
  async discard({ path }: { path: string }): Promise<void> {
    await rm(path, { force: true })
  }

  /** Removes what uploads of earlier lives have left; gives how many there were. */
  async sweep(): Promise<number> {
    const names = await readdir(this.#folder).catch(() => [])
    let swept = 0
    for (const name of names.filter((each) => each.endsWith(ENDING))) {
      const path = join(this.#folder, name)
      const found = await stat(path).catch(() => undefined)
      if (!found || found.mtimeMs > this.#clock.wallMs() - LEFT_MS) continue
      await this.discard({ path })
      swept++
    }
    return swept
  }

  async #prepare(): Promise<void> {
    if (this.#isThere) return
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch(diskFailed)
    this.#isThere = true
  }
}

async function write(path: string, octets: AsyncIterable<Uint8Array>): Promise<Spooled> {
  const file = await open(path, 'wx', 0o600).catch(diskFailed)
  let bytes = 0
  let crc = 0
  try {
    for await (const chunk of octets) {
      await file.writeFile(chunk).catch(diskFailed)
      bytes += chunk.length
      crc = crc32(chunk, crc)
    }
    await file.sync().catch(diskFailed)
  } finally {
    await file.close()
  }
  return { path, bytes, crc32: crc }
}

/** A disk that is full or gone is the platform's trouble, and passes. */
function diskFailed(cause: unknown): never {
  throw apiErrors.SERVICE_UNAVAILABLE(undefined, { cause })
}
