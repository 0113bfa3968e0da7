import { LanesFull, type LaneWrite, type WriteLanes } from '#platform/db'
import { eventWrite } from '#platform/events'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { DialogState } from '#telecom/sip'
import type { Call } from './call.ts'
import { type CallEvent, callEvent } from './events.ts'
import { callWrite } from './store.ts'

const AGAIN_MS = 500

export interface CallWriterNeeds {
  clock: Clock
  log: Log
  lanes: WriteLanes
  node: string
  incarnation: string
}

/**
 * Writes one live call: its row and its events in one transaction, in the order in which they happened. Where the lanes
 * take no more, the events are kept and follow later with the row as it is then: nothing is lost, and no old row is
 * written over a newer one.
 */
export class CallWriter {
  readonly #needs: CallWriterNeeds
  readonly #onStored: () => void
  #row: LaneWrite | undefined
  #missed: LaneWrite[] = []
  #again: Promise<void> | undefined
  #written: Promise<void> = Promise.resolve()

  /** `onStored` is called each time a write is on disk. */
  constructor(needs: CallWriterNeeds, onStored: () => void) {
    this.#needs = needs
    this.#onStored = onStored
  }

  /** Resolves when everything so far is on disk, or can never be. */
  get written(): Promise<void> {
    return this.#written
  }

  save(call: Call, dialog: DialogState | null, types: readonly CallEvent[]): void {
    const { node, incarnation } = this.#needs
    const tm_create = call.tm_update ?? call.tm_create
    const events = types.map((type) => eventWrite({ ...callEvent(type, call), tm_create }))
    this.#row = callWrite({ ...call, node, incarnation, dialog })
    this.#done(this.#again ? this.#follow(events) : this.#write(call.id, [this.#row, ...events], events))
  }

  /** Writes what belongs to the call beside its own row, in one transaction, behind everything before it. */
  append(call_id: string, writes: readonly LaneWrite[]): void {
    this.#done(this.#again ? this.#follow(writes) : this.#write(call_id, writes, writes))
  }

  #done(writing: Promise<void> | undefined): void {
    this.#written = Promise.all([this.#written, writing]).then(() => {})
  }

  /** `kept` is what may not get lost where the lanes take nothing: the row is written again as it is then. */
  async #write(id: string, writes: readonly LaneWrite[], kept: readonly LaneWrite[]): Promise<void> {
    try {
      await this.#needs.lanes.write(id, writes)
      this.#onStored()
    } catch (error) {
      if (!(error instanceof LanesFull)) return this.#lost(id, error)
      this.#missed.push(...kept)
      this.#again ??= this.#writeAgain(id)
      await this.#again
    }
  }

  #follow(events: readonly LaneWrite[]): Promise<void> | undefined {
    this.#missed.push(...events)
    return this.#again
  }

  async #writeAgain(id: string): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.#needs.clock.after(AGAIN_MS, resolve))
      const row = this.#row
      if (!row) return
      const events = this.#missed
      this.#missed = []
      const again = this.#again
      try {
        const writing = this.#needs.lanes.write(id, [row, ...events])
        // what comes from here on is newer than this row and may be written directly, behind it
        this.#again = undefined
        await writing
        return this.#onStored()
      } catch (error) {
        if (!(error instanceof LanesFull)) return this.#lost(id, error)
        this.#missed.unshift(...events)
        this.#again = again
      }
    }
  }

  #lost(call_id: string, error: unknown): void {
    this.#needs.log.error({ call_id, error }, 'a write of a call was refused')
  }
}
