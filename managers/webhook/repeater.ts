import type { Outcome } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import { findTarget } from './find-target.ts'
import { finishedOf, setbackOf } from './outcomes.ts'
import type { Term } from './term.ts'

/** Endpoints that one look takes in. */
const ENDPOINTS_PER_LOOK = 64

/** Sends what is stored: what failed before, what waits behind it, and what flows handed over. */
export class Repeater {
  readonly #term: Term
  /** Rows whose attempt is under way, or whose outcome is not yet written. */
  readonly #underWay = new Set<string>()
  #running = false
  #again = false
  #from = ''
  /** Whether the last look left something due behind. */
  #leftOver = false

  constructor(term: Term) {
    this.#term = term
  }

  /** Looks for what is due. */
  wake(): void {
    this.#again = true
    if (!this.#running) this.#work()
  }

  /** A place is free: looks again if something due did not get one. */
  room(): void {
    if (this.#leftOver) this.wake()
  }

  /** A row that somebody else has just begun to send. */
  claim({ id }: Delivery): void {
    this.#underWay.add(id)
  }

  /** Writes what became of a stored delivery. */
  async settle(delivery: Delivery, outcome: Outcome): Promise<void> {
    const { journal, needs } = this.#term
    if (outcome.type === 'failed' || outcome.type === 'held') {
      const setback = setbackOf(delivery, outcome, needs)
      await journal.enter({ setbacks: [setback] })
      if (setback.tm_next === null) {
        needs.counts.givenUp++
        const { id, endpoint, attempts } = delivery
        needs.log.warn({ delivery: id, endpoint, attempts: attempts + 1 }, 'a webhook was given up')
      }
    } else if (outcome.type !== 'aborted') await journal.enter({ done: [finishedOf(delivery, outcome)] })
    this.#underWay.delete(delivery.id)
    if (outcome.type !== 'aborted') this.wake() // what waited behind it
  }

  async #work(): Promise<void> {
    this.#running = true
    try {
      while (this.#again && !this.#term.ended) {
        this.#again = false
        await this.#look()
      }
    } catch (error) {
      this.#term.needs.log.warn({ error }, 'stored webhooks could not be read') // the next tick looks again
    } finally {
      this.#running = false
    }
  }

  /** One round over all endpoints that have something due, as far as there is room. */
  async #look(): Promise<void> {
    const { store } = this.#term.needs
    this.#leftOver = false
    do {
      const { deliveries, next } = await store.due(this.#from, ENDPOINTS_PER_LOOK, this.#term.now(), [
        ...this.#underWay,
      ])
      this.#from = next
      for (const delivery of deliveries) this.#start(delivery)
    } while (this.#from !== '' && !this.#term.ended)
  }

  #start(delivery: Delivery): void {
    const { endpoints, targets } = this.#term.needs
    const turn = delivery.attempts === 0 ? 'first' : 'repeat'
    if (this.#term.ended || this.#underWay.has(delivery.id)) return
    if (!endpoints.mayStart(delivery.endpoint, turn)) {
      this.#leftOver = true
      return
    }
    this.claim(delivery)
    this.#term
      .send(delivery, turn, () => findTarget(targets, delivery))
      .then((outcome) => this.settle(delivery, outcome))
  }
}
