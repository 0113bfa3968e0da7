import type { LedgerEvent } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Timer } from '#platform/time'
import type { Outcome, SigningTarget } from './attempt.ts'
import { chainOf, type Delivery } from './delivery.ts'
import { activeflowOf, eventBody, eventDelivery, hasWebhooks } from './event-body.ts'
import { finishedOf, setbackOf, waitingRow } from './outcomes.ts'
import type { Finished, StoredDelivery } from './store.ts'
import type { Term } from './term.ts'

/** Events that are read at a time, and those that may be on their way before more are read. */
const BATCH = 100
const MOST_OPEN = 200
/** What has not arrived after so long becomes a row, so that a slow target holds up neither the cursor nor other targets. */
const PATIENCE_MS = 2_000
/** The cursor is written this long after it could move, once for all that arrived meanwhile. */
const ADVANCE_MS = 200

/** One event with deliveries on their way. */
interface Entry {
  position: number
  open: number
}

/** One delivery on its way. */
interface Open {
  delivery: Delivery
  target: SigningTarget
  entry: Entry
  sinceMs: number
  sending: boolean
  /** It is a row now; the attempt under way decides what becomes of the row. */
  stored: boolean
}

/**
 * A customer's events on their way to its targets, in memory: read after the durable cursor, sent in order per endpoint
 * and resource. What fails or hangs becomes rows, with what waits behind it. The cursor moves over what has arrived or
 * has become a row, in the transaction that makes the rows.
 */
export class Feed {
  readonly customer_id: string
  readonly #term: Term
  /** What the durable cursor is or is being moved to; `undefined` before the first read. */
  #cursor: number | undefined
  #readTo = 0
  #more = true
  #reading = false
  #abandoned = false
  readonly #window: Entry[] = []
  readonly #chains = new Map<string, Open[]>()
  #open = 0
  /** What is done with, for the log: written together with the cursor. */
  #finished: Finished[] = []
  #advance: Timer | undefined

  constructor(term: Term, customer_id: string) {
    this.#term = term
    this.customer_id = customer_id
  }

  /** The history has grown. */
  moved(): void {
    this.#more = true
    this.#askToRead()
  }

  tick(): void {
    this.#storeOlderThan(PATIENCE_MS)
    this.#askToRead()
  }

  /** Makes rows of everything on its way, so that only what is being sent at this moment will be sent twice. */
  storeAll(): void {
    this.#storeOlderThan(0)
    this.advanceNow()
  }

  /** Whether something waits for a place. */
  get hasReady(): boolean {
    return this.#open > 0 && [...this.#chains.values()].some(([head]) => head !== undefined && !head.sending)
  }

