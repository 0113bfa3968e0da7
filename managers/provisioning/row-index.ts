const SHARDS = 4_096
const SMALLEST = 4
const EMPTY = -1

/**
 * Finds rows by a hash of theirs: open addressing with linear probing in many small tables, so that none takes long to grow.
 * Which of the rows with a hash is meant is asked of whoever looks.
 */
export class RowIndex {
  readonly #hashOf: (row: number) => number
  readonly #shards: (Shard | undefined)[] = Array.from({ length: SHARDS })

  /** `hashOf` gives 32 bits, the same as long as the row is in here. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf
  }

  /** The row with this hash that `isIt`; -1 where there is none. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const shard = this.#shards[shardOf(hash)]
    if (!shard) return EMPTY
    for (let at = slotOf(hash, shard); shard.rows[at] !== EMPTY; at = after(at, shard)) {
      const row = shard.rows[at] ?? EMPTY
      if (isIt(row)) return row
    }
    return EMPTY
  }

  add(row: number): void {
    const hash = this.#hashOf(row)
    const index = shardOf(hash)
    let shard = this.#shards[index] ?? { rows: emptyRows(SMALLEST), count: 0 }
    if ((shard.count + 1) * 2 > shard.rows.length) shard = this.#grown(shard)
    this.#shards[index] = shard
    this.#put(shard, row, hash)
    shard.count++
  }

  /** Takes a row out; what stood behind it moves up, so that every search still ends at the first gap. */
  remove(row: number): void {
    const shard = this.#shards[shardOf(this.#hashOf(row))]
    if (!shard) return
    let gap = shard.rows.indexOf(row)
    if (gap < 0) return
    for (let at = after(gap, shard); shard.rows[at] !== EMPTY; at = after(at, shard)) {
      const other = shard.rows[at] ?? EMPTY
      const home = slotOf(this.#hashOf(other), shard)
      if (isBetween(home, gap, at)) continue
      shard.rows[gap] = other
      gap = at
    }
    shard.rows[gap] = EMPTY
    shard.count--
  }

  /** Another row in the place of one with the same hash. */
  replace(row: number, by: number): void {
    const shard = this.#shards[shardOf(this.#hashOf(row))]
    const at = shard?.rows.indexOf(row) ?? EMPTY
    if (shard && at >= 0) shard.rows[at] = by
  }

  #grown({ rows, count }: Shard): Shard {
    const grown: Shard = { rows: emptyRows(rows.length * 2), count }
    for (const row of rows) if (row !== EMPTY) this.#put(grown, row, this.#hashOf(row))
    return grown
  }

  #put(shard: Shard, row: number, hash: number): void {
    let at = slotOf(hash, shard)
    while (shard.rows[at] !== EMPTY) at = after(at, shard)
    shard.rows[at] = row
  }
}

interface Shard {
  /** A power of two long, at most half full. */
  rows: Int32Array
  count: number
}

function emptyRows(length: number): Int32Array {
  return new Int32Array(length).fill(EMPTY)
}

function shardOf(hash: number): number {
  return hash & (SHARDS - 1)
}

function slotOf(hash: number, { rows }: Shard): number {
  return (hash >>> 12) & (rows.length - 1)
}

function after(at: number, { rows }: Shard): number {
  return (at + 1) & (rows.length - 1)
}

/** Whether `home` is behind the gap and not behind `at`, around the end of the table: then the row may stay where it is. */
function isBetween(home: number, gap: number, at: number): boolean {
  return gap < at ? home > gap && home <= at : home > gap || home <= at
}
