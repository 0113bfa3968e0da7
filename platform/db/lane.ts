/**
 * The types of the write lanes: the small writes of live calls go through them in order per resource, many rows per
 * statement and commit.
 */

/** A table that lanes write to. */
export interface LaneTable {
  name: string
  /** Column name to PostgreSQL type, in the order of the statement. */
  columns: Readonly<Record<string, string>>
  /** `upsert` replaces the row of the same key (the last one of a batch wins), `append` inserts, `delete` removes it. */
  mode: 'upsert' | 'append' | 'delete'
  /**
   * The key columns; needed for `upsert` and `delete`. An `append` names its unique columns here, so that a batch whose
   * answer was lost can be repeated; without them such a repeat may add the row twice.
   */
  key: readonly string[]
  /** Columns that must still be what the row says, else the write is dropped and counted (node and incarnation). */
  guard?: readonly string[]
}

/** One row for one table. */
export interface LaneWrite {
  table: LaneTable
  row: Readonly<Record<string, unknown>>
}

/** Where live things write: everything of one key in the order given, all writes of one call in one transaction. */
export interface WriteLanes {
  /**
   * Resolves when the writes are on disk. Never rejects for an unreachable database: it waits until it is back. Rejects,
   * with none of its writes made, with `WriteFenced` when a guard no longer holds (another incarnation owns the row),
   * `LanesFull` when too much waits already, `LanesStopped` at the end of a stop, and the server's error when a row can
   * never be written.
   */
  write(key: string, writes: readonly LaneWrite[]): Promise<void>
  /** Milliseconds that the oldest waiting write has waited; admission stops above 1000. */
  readonly oldestMs: number
  /** Writes that wait. */
  readonly waiting: number
}

/** A guard no longer holds: the row belongs to another incarnation now. None of the writes was made. */
export class WriteFenced extends Error {
  override name = 'WriteFenced'
}

/** Too much waits to be written; nothing of this was taken. */
export class LanesFull extends Error {
  override name = 'LanesFull'
}

/** The lanes have been stopped before this could be written. */
export class LanesStopped extends Error {
  override name = 'LanesStopped'
}