  /** Begins what there is room for; whether anything was. */
  startReady(): boolean {
    const { endpoints } = this.#term.needs
    let started = false
    for (const [head] of [...this.#chains.values()]) {
      if (!head || head.sending || !endpoints.mayStart(head.delivery.endpoint, 'first')) continue
      started = true
      this.#start(head)
    }
    return started
  }

  /** Reads the next events and begins to send them. Never rejects: what could not be read is read later. */
  async read(): Promise<void> {
    if (this.#abandoned) return
    this.#reading = true
    try {
      await this.#readBatch()
    } catch (error) {
      this.#more = true // the next tick tries again
      this.#term.needs.log.warn({ error, customer: this.customer_id }, 'events for webhooks could not be read')
      this.#reading = false
      return
    }
    this.#reading = false
    this.startReady()
    this.#advanceSoon()
    this.#askToRead()
  }

  /** Somebody else reads this customer: nothing of this counts any more. */
  abandon(): void {
    this.#abandoned = true
    this.#advance?.cancel()
    for (const chain of this.#chains.values()) for (const open of chain) this.#close(open)
    this.#chains.clear()
  }

  /** Enters how far everything has arrived. */
  advanceNow(): void {
    this.#advance?.cancel()
    this.#advance = undefined
    const from = this.#cursor
    if (from === undefined || this.#abandoned) return
    while (this.#window[0]?.open === 0) this.#window.shift()
    const first = this.#window[0]
    const to = first ? first.position - 1 : this.#readTo
    const logged = this.#finished
    this.#finished = []
    if (to > from) this.#cursor = to
    const advance = to > from ? [{ customer_id: this.customer_id, from, to }] : []
    if (advance.length + logged.length > 0) this.#term.journal.enter({ advance, logged })
    this.#leaveIfDone()
  }

  #askToRead(): void {
    if (this.#more && !this.#reading && !this.#abandoned && this.#open < MOST_OPEN) this.#term.askToRead(this)
  }

  async #readBatch(): Promise<void> {
    const { reader, clock, counts } = this.#term.needs
    const { journal } = this.#term
    if (this.#cursor === undefined) {
      // after everything entered by an earlier feed of this customer
      this.#readTo = await journal.ask(() => reader.position(this.customer_id))
      this.#cursor = this.#readTo
    }
    this.#more = false
    const { events, through, more } = await reader.read(this.customer_id, this.#readTo, BATCH, { publicOnly: true })
    const found = await this.#deliveries(events)
    const waiting = await this.#chainsInStore(found)
    if (this.#abandoned || this.#term.ended) return
    const rows: StoredDelivery[] = []
    for (const { delivery, target, entry } of found) {
      const chain = chainOf(delivery)
      const live = this.#chains.get(chain)
      if (!live && waiting.has(chain)) {
        rows.push(waitingRow(delivery))
        continue
      }
      if (entry.open++ === 0) this.#window.push(entry)
      const open = { delivery, target, entry, sinceMs: clock.monotonicMs(), sending: false, stored: false }
      if (live) live.push(open)
      else this.#chains.set(chain, [open])
      this.#open++
      this.#term.hold(delivery.body.length)
    }
    this.#readTo = through
    if (more) this.#more = true
    if (rows.length === 0) return
    counts.stored += rows.length
    journal.enter({ stored: rows }).then(() => this.#term.repeater.wake())
  }

  /** What is to be sent for these events, in their order. */
  async #deliveries(events: readonly LedgerEvent[]) {
    const { activeflows, targets } = this.#term.needs
    const found: { delivery: Delivery; target: SigningTarget; entry: Entry }[] = []
    if (events.length === 0 || !hasWebhooks(this.customer_id)) return found
    const customer = await targets.customer(this.customer_id)
    if (!customer) return found
    const { secrets } = customer
    const flows = new Map<string, SigningTarget>()
    const find = async (id: string) => {
      const target = await activeflows.find(this.customer_id, id)
      if (target) flows.set(id, { ...target, secrets })
    }
    const ids = new Set(events.map(activeflowOf))
    ids.delete(NIL_UUID)
    await Promise.all([...ids].map(find))
    for (const event of events) {
      const flow = flows.get(activeflowOf(event))
      if (customer.uri === '' && !flow) continue
      const body = eventBody(event)
      const entry = { position: event.position, open: 0 }
      if (customer.uri !== '')
        found.push({ delivery: eventDelivery(this.#term.needs, event, 'customer', body), target: customer, entry })
      if (flow)
        found.push({ delivery: eventDelivery(this.#term.needs, event, 'activeflow', body), target: flow, entry })
    }
    return found
  }

  /** Chains that have rows; whatever is in memory has none. */
  async #chainsInStore(found: readonly { delivery: Delivery }[]): Promise<ReadonlySet<string>> {
    if (found.length === 0) return new Set()
    const { store } = this.#term.needs
    const asked = found.map(({ delivery }) => delivery)
    return new Set((await this.#term.journal.ask(() => store.waiting(asked))).map(chainOf))
  }

  #start(open: Open): void {
    open.sending = true
    this.#term
      .send(open.delivery, 'first', async () => open.target)
      .then((outcome) =>
        open.stored ? this.#term.repeater.settle(open.delivery, outcome) : this.#settle(open, outcome),
      )
  }

  #settle(open: Open, outcome: Outcome): void {
    if (outcome.type === 'aborted' || this.#abandoned) return
    const chain = chainOf(open.delivery)
    const opens = this.#chains.get(chain) ?? []
    const { delivery } = open
    if (outcome.type === 'failed' || outcome.type === 'held') {
      const { attempt, ...setback } = setbackOf(delivery, outcome, this.#term.needs)
      const head = { ...delivery, ...setback, attempt_log: attempt ? [attempt] : [] }
      this.#store(chain, [head, ...opens.slice(1).map(({ delivery }) => waitingRow(delivery))])
    } else {
      // what goes nowhere never was anybody's, so it is not in the log
      if (outcome.type !== 'dropped') this.#finished.push(finishedOf(delivery, outcome))
      opens.shift()
      this.#close(open)
      const next = opens[0]
      if (!next) this.#chains.delete(chain)
      else if (this.#term.needs.endpoints.mayStart(next.delivery.endpoint, 'first')) this.#start(next)
    }
    this.#advanceSoon()
    this.#askToRead()
  }

  /** Makes rows of what has been on its way for too long. */
  #storeOlderThan(ageMs: number): void {
    const beforeMs = this.#term.needs.clock.monotonicMs() - ageMs
    let stored = false
    for (const [chain, opens] of [...this.#chains]) {
      const head = opens[0]
      if (!head || head.sinceMs > beforeMs) continue
      if (head.sending) {
        head.stored = true
        this.#term.repeater.claim(head.delivery)
      }
      this.#store(
        chain,
        opens.map(({ delivery }) => waitingRow(delivery)),
      )
      stored = true
    }
    if (stored) this.#advanceSoon()
  }

  /** Hands a whole chain over to the store. */
  #store(chain: string, rows: readonly StoredDelivery[]): void {
    this.#term.needs.counts.stored += rows.length
    this.#term.journal.enter({ stored: rows }).then(() => this.#term.repeater.wake())
    for (const open of this.#chains.get(chain) ?? []) this.#close(open)
    this.#chains.delete(chain)
  }

  #close({ delivery, entry }: Open): void {
    entry.open--
    this.#open--
    this.#term.release(delivery.body.length)
  }

  #advanceSoon(): void {
    if (this.#abandoned || this.#term.ended) return
    this.#advance ??= this.#term.needs.clock.after(ADVANCE_MS, () => this.advanceNow())
  }

  #leaveIfDone(): void {
    if (this.#open === 0 && !this.#more && !this.#reading && this.#cursor === this.#readTo) this.#term.leave(this)
  }
}
