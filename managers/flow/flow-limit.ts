import type { Clock } from '#platform/time'
import { FLOWS_PER_CUSTOMER } from './flow.ts'

/** A count may be so old, in milliseconds. */
const FRESH_MS = 5_000
/** With so many flows it is counted each time. */
const NEARLY_FULL = FLOWS_PER_CUSTOMER * 0.9
/** Customers whose count is remembered. */
const MOST_KNOWN = 1_000

interface Known {
  count: number
  atMs: number
}

/**
 * Whether a customer has as many flows as a customer may have. To count thousands of rows for each flow that is made would
 * cost more than to make it, so as long as there is much room the count of a few seconds ago is believed, and what was made
 * here since then is added.
 */
export class FlowLimit {
  readonly #clock: Clock
  readonly #countUpTo: (customer: string, most: number) => Promise<number>
  readonly #known = new Map<string, Known>()

  /** `countUpTo` counts a customer's flows, and stops at `most`. */
  constructor(clock: Clock, countUpTo: (customer: string, most: number) => Promise<number>) {
    this.#clock = clock
    this.#countUpTo = countUpTo
  }

  async isFull(customer: string): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#known.get(customer)
    if (known && known.count < NEARLY_FULL && nowMs - known.atMs < FRESH_MS) return false
    const count = await this.#countUpTo(customer, FLOWS_PER_CUSTOMER)
    this.#known.delete(customer)
    this.#known.set(customer, { count, atMs: nowMs })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest)
    return count >= FLOWS_PER_CUSTOMER
  }

  /** A flow is being made. */
  made(customer: string): void {
    const known = this.#known.get(customer)
    if (known) known.count++
  }
}
