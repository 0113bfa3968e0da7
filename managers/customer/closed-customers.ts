import type { Database } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import { CustomerStore } from './store.ts'

/** How often it is looked: what a closed customer still has going on outlives the closing by no more than this. */
const LOOK_MS = 2_000

/** Something that goes on here for customers: calls, executions of flows. */
export interface LiveWork {
  /** Whose it is; one that occurs twice does no harm. */
  customers(): Iterable<string>
  /** Ends all that goes on for a customer, and returns at once. */
  endAll(customer: string): void
}

/**
 * Ends what goes on for customers that were frozen or deleted. It asks the database, and listens to no message: whoever
 * closed the customer may have crashed right after, or may be another program.
 */
export class ClosedCustomers {
  readonly #store: CustomerStore
  readonly #work: readonly LiveWork[]
  readonly #clock: Clock
  readonly #log: Log
  #timer: Timer | undefined
  #looking: Promise<void> = Promise.resolve()
  #isStopped = false

  /** `work` is ended in this order. */
  constructor(needs: { db: Database; work: readonly LiveWork[]; clock: Clock; log: Log }) {
    this.#store = new CustomerStore(needs.db)
    this.#work = needs.work
    this.#clock = needs.clock
    this.#log = needs.log
  }

  start(): void {
    if (this.#isStopped) return
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#looking = this.#look().finally(() => this.start())
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#looking
  }

  async #look(): Promise<void> {
    const customers = new Set(this.#work.flatMap((work) => [...work.customers()]))
    if (customers.size === 0) return
    try {
      for (const customer of await this.#store.closedAmong([...customers]))
        for (const work of this.#work) work.endAll(customer)
    } catch (err) {
      this.#log.warn({ err }, 'it could not be asked whether customers with live calls are still open')
    }
  }
}
