import type { StorageAccounts } from '#managers/storage'
import type { AnyTransaction } from '#platform/db'
import { appendEvents } from '#platform/events'
import { type Timestamp, timestamp } from '#platform/time'
import { ClosedHistoryStore, type HistoryKind } from './closed-history-store.ts'
import { callEvent } from './events.ts'
import { groupcallEvent } from './groupcall-events.ts'
import { GroupcallStore } from './groupcall-store.ts'
import { RecordingRemover, type RecordingRemoverNeeds } from './recording-remover.ts'
import { RecordingStore } from './recording-store.ts'
import { CallStore } from './store.ts'

export interface ClosedHistoriesNeeds extends RecordingRemoverNeeds {
  accounts: Pick<StorageAccounts, 'deleteAllOf'>
}

const BATCH = 100

/**
 * Deletes the calls, groupcalls, transfers and recordings of customers that were deleted, each announced as if somebody had
 * deleted it. It follows the deletion: there may be very many, and what was live then has still to end. Safe to repeat.
 */
export class ClosedHistories {
  readonly #needs: ClosedHistoriesNeeds
  readonly #store: ClosedHistoryStore
  readonly #calls: CallStore
  readonly #groupcalls: GroupcallStore
  readonly #recordings: RecordingStore
  readonly #remover: RecordingRemover

  constructor(needs: ClosedHistoriesNeeds) {
    this.#needs = needs
    this.#store = new ClosedHistoryStore(needs.db)
    this.#calls = new CallStore(needs.db)
    this.#groupcalls = new GroupcallStore(needs.db)
    this.#recordings = new RecordingStore(needs.db)
    this.#remover = new RecordingRemover(needs)
  }

  /** Deletes everything that is over, of every customer that is noted; one of whom nothing is left is forgotten. */
  async run(signal: AbortSignal): Promise<void> {
    for (const customer of await this.#store.noted()) {
      for (const kind of ['recordings', 'transfers', 'groupcalls', 'calls'] as const)
        while (!signal.aborted && (await this.#some(customer, kind)) === BATCH);
      if (!signal.aborted && !(await this.#store.hasAny(customer))) await this.#close(customer)
    }
  }

  async #some(customer: string, kind: HistoryKind): Promise<number> {
    const ids = await this.#store.over(customer, kind, BATCH)
    if (ids.length === 0) return 0
    const now = timestamp(this.#needs.clock.wallMs())
    if (kind === 'transfers') await this.#store.deleteTransfers(customer, ids, now)
    else if (kind === 'recordings') await this.#removeRecordings(customer, ids)
    else await this.#needs.db.transaction((trx) => this.#delete(trx, customer, { kind, ids, now }))
    return ids.length
  }

  async #removeRecordings(customer: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const recording = await this.#recordings.find(customer, id)
      if (recording) await this.#remover.remove(recording)
    }
  }

  async #delete(
    trx: AnyTransaction,
    customer: string,
    { kind, ids, now }: { kind: 'calls' | 'groupcalls'; ids: readonly string[]; now: Timestamp },
  ): Promise<void> {
    for (const id of ids) {
      if (kind === 'calls') {
        const call = await this.#calls.delete(trx, customer, id, now)
        if (call) await appendEvents(trx, [callEvent('call_deleted', call)])
      } else {
        const group = await this.#groupcalls.delete(trx, customer, id, now)
        if (group) await appendEvents(trx, [groupcallEvent('groupcall_deleted', group)])
      }
    }
  }

  /** What was recorded last may have been stored after the storage of the customer was closed. */
  #close(customer: string): Promise<void> {
    return this.#needs.db.transaction(async (trx) => {
      await this.#needs.accounts.deleteAllOf(trx, customer)
      await this.#store.forget(trx, customer)
    })
  }
}
