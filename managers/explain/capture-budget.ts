/** What captured sound may take on disk, in bytes. `perCall` 0 = sound is not captured. */
export interface CaptureLimits {
  perCall: number
  /** Of the calls of one customer that began on one day (UTC). */
  perCustomerAndDay: number
  /** Of everything that is kept. */
  total: number
}

export const NO_CAPTURES: CaptureLimits = { perCall: 0, perCustomerAndDay: 0, total: 0 }

/** Why the sound of a call that should be captured is not. */
export const NOT_CAPTURED = ['customer_used_up', 'total_used_up', 'not_possible'] as const
export type NotCaptured = (typeof NOT_CAPTURED)[number]

/** A file takes room that its length does not tell, and a folder of very many small ones serves nobody. */
const LEAST_BYTES = 16 * 1024

/** Counts what captures take, and what those that are being written may take at most. */
export class CaptureBudget {
  readonly #limits: CaptureLimits
  /** By share: a day and a customer. */
  readonly #used = new Map<string, number>()
  readonly #held = new Map<string, { share: string; bytes: number }>()
  #total = 0

  constructor(limits: CaptureLimits) {
    this.#limits = limits
  }

  /** Holds as many bytes for one capture as it may have, or says why there are none. */
  hold(share: string, name: string): number | NotCaptured {
    const { perCall, perCustomerAndDay, total } = this.#limits
    const ofCustomer = perCustomerAndDay - (this.#used.get(share) ?? 0)
    const ofAll = total - this.#total
    if (ofCustomer < LEAST_BYTES) return 'customer_used_up'
    if (ofAll < LEAST_BYTES) return 'total_used_up'
    const bytes = Math.max(LEAST_BYTES, Math.min(perCall, ofCustomer, ofAll))
    this.#held.set(name, { share, bytes })
    this.#add(share, bytes)
    return Math.min(perCall, bytes)
  }

  /** A capture is over and takes so much. */
  settle(name: string, bytes: number): void {
    const held = this.#held.get(name)
    if (!held) return
    this.#held.delete(name)
    // of a day that is forgotten meanwhile nothing is counted any more
    if (this.#used.has(held.share)) this.#add(held.share, Math.max(bytes, LEAST_BYTES) - held.bytes)
  }

  /** A file that is there. */
  found(share: string, bytes: number): void {
    this.#add(share, Math.max(bytes, LEAST_BYTES))
  }

  /** Counts only what is of these days. */
  keepDays(days: ReadonlySet<string>): void {
    for (const [share, bytes] of this.#used) {
      if (days.has(share.slice(0, 10))) continue
      this.#used.delete(share)
      this.#total -= bytes
    }
  }

  #add(share: string, bytes: number): void {
    this.#used.set(share, (this.#used.get(share) ?? 0) + bytes)
    this.#total += bytes
  }
}
