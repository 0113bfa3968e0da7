import type { ReservedType, ReservedUse, Uses } from '#managers/billing'
import type { Database } from '#platform/db'
import { RecordingStore } from './recording-store.ts'
import { CallStore } from './store.ts'

/** What became of calls and recordings that money was reserved for: their records say, those that are deleted too. */
export class MeteredUses implements Uses {
  readonly #calls: CallStore
  readonly #recordings: RecordingStore

  constructor(db: Database) {
    this.#calls = new CallStore(db)
    this.#recordings = new RecordingStore(db)
  }

  async find(customer: string, type: ReservedType, ids: readonly string[]): Promise<ReservedUse[]> {
    if (type === 'call')
      return (await this.#calls.timesOf(customer, ids)).map(({ id, status, tm_progressing, tm_hangup }) => ({
        ...{ id, isOver: status === 'hangup', tm_start: tm_progressing, tm_end: tm_hangup },
      }))
    return (await this.#recordings.timesOf(customer, ids)).map(({ id, status, tm_start, tm_end }) => ({
      ...{ id, isOver: status === 'ended', tm_start, tm_end },
    }))
  }
}
