import type { AnyTransaction, Database } from '#platform/db'
import { type Clock, timestamp } from '#platform/time'
import { ClosedHistoryStore } from './closed-history-store.ts'

/** Notes customers that are deleted, in the transaction that deletes them, for `ClosedHistories` to delete what they had. */
export class ClosedHistoryNotes {
  readonly #store: ClosedHistoryStore
  readonly #clock: Clock

  constructor(needs: { db: Database; clock: Clock }) {
    this.#store = new ClosedHistoryStore(needs.db)
    this.#clock = needs.clock
  }

  deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    return this.#store.note(trx, customer, timestamp(this.#clock.wallMs()))
  }
}
