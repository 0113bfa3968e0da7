import { DatabaseUnavailable } from '#platform/db'
import { CursorMoved } from '#platform/events'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import type { Advance, Change, DeliveryStore } from './store.ts'

type Entry = Omit<Change, 'now'>

interface Waiting {
  entry: Entry
  resolve(): void
}

/** What waits is tried again so long after the database failed. */
const RETRY_MS = 500
/** Entries that go into one transaction. */
const MOST_ENTRIES = 500

/**
 * The one writer of deliveries and cursors: everything that is entered is written in the order in which it was entered,
 * one transaction at a time, many entries in each. While the database is away entries wait; nothing new comes then,
 * because nothing can be read.
 */
export class Journal {
  readonly #store: DeliveryStore
  readonly #clock: Clock
  readonly #log: Log
  readonly #lostCustomer: (customer_id: string) => void
  #waiting: Waiting[] = []
  #questions: (() => Promise<void>)[] = []
  #running: Promise<void> | undefined
  #ended = false

  /** `lostCustomer`: somebody else moved this customer's cursor; what is known of it is worthless. */
  constructor(needs: { store: DeliveryStore; clock: Clock; log: Log; lostCustomer: (customer_id: string) => void }) {
    this.#store = needs.store
    this.#clock = needs.clock
    this.#log = needs.log
    this.#lostCustomer = needs.lostCustomer
  }

  /** Resolves when the entry is on disk; never after `end`. */
  enter(entry: Entry): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ entry, resolve })
      this.#wake()
    })
  }

  /** Asks the store when everything entered so far is written, and with no write meanwhile. Rejects as the question does. */
  ask<R>(question: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#questions.push(() => question().then(resolve, reject))
      this.#wake()
    })
  }

  /** Writes what has been entered, as far as `deadlineMs` allows, and takes nothing more. */
  async end(deadlineMs: number): Promise<void> {
    let late: Timer | undefined
    const given = new Promise<void>((resolve) => {
      late = this.#clock.after(deadlineMs, resolve)
    })
    await Promise.race([this.#running, given])
    late?.cancel()
    this.#ended = true
  }

  #wake(): void {
    if (this.#ended || this.#running) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      if (this.#waiting.length + this.#questions.length > 0) this.#wake()
    })
  }

  async #work(): Promise<void> {
    await Promise.resolve() // what is entered in the same turn goes along
    while (!this.#ended && this.#waiting.length + this.#questions.length > 0) {
      const questions = this.#questions.splice(0)
      const entries = this.#waiting.splice(0, MOST_ENTRIES)
      await this.#write(entries)
      if (this.#waiting.length > 0) this.#questions.unshift(...questions)
      else for (const question of questions) await question()
    }
  }

  async #write(waiting: Waiting[]): Promise<void> {
    let advance = joinAdvances(waiting)
    while (waiting.length > 0 && !this.#ended) {
      try {
        await this.#store.apply({
          stored: waiting.flatMap(({ entry }) => entry.stored ?? []),
          done: waiting.flatMap(({ entry }) => entry.done ?? []),
          logged: waiting.flatMap(({ entry }) => entry.logged ?? []),
          setbacks: waiting.flatMap(({ entry }) => entry.setbacks ?? []),
          held: waiting.flatMap(({ entry }) => entry.held ?? []),
          released: waiting.flatMap(({ entry }) => entry.released ?? []),
          advance,
          now: timestamp(this.#clock.wallMs()),
        })
        for (const { resolve } of waiting) resolve()
        return
      } catch (error) {
        if (error instanceof CursorMoved && advance.length > 0) {
          // which one it was is not worth finding out: each of them is read anew
          for (const { customer_id } of advance) this.#lostCustomer(customer_id)
          advance = []
          continue
        }
        if (!(error instanceof DatabaseUnavailable)) this.#log.error({ error }, 'webhook deliveries cannot be written')
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve))
      }
    }
  }
}

/** One step per customer: from where the first one began to where the last one ends. */
function joinAdvances(waiting: readonly Waiting[]): Advance[] {
  const joined = new Map<string, Advance>()
  for (const { entry } of waiting)
    for (const each of entry.advance ?? []) {
      const before = joined.get(each.customer_id)
      joined.set(each.customer_id, before ? { ...before, to: each.to } : each)
    }
  return [...joined.values()]
}
