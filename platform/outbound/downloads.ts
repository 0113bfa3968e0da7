import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, timestamp } from '#platform/time'
import type { OutboundClient } from './outbound-client.ts'

export interface DownloadsNeeds {
  outbound: OutboundClient
  clock: Clock
  /** Where the files are kept; created where missing. */
  folder: string
  /** Bytes that one file may have; default 20 MiB. */
  maxFileBytes?: number
  /** Bytes that all files together may have; the least recently used go first. Default 256 MiB. */
  maxBytes?: number
}

/** A file could not be had from its URL. `why` is one word, or the status. */
export class DownloadFailed extends Error {
  override name = 'DownloadFailed'
  readonly why: string

  constructor(why: string) {
    super(`not downloaded: ${why}`)
    this.why = why
  }
}

const MAX_FILE_BYTES = 20 << 20
const MAX_BYTES = 256 << 20
/** A file is not asked for again for so long. */
const FRESH_MS = 60_000

/** Files from URLs that customers named, kept under a name of our own: nothing of a URL becomes a path. */
export class Downloads {
  readonly #needs: DownloadsNeeds
  readonly #running = new Map<string, Promise<string>>()
  readonly #fetchedMs = new Map<string, number>()

  constructor(needs: DownloadsNeeds) {
    this.#needs = needs
  }

  /** The file of a URL, fetched unless it was a minute ago. Requests for the same URL at once share one download. */
  async fetch(url: string, signal: AbortSignal): Promise<{ file: string }> {
    const running = this.#running.get(url) ?? this.#start(url)
    if (signal.aborted) throw new DownloadFailed('aborted')
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new DownloadFailed('aborted')), { once: true })
    })
    return { file: await Promise.race([running, aborted]) }
  }

  #start(url: string): Promise<string> {
    const running = this.#download(url).finally(() => this.#running.delete(url))
    running.catch(() => {})
    this.#running.set(url, running)
    return running
  }

  async #download(url: string): Promise<string> {
    const { outbound, clock, folder, maxFileBytes = MAX_FILE_BYTES } = this.#needs
    const name = createHash('sha256').update(url).digest('hex')
    const file = join(folder, name)
    const nowMs = clock.monotonicMs()
    const fetchedMs = this.#fetchedMs.get(name)
    if (fetchedMs !== undefined && nowMs - fetchedMs < FRESH_MS && (await exists(file))) return file
    const answer = await outbound.request({ url, method: 'GET', maxBodyBytes: maxFileBytes, whenTooLarge: 'fail' })
    if (!answer.ok) throw new DownloadFailed(answer.failure)
    if (answer.status !== 200) throw new DownloadFailed(String(answer.status))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, answer.body, { mode: 0o600 })
    await rename(`${file}.new`, file)
    const used = new Date(timestamp(clock.wallMs()))
    await utimes(file, used, used)
    this.#fetchedMs.set(name, nowMs)
    await this.#evict(name)
    return file
  }

  /** Removes the oldest files until the rest fits. */
  async #evict(keep: string): Promise<void> {
    const { folder, maxBytes = MAX_BYTES } = this.#needs
    const kept = await Promise.all(
      (await readdir(folder)).map(async (name) => ({ name, ...(await sizeAndAge(join(folder, name))) })),
    )
    let bytes = kept.reduce((sum, { size }) => sum + size, 0)
    for (const { name, size } of kept.sort((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= maxBytes) return
      if (name === keep) continue
      await rm(join(folder, name), { force: true })
      this.#fetchedMs.delete(name)
      bytes -= size
    }
  }
}

async function exists(file: string): Promise<boolean> {
  return (await sizeAndAge(file)).size >= 0
}

async function sizeAndAge(file: string): Promise<{ size: number; usedMs: number }> {
  try {
    const { size, mtimeMs } = await stat(file)
    return { size, usedMs: mtimeMs }
  } catch {
    return { size: -1, usedMs: 0 }
  }
}
