import { AsyncLocalStorage } from 'node:async_hooks'

/** How many wishes share one transaction. */
const MOST = 64

interface Waiting<Wish, Answer> {
  wish: Wish
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Carries out the wishes of each customer in turn, those that came meanwhile together: one transaction under one lock for all
 * that wait. Where it fails, all of them do.
 */
export class AccountLanes<Wish, Answer> {
  readonly #carryOut: (customer: string, wishes: readonly Wish[]) => Promise<readonly Answer[]>
  readonly #lanes = new Map<string, Waiting<Wish, Answer>[]>()
  /** A lane works for all who wait: the deadline of whoever came first is not the others'. */
  readonly #outside = AsyncLocalStorage.snapshot()

  /** `carryOut` gives the answers in the order of the wishes. */
  constructor(carryOut: (customer: string, wishes: readonly Wish[]) => Promise<readonly Answer[]>) {
    this.#carryOut = carryOut
  }

  ask(customer: string, wish: Wish): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const lane = this.#lanes.get(customer)
      if (lane) lane.push({ wish, resolve, reject })
      else {
        const waiting = [{ wish, resolve, reject }]
        this.#lanes.set(customer, waiting)
        void this.#outside(() => this.#run(customer, waiting))
      }
    })
  }

  async #run(customer: string, lane: Waiting<Wish, Answer>[]): Promise<void> {
    while (lane.length > 0) {
      const batch = lane.splice(0, MOST)
      try {
        const answers = await this.#carryOut(
          customer,
          batch.map(({ wish }) => wish),
        )
        for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#lanes.delete(customer)
  }
}
