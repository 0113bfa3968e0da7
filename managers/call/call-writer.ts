import type { LaneWrite, WriteLanes } from '#platform/db'
import { eventWrite } from '#platform/events'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { DialogState } from '#telecom/sip'
import type { Call } from './call.ts'
import { type CallEvent, callEvent } from './events.ts'
import { RowWriter } from './row-writer.ts'
import { callWrite } from './store.ts'

export interface CallWriterNeeds {
  clock: Clock
  log: Log
  lanes: WriteLanes
  node: string
  incarnation: string
}

/** Writes one live call: its row and its events in one transaction, in the order in which they happened. */
export class CallWriter {
  readonly #needs: CallWriterNeeds
  readonly #onStored: () => void
  #rows: RowWriter | undefined

  /** `onStored` is called each time a write is on disk. */
  constructor(needs: CallWriterNeeds, onStored: () => void) {
    this.#needs = needs
    this.#onStored = onStored
  }

  /** Resolves when everything so far is on disk, or can never be. */
  get written(): Promise<void> {
    return this.#rows?.written ?? Promise.resolve()
  }

  save(call: Call, dialog: DialogState | null, types: readonly CallEvent[]): void {
    const { node, incarnation } = this.#needs
    const tm_create = call.tm_update ?? call.tm_create
    const events = types.map((type) => eventWrite({ ...callEvent(type, call), tm_create }))
    this.#rowsOf(call.id).save(callWrite({ ...call, node, incarnation, dialog }), events)
  }

  /** Writes what belongs to the call beside its own row, in one transaction, behind everything before it. */
  append(call_id: string, writes: readonly LaneWrite[]): void {
    this.#rowsOf(call_id).append(writes)
  }

  #rowsOf(call_id: string): RowWriter {
    this.#rows ??= new RowWriter(this.#needs, call_id, this.#onStored)
    return this.#rows
  }
}
