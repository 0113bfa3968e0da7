import { existsSync } from 'node:fs'
import type { ReferencedFiles, TakenFile } from '#managers/storage'
import type { Bus, Subscription } from '#platform/bus'
import type { Database } from '#platform/db'
import { LEDGER_MOVED } from '#platform/events'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, type Timestamp, timestamp } from '#platform/time'
import { compressToMp3 } from './mp3/compress.ts'
import type { Recording, RecordingFormat } from './recording.ts'
import type { RecordingFiles } from './recording-files.ts'
import { RecordingStore } from './recording-store.ts'

const CONTENT_TYPE: Record<RecordingFormat, string> = { wav: 'audio/wav', mp3: 'audio/mpeg' }
const BATCH = 50
/** Pokes that come so close together are one. */
const SOON_MS = 1_000
/** Finds what a lost poke, or a store that was away, has left. */
const NET_MS = 60_000

export interface RecordingKeeperNeeds {
  db: Database
  bus: Bus
  clock: Clock
  ids: Ids
  log: Log
  files: RecordingFiles
  storage: Pick<ReferencedFiles, 'take' | 'keepIn' | 'remove'>
}

/**
 * Makes the files of recordings that have ended files of the storage: counted, listed, and in the object store. It works
 * in the api role, from rows: no call waits for it. Until it has been there, downloads are served from where the call role
 * wrote. Safe to repeat and to run on several nodes.
 */
export class RecordingKeeper {
  readonly #needs: RecordingKeeperNeeds
  readonly #store: RecordingStore
  #subscription: Subscription | undefined
  #timer: Timer | undefined
  #isSoon = false
  #running: Promise<void> | undefined
  readonly #stopping = new AbortController()

  constructor(needs: RecordingKeeperNeeds) {
    this.#needs = needs
    this.#store = new RecordingStore(needs.db)
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted
  }

  start(): void {
    this.#subscription = this.#needs.bus.subscribe(LEDGER_MOVED, () => this.#soon())
    this.#soon()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#subscription?.unsubscribe()
    this.#timer?.cancel()
    await this.#running
  }

  /** One round over everything that is due; one that fails is left for the next round. */
  async run(): Promise<void> {
    for (let after: Timestamp | null = null; !this.#isStopped; ) {
      const due: Recording[] = await this.#store.toStore(BATCH, after)
      for (const recording of due) if (!this.#isStopped) await this.#tryToKeep(recording)
      if (due.length < BATCH) return
      after = due.at(-1)?.tm_end ?? null
    }
  }

  #soon(): void {
    if (this.#isSoon || this.#isStopped) return
    this.#isSoon = true
    this.#again(SOON_MS)
  }

  #again(ms: number): void {
    this.#timer?.cancel()
    if (this.#isStopped || this.#running) return
    this.#timer = this.#needs.clock.after(ms, () => {
      this.#isSoon = false
      this.#running = this.run()
        .catch((err: unknown) => this.#needs.log.warn({ err }, 'recordings could not be kept'))
        .finally(() => {
          this.#running = undefined
          this.#again(this.#isSoon ? SOON_MS : NET_MS)
        })
    })
  }

  async #tryToKeep(recording: Recording): Promise<void> {
    try {
      await this.#keep(recording)
    } catch (err) {
      this.#needs.log.warn({ recording_id: recording.id, err }, 'the files of a recording could not be kept yet')
    }
  }

  async #keep(recording: Recording): Promise<void> {
    const { db, clock, files, storage } = this.#needs
    const { customer_id, id, format } = recording
    if (format === 'mp3') await this.#compress(recording)
    const taken: TakenFile[] = []
    for (const { name, path } of files.keptOf(recording)) {
      const file = await storage.take({ path, filename: name, content_type: CONTENT_TYPE[format] })
      if (file) taken.push(file)
    }
    const size = taken.reduce((sum, { bytes }) => sum + bytes, 0)
    const checksums = taken.map(({ filename, sha256 }) => ({ filename, sha256 }))
    const isKept = await db.transaction(async (trx) => {
      const tm_stored = timestamp(clock.wallMs())
      const isMine = await this.#store.markStored(trx, customer_id, id, { tm_stored, size, checksums })
      if (isMine) await storage.keepIn(trx, customer_id, id, taken)
      return isMine
    })
    if (!isKept) return
    if (taken.some(({ isMoved }) => isMoved)) await files.remove(recording)
    else if (format !== 'wav') await files.removeWritten(recording)
  }

  /** One after the other, so that calls find a processor beside it. */
  async #compress(recording: Recording): Promise<void> {
    const { files, ids } = this.#needs
    const made = files.keptOf(recording)
    for (const [at, { path: from }] of files.of(recording).entries()) {
      const to = made[at]?.path
      if (to !== undefined && existsSync(from)) await compressToMp3({ from, to }, ids, this.#stopping.signal)
    }
  }
}
