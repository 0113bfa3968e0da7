import type { Clock } from '#platform/time'

/** Four times as fast as sound passes. */
const OCTETS_PER_MS = 64
const AT_ONCE = 65_536
/** Each read costs as much as the heads of a packet: octets that drip are no cheaper than those that come together. */
const PER_READ = 40

/** How fast a foreign program is read at most, whatever it sends. */
export class ReadPace {
  readonly #clock: Clock
  #left = AT_ONCE
  #atMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#atMs = clock.monotonicMs()
  }

  /** So many octets were read. Gives for how long nothing more shall be, in milliseconds. */
  took(octets: number): number {
    const nowMs = this.#clock.monotonicMs()
    this.#left = Math.min(AT_ONCE, this.#left + (nowMs - this.#atMs) * OCTETS_PER_MS) - octets - PER_READ
    this.#atMs = nowMs
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / OCTETS_PER_MS)
  }
}
