import type { LaneWrite, WriteLanes } from '#platform/db'
import type { Clock } from '#platform/time'
import type { ActionRun } from '../activeflow.ts'
import type { ActiveflowRow } from '../activeflow-store.ts'
import type { Announced } from './flow-platform.ts'

/** An event as it lies in the ledger. */
export interface LaidEvent {
  type: string
  resource_id: string
  data: Announced & { id: string; status: string }
}

/** A disk that takes its time and can die: what is not on it by then is lost, all writes of one call together. */
export class MemoryLanes implements WriteLanes {
  readonly oldestMs = 0
  readonly rows = new Map<string, ActiveflowRow>()
  readonly executed = new Map<string, ActionRun[]>()
  readonly events: LaidEvent[] = []
  readonly #clock: Clock
  readonly #delayMs: () => number
  #queue: { writes: readonly LaneWrite[]; done: () => void }[] = []

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  get waiting(): number {
    return this.#queue.length
  }

  write(_key: string, writes: readonly LaneWrite[]): Promise<void> {
    // what is written is what stands there now, as a disk has it
    const copied = writes.map((write) => ({ ...write, row: structuredClone(write.row) }))
    return new Promise((done) => {
      this.#queue.push({ writes: copied, done })
      this.#clock.after(this.#delayMs(), () => this.#next())
    })
  }

  /** What waits is lost. */
  die(): void {
    this.#queue = []
  }

  /** Lays down what waits longest: the order of the writes is kept, whatever the delays. */
  #next(): void {
    const first = this.#queue.shift()
    if (!first) return
    for (const write of first.writes) this.apply(write)
    first.done()
  }

  apply({ table, row }: LaneWrite): void {
    if (table.name === 'activeflows') {
      const written = row as unknown as ActiveflowRow // what `rowWrite` made
      this.rows.set(written.id, written)
    } else if (table.name === 'activeflow_executed_actions') {
      const { activeflow_id, position, action } = row as { activeflow_id: string; position: number; action: ActionRun }
      const list = this.executed.get(activeflow_id) ?? []
      if (list.length !== position) throw new Error(`action ${position} written after ${list.length}`)
      this.executed.set(activeflow_id, [...list, action])
    } else if (table.name === 'event_inbox') this.events.push(row as unknown as LaidEvent) // what `eventWrite` made
  }
}
