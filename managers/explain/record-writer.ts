import { LanesFull, type WriteLanes } from '#platform/db'
import type { Log } from '#platform/log'
import { type Clock, timestamp } from '#platform/time'
import type { LiveRecord } from './live-record.ts'
import { packRecord } from './record-codec.ts'
import { recordWrite } from './record-store.ts'

/** While the database is behind, calls come first. */
const OLDEST_WRITE_MS = 500

/** Writes records as rows, packed and without secrets. */
export class RecordWriter {
  readonly #clock: Clock
  readonly #log: Log
  readonly #lanes: WriteLanes
  readonly counts = { written: 0, lost: 0 }

  constructor(needs: { clock: Clock; log: Log; lanes: WriteLanes }) {
    this.#clock = needs.clock
    this.#log = needs.log
    this.#lanes = needs.lanes
  }

  /** Whether the lanes have room for what no call waits for. */
  mayWrite(): boolean {
    return this.#lanes.oldestMs < OLDEST_WRITE_MS
  }

  /** Resolves when it is on disk, or can never be. Never rejects. */
  async write(record: LiveRecord, complete: boolean): Promise<void> {
    const { call_id, customer_id, tm_create } = record
    try {
      const data = await packRecord(record.snapshot())
      const tm_update = timestamp(this.#clock.wallMs())
      const row = { call_id, customer_id, data, complete, tm_create, tm_update }
      await this.#lanes.write(call_id, [recordWrite(row)])
      this.counts.written++
    } catch (error) {
      this.counts.lost++
      if (!(error instanceof LanesFull)) this.#log.warn({ call_id, error }, 'the record of a call could not be written')
    }
  }
}
