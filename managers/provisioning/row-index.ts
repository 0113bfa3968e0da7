import { IntColumn } from './int-column.ts'

const EMPTY = -1
const FIRST_BUCKETS = 16

/**
 * Finds rows by a hash of theirs: linear hashing. Each row that is more than there are buckets splits one of them, so that it
 * grows by a step at a time and never stops to build itself anew. Which of the rows with a hash is meant is asked of whoever
 * looks. All is in a few large arrays: many small ones would be work for the collector.
 */
export class RowIndex {
  readonly #hashOf: (row: number) => number
  /** The first row of each bucket, and the one that follows each row there. */
  readonly #heads = new IntColumn(EMPTY)
  readonly #next = new IntColumn(EMPTY)
  #count = 0
  /** A power of two; the buckets before `#buckets - #base` are split already. */
  #base = FIRST_BUCKETS
  #buckets = FIRST_BUCKETS

  /** `hashOf` gives 32 bits, the same as long as the row is in here. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf
  }

  /** The row with this hash that `isIt`; -1 where there is none. */
  find(hash: number, isIt: (row: number) => boolean): number {
    let row = this.#heads.get(this.#bucketOf(hash))
    while (row !== EMPTY && !isIt(row)) row = this.#next.get(row)
    return row
  }

  add(row: number): void {
    this.#push(this.#bucketOf(this.#hashOf(row)), row)
    this.#count++
    if (this.#count > this.#buckets) this.#split()
  }

  remove(row: number): void {
    if (!this.#relink(row, this.#next.get(row))) return
    this.#next.set(row, EMPTY)
    this.#count--
  }

  /** Another row in the place of one with the same hash. */
  replace(row: number, by: number): void {
    const next = this.#next.get(row)
    if (!this.#relink(row, by)) return
    this.#next.set(row, EMPTY)
    this.#next.set(by, next)
  }

  /** What led to the row leads to another one; false where nothing did. */
  #relink(row: number, to: number): boolean {
    const bucket = this.#bucketOf(this.#hashOf(row))
    let before = EMPTY
    let at = this.#heads.get(bucket)
    while (at !== EMPTY && at !== row) {
      before = at
      at = this.#next.get(at)
    }
    if (at === EMPTY) return false
    if (before === EMPTY) this.#heads.set(bucket, to)
    else this.#next.set(before, to)
    return true
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (this.#base * 2 - 1)
    return bucket < this.#buckets ? bucket : bucket & (this.#base - 1)
  }

  /** Gives some of the rows of one bucket to a new one. */
  #split(): void {
    const old = this.#buckets - this.#base
    this.#buckets++
    let row = this.#heads.get(old)
    this.#heads.set(old, EMPTY)
    while (row !== EMPTY) {
      const next = this.#next.get(row)
      this.#push(this.#bucketOf(this.#hashOf(row)), row)
      row = next
    }
    if (this.#buckets === this.#base * 2) this.#base = this.#buckets
  }

  #push(bucket: number, row: number): void {
    this.#next.set(row, this.#heads.get(bucket))
    this.#heads.set(bucket, row)
  }
}
