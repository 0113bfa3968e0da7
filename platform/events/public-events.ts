import type { Bus } from '#platform/bus'
import type { Database } from '#platform/db'
import type { Clock } from '#platform/time'
import { LEDGER_MOVED } from './sequencer.ts'

/** A public event as the wire shows it (decision 14). */
export interface PublicEvent {
  sequence: number
  id: string
  type: string
  resource: string
  resource_id: string
  tm_create: string
  data: Record<string, unknown>
}

/** A page of a customer's public events, and where to go on. */
export interface EventPage {
  result: PublicEvent[]
  /** What to pass as `after` next time: behind everything that was looked at, also what `types` left out. */
  next_after: number
  /** Events after what was asked for that are not kept any more; `null` = there are none. */
  missing: Gap | null
  /** The number of the customer's latest public event. */
  latest: number
}

/** Sequence numbers, both included. */
export interface Gap {
  first: number
  last: number
}

/** What is asked for. */
export interface EventRequest {
  /** The sequence number behind which to begin. */
  after: number
  /** Events at most. */
  limit: number
  /** Only these types; all when empty. */
  types?: readonly string[]
}

/** Requests that wait at the same time; one more is answered at once, as if nothing had come. */
const MOST_WAITING = 2_000
/** How often a waiting reader looks although nobody poked. */
const LOOK_EVERY_MS = 1_000

/** The customer's own view of the ledger: public events by sequence, with a long poll. */
export class PublicEvents {
  readonly #db: Database
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<() => void>>()
  #waiters = 0

  constructor(needs: { db: Database; bus: Bus; clock: Clock }) {
    this.#db = needs.db
    this.#clock = needs.clock
    needs.bus.subscribe(LEDGER_MOVED, (body) => this.#moved(body))
  }

  /** Public events after a sequence number, at most `limit`, only of these types where any are given. */
  async listEvents(customer: string, { after, limit, types = [] }: EventRequest): Promise<EventPage> {
    // one statement: what is dropped between two would be missing without being told
    const rows = await this.#db.query<{ latest: number; dropped: number } & (PublicEvent | { id: null })>(
      `SELECT h.sequence AS latest, h.dropped_sequence AS dropped, e.*
       FROM ledger_heads h LEFT JOIN LATERAL (
         SELECT sequence, id, type, resource, resource_id, tm_create, data
         FROM ledger
         WHERE customer_id = $1 AND sequence > greatest($2, h.dropped_sequence) AND sequence <= h.sequence
           AND (cardinality($3::text[]) = 0 OR type = ANY ($3))
         ORDER BY sequence LIMIT $4) e ON true
       WHERE h.customer_id = $1
       ORDER BY e.sequence`,
      [customer, after, types, limit],
    )
    const { latest, dropped } = rows[0] ?? { latest: 0, dropped: 0 }
    const missing = after < dropped ? { first: after + 1, last: dropped } : null
    const result = rows.filter((row) => row.id !== null).map(({ latest: _, dropped: __, ...event }) => event)
    const last = result.length < limit ? latest : (result.at(-1)?.sequence ?? latest)
    return { result, next_after: Math.max(after, last), missing, latest }
  }

  /** How far the public events of customers go; one that never had an event is left out. */
  async heads(customers: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#db.query<{ customer_id: string; sequence: number }>(
      'SELECT customer_id, sequence FROM ledger_heads WHERE customer_id = ANY ($1::uuid[])',
      [customers],
    )
    return new Map(rows.map(({ customer_id, sequence }) => [customer_id, sequence]))
  }

  /** `listEvents`, but waits up to `waitMs` for an event when there is none. Ends early, with what there is, on `signal`. */
  async follow(customer: string, asked: EventRequest, waitMs: number, signal?: AbortSignal): Promise<EventPage> {
    const untilMs = this.#clock.monotonicMs() + waitMs
    let page = await this.listEvents(customer, asked)
    while (page.result.length === 0 && page.missing === null) {
      const leftMs = untilMs - this.#clock.monotonicMs()
      if (leftMs <= 0 || !(await this.waitForMore(customer, page.next_after, leftMs, signal))) break
      page = await this.listEvents(customer, { ...asked, after: page.next_after })
    }
    return page
  }

  /** Waits until there is a public event after this sequence number; false when `ms` passed, or `signal` aborted, first. */
  async waitForMore(customer: string, after: number, ms: number, signal?: AbortSignal): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + ms
    for (;;) {
      const poked = this.#listen(customer)
      try {
        if ((await this.#head(customer)) > after) return true
        const leftMs = untilMs - this.#clock.monotonicMs()
        if (leftMs <= 0 || signal?.aborted || this.#waiters > MOST_WAITING) return false
        await this.#pause(poked.promise, Math.min(leftMs, LOOK_EVERY_MS), signal)
      } finally {
        poked.forget()
      }
    }
  }

  async #head(customer: string): Promise<number> {
    const rows = await this.#db.query<{ sequence: number }>(
      'SELECT sequence FROM ledger_heads WHERE customer_id = $1',
      [customer],
    )
    return rows[0]?.sequence ?? 0
  }

  #moved(body: unknown): void {
    if (typeof body !== 'object' || body === null || !('customers' in body) || !Array.isArray(body.customers)) return
    for (const customer of body.customers) for (const wake of this.#waiting.get(customer) ?? []) wake()
  }

  #listen(customer: string): { promise: Promise<void>; forget(): void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#waiting.get(customer) ?? new Set()
    this.#waiting.set(customer, waiting.add(resolve))
    this.#waiters++
    const forget = () => {
      this.#waiters--
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(customer)
    }
    return { promise, forget }
  }

  #pause(poked: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(ms, resolve)
    const abort = () => resolve()
    signal?.addEventListener('abort', abort)
    return Promise.race([promise, poked]).finally(() => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
    })
  }
}
