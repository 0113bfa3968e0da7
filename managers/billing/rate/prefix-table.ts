import { InvariantError } from '#platform/errors'
import type { RateRow } from './deck-store.ts'

/** The longest number that E.164 has. */
const DIGITS = 15
const POWERS = Array.from({ length: DIGITS + 1 }, (_, exponent) => 10 ** exponent)

/** What a prefix costs. */
export type PrefixRate = Pick<RateRow, 'prefix' | 'token_per_unit' | 'credit_per_unit' | 'unit_seconds'>

/**
 * Prices by prefix, a million of them in about 40 MB: numbers in typed arrays, in the order of the digits. The longest prefix
 * of a number is the last entry that is not behind it, or one of those that this entry begins with, each of which names the
 * next shorter one.
 */
export class PrefixTable {
  #size = 0
  /** The digits as a number, filled up with zeros. */
  #keys: Float64Array
  #lengths: Uint8Array
  /** The longest other prefix that this one begins with; −1 = none. */
  #parents: Int32Array
  #tokens: Float64Array
  #credits: Float64Array
  #units: Int32Array
  #last = ''

  /** `expected` entries cost no growing. */
  constructor(expected: number) {
    const room = Math.max(16, expected)
    this.#keys = new Float64Array(room)
    this.#lengths = new Uint8Array(room)
    this.#parents = new Int32Array(room)
    this.#tokens = new Float64Array(room)
    this.#credits = new Float64Array(room)
    this.#units = new Int32Array(room)
  }

  get size(): number {
    return this.#size
  }

  /** Adds a prefix, which comes after all that are there, with what a unit costs and its seconds. */
  add(prefix: string, token_per_unit: number, credit_per_unit: number, unit_seconds: number): void {
    if (this.#size > 0 && prefix <= this.#last) throw new InvariantError(`prefix ${prefix} comes after ${this.#last}`)
    if (this.#size === this.#keys.length) this.#grow()
    const at = this.#size++
    this.#last = prefix
    this.#keys[at] = keyOf(prefix)
    this.#lengths[at] = prefix.length
    this.#parents[at] = this.#ancestor(at - 1, prefix)
    this.#tokens[at] = token_per_unit
    this.#credits[at] = credit_per_unit
    this.#units[at] = unit_seconds
  }

  /** What the longest prefix of these digits costs. */
  find(digits: string): PrefixRate | undefined {
    const at = this.#ancestor(this.#lastUpTo(keyOf(digits)), digits)
    return at < 0 ? undefined : this.#entry(at, digits)
  }

  #entry(at: number, digits: string): PrefixRate {
    return {
      prefix: digits.slice(0, this.#lengths[at]),
      token_per_unit: this.#tokens[at] ?? 0,
      credit_per_unit: this.#credits[at] ?? 0,
      unit_seconds: this.#units[at] ?? 0,
    }
  }

  /** The first of this entry and those that it begins with that the digits begin with, too. */
  #ancestor(from: number, digits: string): number {
    const key = keyOf(digits)
    for (let at = from; at >= 0; at = this.#parents[at] ?? -1) {
      const length = this.#lengths[at] ?? 0
      const power = POWERS[DIGITS - length] ?? 1
      if (length <= digits.length && Math.floor(key / power) === Math.floor((this.#keys[at] ?? 0) / power)) return at
    }
    return -1
  }

  /** The last entry whose key is not greater; −1 = none. */
  #lastUpTo(key: number): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? 0) <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #grow(): void {
    const room = this.#keys.length * 2
    this.#keys = grown(new Float64Array(room), this.#keys)
    this.#lengths = grown(new Uint8Array(room), this.#lengths)
    this.#parents = grown(new Int32Array(room), this.#parents)
    this.#tokens = grown(new Float64Array(room), this.#tokens)
    this.#credits = grown(new Float64Array(room), this.#credits)
    this.#units = grown(new Int32Array(room), this.#units)
  }
}

function keyOf(digits: string): number {
  return Number(digits.slice(0, DIGITS).padEnd(DIGITS, '0'))
}

function grown<T extends { set(from: T): void }>(larger: T, smaller: T): T {
  larger.set(smaller)
  return larger
}
