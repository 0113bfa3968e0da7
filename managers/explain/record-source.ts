import { type Bus, BusError, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { CallRecord } from './call-record.ts'
import { unpackRecord } from './record-codec.ts'
import { RECORDS, type RecordQuestion } from './record-question.ts'
import { RecordStore } from './record-store.ts'

const ASK_MS = 2_000

/**
 * What was noted of a call, and how whole it is: `live` = as far as it has come; `complete` = to its end; `partial` = the
 * program ended before the call did, and this is what was on disk; `none` = nothing was, or it is too old.
 */
export type FoundRecord =
  | { state: 'live' | 'complete'; record: CallRecord }
  | { state: 'partial'; record: CallRecord; tm_written: Timestamp }
  | { state: 'none' }

/** Finds records: of calls that live, by asking the call role; of others, their rows. */
export class RecordSource {
  readonly #bus: Bus
  readonly #store: RecordStore

  constructor(needs: { db: Database; bus: Bus }) {
    this.#bus = needs.bus
    this.#store = new RecordStore(needs.db)
  }

  /** `SERVICE_UNAVAILABLE` while the call role is there and does not answer. */
  async find(customer_id: string, call_id: string): Promise<FoundRecord> {
    const live = await this.#ask({ customer_id, call_id })
    if (live) return { state: live.over ? 'complete' : 'live', record: live.record }
    const stored = await this.#store.find(customer_id, call_id)
    if (!stored) return { state: 'none' }
    const record = unpackRecord(stored.data)
    return stored.complete ? { state: 'complete', record } : { state: 'partial', record, tm_written: stored.tm_update }
  }

  /** A call role that is away has no live calls. */
  async #ask(question: RecordQuestion): Promise<{ record: CallRecord; over: boolean } | null> {
    try {
      const answer = await this.#bus.request(RECORDS, question, { deadlineMs: ASK_MS })
      return answer as { record: CallRecord; over: boolean } | null
    } catch (error) {
      if (error instanceof NoResponder) return null
      if (error instanceof BusError) throw apiErrors.SERVICE_UNAVAILABLE({}, { cause: error })
      throw error
    }
  }
}
