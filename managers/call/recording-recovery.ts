import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { type Recording, sizeAtEnd } from './recording.ts'
import { recordingEvent } from './recording-events.ts'
import type { RecordedSound, RecordingFiles } from './recording-files.ts'
import { flowAfter, type OnRecordingEnded } from './recording-runner.ts'
import { type RecordingOwner, RecordingStore } from './recording-store.ts'
import type { DeadLife } from './recovery.ts'

/** Makes the two files of a recording that was cut off whole again: right headers, equally long. */
export type RepairRecording = (incoming: string, outgoing: string) => Promise<unknown>

const BATCH = 100

export interface RecordingRecoveryNeeds {
  db: Database
  clock: Clock
  log: Log
  files: RecordingFiles
  repair: RepairRecording
  onEnded: OnRecordingEnded
  node: string
  incarnation: string
}

/**
 * Clears up after lives that are over: recordings that went on have what is on the disk made whole and are closed, events
 * in the same transaction, and flows that should have followed a recording are started. Safe to repeat and to run on
 * several nodes at once.
 */
export class RecordingRecovery {
  readonly #needs: RecordingRecoveryNeeds
  readonly #store: RecordingStore
  readonly #heir: RecordingOwner

  constructor(needs: RecordingRecoveryNeeds) {
    this.#needs = needs
    this.#store = new RecordingStore(needs.db)
    this.#heir = { node: needs.node, incarnation: needs.incarnation }
  }

  /** Gives how many recordings were closed. */
  async recover(lives: readonly DeadLife[]): Promise<number> {
    let closed = 0
    for (const life of lives) {
      for (let batch = BATCH; batch === BATCH; closed += batch) batch = await this.#closeBatch(life)
      for (let batch = BATCH; batch === BATCH; ) batch = await this.#followBatch(life)
    }
    if (closed > 0) this.#needs.log.info({ closed }, 'recordings of earlier lives were closed')
    return closed
  }

  /** Earlier lives of this node that have left something open, whether they crashed or had no time left at their end. */
  async livesWithOpen(): Promise<{ node: string; incarnation: string }[]> {
    const lives = await this.#store.livesWithOpen(this.#heir.node)
    return lives.filter(({ incarnation }) => incarnation !== this.#heir.incarnation)
  }

  async #closeBatch(life: DeadLife): Promise<number> {
    const orphans = await this.#store.orphans(life, BATCH)
    for (const orphan of orphans) await this.#close(orphan, life)
    return orphans.length
  }

  async #close(orphan: Recording, life: DeadLife): Promise<void> {
    const sound = await this.#mend(orphan)
    const ended = closeOrphan(orphan, sound, life.last_beat, timestamp(this.#needs.clock.wallMs()))
    const isFollowed = ended.on_end_flow_id !== NIL_UUID
    const isMine = await this.#needs.db.transaction(async (trx: AnyTransaction) => {
      if (!(await this.#store.close(trx, ended, life, this.#heir))) return false
      await appendEvents(trx, [recordingEvent('recording_finished', ended)])
      if (isFollowed) await this.#store.noteEnd(trx, ended.id, this.#heir)
      return true
    })
    if (isMine && isFollowed) await this.#follow(ended)
  }

  /** A file that cannot be mended stays as it is: there is still sound in it. */
  async #mend(orphan: Recording): Promise<RecordedSound> {
    const { files, repair, log } = this.#needs
    const [incoming, outgoing] = files.of(orphan)
    try {
      if (incoming && outgoing && (await files.measure(orphan)).size > 0) await repair(incoming.path, outgoing.path)
    } catch (error) {
      log.warn({ recording_id: orphan.id, error }, 'the files of a recording could not be mended')
    }
    return files.measure(orphan)
  }

  async #followBatch(life: DeadLife): Promise<number> {
    const due = await this.#store.dueEnds(life, BATCH)
    for (const recording of due) await this.#follow(recording)
    return due.length
  }

  async #follow(recording: Recording): Promise<void> {
    await this.#needs.onEnded(flowAfter(recording))
    await this.#store.endDone(recording.id)
  }
}

/**
 * It went on for as long as there is sound of it, else until its node was last seen; never before it began, never in the
 * future. The crash took something of it, so it is not complete.
 */
export function closeOrphan(orphan: Recording, sound: RecordedSound, last_beat: Timestamp, now: Timestamp): Recording {
  const { tm_start, tm_create } = orphan
  const began = tm_start ?? tm_create
  const startMs = tm_start === null ? undefined : timestampToMs(tm_start)
  const heard = startMs !== undefined && sound.duration > 0 ? timestamp(startMs + sound.duration * 1000) : last_beat
  const [earlier = now] = [heard, now].toSorted()
  const tm_end = [began, earlier].toSorted().at(-1) ?? earlier
  return {
    ...orphan,
    status: 'ended',
    duration: sound.duration,
    size: sizeAtEnd(orphan, sound.size),
    complete: false,
    tm_end,
    tm_update: [tm_end, now].toSorted().at(-1) ?? now,
  }
}
