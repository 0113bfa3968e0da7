import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { FileStore } from './file-store.ts'
import { LeftoverStore } from './leftover-store.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { Spool } from './spool.ts'

const EVERY_MS = 10 * 60_000
const BATCH = 100

export interface SweeperNeeds {
  db: Database
  objects: ObjectStore
  spool: Spool
  clock: Clock
  log: Log
}

/** Removes objects that no file claims, and uploads that a crash cut off. Safe to repeat and to run on several nodes. */
export class StorageSweeper {
  readonly #needs: SweeperNeeds
  readonly #files: FileStore
  readonly #leftovers: LeftoverStore
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  constructor(needs: SweeperNeeds) {
    this.#needs = needs
    this.#files = new FileStore(needs.db)
    this.#leftovers = new LeftoverStore(needs.db)
  }

  /** Begins now, and again and again. */
  start(): void {
    this.soon()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#running
  }

  /** Sweeps now, or once more where it is sweeping. */
  soon(): void {
    if (this.#isStopped) return
    this.#timer?.cancel()
    const before = this.#running ?? Promise.resolve()
    const running = before
      .then(() => this.sweep())
      .catch((err: unknown) => this.#needs.log.warn({ err }, 'the storage could not be swept'))
      .finally(() => {
        if (this.#running === running) this.#running = undefined
        if (!this.#isStopped && !this.#running) this.#timer = this.#needs.clock.after(EVERY_MS, () => this.soon())
      })
    this.#running = running
  }

  /** One round; a store that cannot be reached ends it. */
  async sweep(): Promise<void> {
    const { log, spool } = this.#needs
    const uploads = await spool.sweep()
    if (uploads > 0) log.info({ uploads }, 'uploads that were cut off have been removed')
    for (;;) {
      const due = await this.#leftovers.due(timestamp(this.#needs.clock.wallMs()), BATCH)
      if (due.length === 0 || this.#isStopped) return
      const claimed = await this.#files.claimed(due)
      await this.remove(due.filter((object) => !claimed.has(object)))
      await this.#leftovers.forget(due.filter((object) => claimed.has(object)))
    }
  }

  /** Removes objects whose files are gone already. */
  async remove(objects: readonly string[]): Promise<void> {
    for (const object of objects) await this.#needs.objects.remove(object)
    await this.#leftovers.forget(objects)
  }

  /** The same for whoever does not wait for it: what fails is tried again by the next sweep. */
  async removeQuietly(objects: readonly string[]): Promise<void> {
    try {
      await this.remove(objects)
    } catch (err) {
      this.#needs.log.warn({ err, objects }, 'objects of deleted files could not be removed yet')
    }
  }
}
