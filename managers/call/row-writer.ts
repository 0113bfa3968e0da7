import { LanesFull, type LaneWrite, type WriteLanes } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'

const AGAIN_MS = 500

/**
 * Writes one live row and what happened to it in one transaction, in the order in which it happened. Where the lanes take
 * no more, the events are kept and follow later with the row as it is then: nothing is lost, and no old row is written
 * over a newer one.
 */
export class RowWriter {
  readonly #needs: { clock: Clock; log: Log; lanes: WriteLanes }
  readonly #id: string
  readonly #onStored: () => void
  #row: LaneWrite | undefined
  #missed: LaneWrite[] = []
  #again: Promise<void> | undefined
  #written: Promise<void> = Promise.resolve()

  /** `id` names the row, and its lane; `onStored` is called each time a write is on disk. */
  constructor(needs: { clock: Clock; log: Log; lanes: WriteLanes }, id: string, onStored: () => void = () => {}) {
    this.#needs = needs
    this.#id = id
    this.#onStored = onStored
  }

  /** Resolves when everything so far is on disk, or can never be. */
  get written(): Promise<void> {
    return this.#written
  }

  save(row: LaneWrite, events: readonly LaneWrite[]): void {
    this.#row = row
    this.#done(this.#again ? this.#follow(events) : this.#write([row, ...events], events))
  }

  /** Writes what belongs to the row beside it, in one transaction, behind everything before it. */
  append(writes: readonly LaneWrite[]): void {
    this.#done(this.#again ? this.#follow(writes) : this.#write(writes, writes))
  }

  #done(writing: Promise<void> | undefined): void {
    this.#written = Promise.all([this.#written, writing]).then(() => {})
  }

  /** `kept` is what may not get lost where the lanes take nothing: the row is written again as it is then. */
  async #write(writes: readonly LaneWrite[], kept: readonly LaneWrite[]): Promise<void> {
    try {
      await this.#needs.lanes.write(this.#id, writes)
      this.#onStored()
    } catch (error) {
      if (!(error instanceof LanesFull)) return this.#lost(error)
      this.#missed.push(...kept)
      this.#again ??= this.#writeAgain()
      await this.#again
    }
  }

  #follow(events: readonly LaneWrite[]): Promise<void> | undefined {
    this.#missed.push(...events)
    return this.#again
  }

  async #writeAgain(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.#needs.clock.after(AGAIN_MS, resolve))
      const row = this.#row
      if (!row) return
      const events = this.#missed
      this.#missed = []
      const again = this.#again
      try {
        const writing = this.#needs.lanes.write(this.#id, [row, ...events])
        // what comes from here on is newer than this row and may be written directly, behind it
        this.#again = undefined
        await writing
        return this.#onStored()
      } catch (error) {
        if (!(error instanceof LanesFull)) return this.#lost(error)
        this.#missed.unshift(...events)
        this.#again = again
      }
    }
  }

  #lost(error: unknown): void {
    this.#needs.log.error({ id: this.#id, error }, 'a write of a live row was refused')
  }
}
