import type { ReferencedFiles } from '#managers/storage'
import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Clock, timestamp } from '#platform/time'
import type { Recording } from './recording.ts'
import { recordingEvent } from './recording-events.ts'
import type { RecordingFiles } from './recording-files.ts'
import { RecordingStore } from './recording-store.ts'

export interface RecordingRemoverNeeds {
  db: Database
  clock: Clock
  files: RecordingFiles
  storage: Pick<ReferencedFiles, 'deleteIn' | 'remove'>
}

/** Deletes recordings that have ended: the files first, so that what is said to be deleted is not on the disk any more. */
export class RecordingRemover {
  readonly #needs: RecordingRemoverNeeds
  readonly #store: RecordingStore

  constructor(needs: RecordingRemoverNeeds) {
    this.#needs = needs
    this.#store = new RecordingStore(needs.db)
  }

  /** Announces `recording_deleted`; `undefined` where somebody else has deleted it. */
  async remove(recording: Recording): Promise<Recording | undefined> {
    const { db, clock, files, storage } = this.#needs
    const { customer_id, id } = recording
    await files.remove(recording)
    const now = timestamp(clock.wallMs())
    const done = await db.transaction(async (trx) => {
      const deleted = await this.#store.delete(trx, customer_id, id, now)
      if (!deleted) return undefined
      const objects = await storage.deleteIn(trx, customer_id, id)
      await appendEvents(trx, [recordingEvent('recording_deleted', deleted)])
      return { deleted, objects }
    })
    if (done) await storage.remove(done.objects)
    return done?.deleted
  }
}
