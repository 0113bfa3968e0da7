import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Connection } from '../database.ts'
import { LanesFull, LanesStopped, type LaneWrite, type WriteLanes } from '../lane.ts'
import { type Group, LaneWriter } from './lane-writer.ts'

export interface LanesOptions {
  connection: Connection
  clock: Clock
  ids: Ids
  log: Log
  /** How many lanes, each with a connection of its own (2). */
  lanes?: number
  /** Writes that may wait (50 000). */
  limit?: number
  /** Bytes of rows that may wait (64 MiB). */
  limitBytes?: number
}

/** What has become of the writes since the start. */
export interface LaneCounts {
  written: number
  /** Refused because a guard no longer held. */
  fenced: number
  /** Refused because the row can never be written, or the lanes stopped. */
  refused: number
  /** Turned away at the door because too much waited. */
  full: number
  batches: number
}

/** The write lanes over PostgreSQL: a key always goes to the same lane, and a lane writes in order. */
export class PostgresLanes implements WriteLanes {
  readonly counts: LaneCounts = { written: 0, fenced: 0, refused: 0, full: 0, batches: 0 }
  readonly #lanes: LaneWriter[]
  readonly #clock: Clock
  readonly #limit: number
  readonly #limitBytes: number
  readonly #listeners: ((tables: ReadonlySet<string>) => void)[] = []
  #waiting = 0
  #bytes = 0
  #stopped = false
  #drained: (() => void) | undefined

  constructor(options: LanesOptions) {
    this.#clock = options.clock
    this.#limit = options.limit ?? 50_000
    this.#limitBytes = options.limitBytes ?? 64 << 20
    this.#lanes = Array.from(
      { length: options.lanes ?? 2 },
      () =>
        new LaneWriter({
          connection: options.connection,
          clock: options.clock,
          log: options.log,
          lane: options.ids.uuid(),
          written: (tables) => {
            this.counts.batches++
            for (const listener of this.#listeners) listener(tables)
          },
          settled: (group, outcome) => this.#settle(group, outcome),
        }),
    )
  }

  get waiting(): number {
    return this.#waiting
  }

  get oldestMs(): number {
    const oldest = Math.min(...this.#lanes.map((lane) => lane.oldestSinceMs ?? Number.POSITIVE_INFINITY))
    return oldest === Number.POSITIVE_INFINITY ? 0 : this.#clock.monotonicMs() - oldest
  }

  async write(key: string, writes: readonly LaneWrite[]): Promise<void> {
    if (this.#stopped) throw new LanesStopped()
    if (writes.length === 0) return
    const rows = writes.map(({ table, row }) => ({ table, json: JSON.stringify(row), key: keyOf(table.key, row) }))
    const bytes = rows.reduce((sum, { json }) => sum + json.length, 0)
    if (this.#waiting + rows.length > this.#limit || this.#bytes + bytes > this.#limitBytes) {
      this.counts.full++
      throw new LanesFull()
    }
    this.#waiting += rows.length
    this.#bytes += bytes
    await new Promise<void>((resolve, reject) => {
      const sinceMs = this.#clock.monotonicMs()
      this.#lanes[hash(key) % this.#lanes.length]?.add({ rows, bytes, sinceMs, resolve, reject })
    })
  }

  /** Calls `run` with the names of the tables of every batch that has been committed. */
  onCommit(run: (tables: ReadonlySet<string>) => void): void {
    this.#listeners.push(run)
  }

  /**
   * Takes no more, writes what waits, and lets the connections go. What is not on disk after `deadlineMs` milliseconds
   * rejects with `LanesStopped`; resolves to how many writes those were.
   */
  async stop(deadlineMs: number): Promise<number> {
    this.#stopped = true
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(deadlineMs, resolve)
        this.#drained = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    const lost = this.#waiting
    for (const lane of this.#lanes) lane.close()
    return lost
  }

  #settle(group: Group, outcome: 'written' | 'fenced' | 'refused'): void {
    this.#waiting -= group.rows.length
    this.#bytes -= group.bytes
    this.counts[outcome] += group.rows.length
    if (this.#waiting === 0) this.#drained?.()
  }
}

function keyOf(columns: readonly string[], row: Readonly<Record<string, unknown>>): string {
  return columns.length === 0 ? '' : JSON.stringify(columns.map((column) => row[column] ?? null))
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}
