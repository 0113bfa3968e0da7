import type { Bus, Subscription } from '#platform/bus'
import type { Database } from '#platform/db'
import { LEDGER_MOVED, LedgerReader } from '#platform/events'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { OutboundClient } from '#platform/outbound'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { ActiveflowTargets } from './activeflow-targets.ts'
import type { WebhookCounts } from './counts.ts'
import { DeliveryRight } from './delivery-right.ts'
import { DEFAULT_LIMITS, Endpoints, type Limits } from './endpoints.ts'
import type { Hold } from './hold-store.ts'
import { HOLD_LIFTED, WEBHOOKS_STORED } from './pokes.ts'
import { DeliveryStore } from './store.ts'
import type { WebhookTargets } from './targets.ts'
import { type OnAttempt, Term } from './term.ts'

export interface WebhookDeliveryNeeds {
  /** Two or three connections are used at most; better not the pool that answers requests. */
  db: Database
  bus: Bus
  clock: Clock
  ids: Ids
  log: Log
  outbound: OutboundClient
  targets: WebhookTargets
  limits?: Partial<Limits>
  /** Hears of each attempt that was made. */
  onAttempt?: OnAttempt
}

/** The net under the pokes, and the pace at which stored deliveries fall due. */
const TICK_MS = 1_000
const ASK_MS = 5_000
/** The log, and what was given up, are kept so long. */
export const KEEP_DAYS = 30
/** The net under the poke of a hold that was lifted. */
const HOLDS_EVERY_MS = 30_000
const DAY_MS = 86_400_000
const CLEAN_EVERY_MS = 3_600_000

/**
 * Delivers every public event to its customer's webhook, and to that of its activeflow: at least once, in order per
 * resource, through restarts. Any number of processes may run it; one of them delivers at a time.
 */
export class WebhookDelivery {
  readonly #needs: WebhookDeliveryNeeds
  readonly #store: DeliveryStore
  readonly #reader: LedgerReader
  readonly #endpoints: Endpoints
  readonly #right: DeliveryRight
  readonly #activeflows: ActiveflowTargets
  readonly #stopping = new AbortController()
  #term: Term | undefined
  #subscriptions: Subscription[] = []
  #timer: Timer | undefined
  #ticking: Promise<void> | undefined
  #running = false
  #cleanedMs = Number.NEGATIVE_INFINITY
  #heldMs = Number.NEGATIVE_INFINITY
  readonly counts: WebhookCounts

  constructor(needs: WebhookDeliveryNeeds) {
    this.#needs = needs
    this.#reader = new LedgerReader({ db: needs.db, reader: 'webhook' })
    this.#store = new DeliveryStore(needs.db, this.#reader)
    this.#endpoints = new Endpoints({ ...DEFAULT_LIMITS, ...needs.limits })
    this.#right = new DeliveryRight({ ...needs, connection: needs.db.connection, onLost: () => this.#endTerm() })
    this.#activeflows = new ActiveflowTargets(needs.clock, needs.targets)
    const term = () => this.#term
    const endpoints = this.#endpoints
    this.counts = {
      delivered: 0,
      attemptsFailed: 0,
      stored: 0,
      givenUp: 0,
      get customers() {
        return term()?.feeds ?? 0
      },
      get underWay() {
        return endpoints.underWay
      },
      get delivering() {
        return term() !== undefined
      },
    }
  }

  /** Begins to deliver as soon as the database answers and no other process does. */
  start(): void {
    this.#running = true
    const { bus } = this.#needs
    this.#subscriptions = [
      bus.subscribe(LEDGER_MOVED, (body) => {
        for (const customer of customersOf(body)) this.#term?.moved(customer)
      }),
      bus.subscribe(WEBHOOKS_STORED, () => this.#term?.repeater.wake()),
      bus.subscribe(HOLD_LIFTED, () => {
        this.#heldMs = Number.NEGATIVE_INFINITY
        if (this.#term) this.#loadHolds(this.#term)
      }),
    ]
    this.#tick()
  }

  /** Cuts off what is under way, which will be sent again, and writes what has arrived. Takes about a second at most. */
  async stop(): Promise<void> {
    this.#running = false
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#timer?.cancel()
    this.#stopping.abort()
    this.#right.stop()
    await this.#ticking
    await this.#endTerm()
    await this.#right.release()
  }

  #tick(): void {
    this.#ticking = this.#look()
      .catch((error) => this.#needs.log.debug({ error }, 'webhooks wait for the database'))
      .finally(() => {
        if (this.#running) this.#timer = this.#needs.clock.after(TICK_MS, () => this.#tick())
      })
  }

  async #look(): Promise<void> {
    if (!this.#term) {
      if (!(await this.#right.acquire()) || !this.#running) return
      const holds = await this.#ask(() => this.#makeReady())
      if (!this.#running || this.#right.lost) return
      this.#heldMs = this.#needs.clock.monotonicMs()
      const { counts } = this
      const mine = {
        reader: this.#reader,
        store: this.#store,
        endpoints: this.#endpoints,
        activeflows: this.#activeflows,
      }
      this.#term = new Term({ ...this.#needs, ...mine, counts }, holds)
    }
    const term = this.#term
    const behind = await this.#ask(() => this.#reader.customersBehind())
    this.#loadHolds(term)
    if (this.#term === term) term.tick(behind.map(({ customer_id }) => customer_id))
    await this.#clean()
  }

  #loadHolds(term: Term): void {
    const nowMs = this.#needs.clock.monotonicMs()
    if (nowMs - this.#heldMs < HOLDS_EVERY_MS) return
    this.#heldMs = nowMs
    term.loadHolds().then(
      () => term.repeater.wake(),
      (error: unknown) => this.#needs.log.warn({ error }, 'holds of webhook endpoints could not be read'),
    )
  }

  async #endTerm(): Promise<void> {
    const term = this.#term
    this.#term = undefined
    await term?.end()
  }

  /** What the log needs for today and tomorrow, and the holds to begin with. */
  async #makeReady(): Promise<Hold[]> {
    const nowMs = this.#needs.clock.wallMs()
    await this.#store.prepareLog([timestamp(nowMs), timestamp(nowMs + DAY_MS)])
    return this.#store.holdsInForce(timestamp(nowMs))
  }

  async #clean(): Promise<void> {
    const { clock } = this.#needs
    if (clock.monotonicMs() - this.#cleanedMs < CLEAN_EVERY_MS) return
    this.#cleanedMs = clock.monotonicMs()
    const nowMs = clock.wallMs()
    await this.#ask(async () => {
      await this.#store.purge(timestamp(nowMs - KEEP_DAYS * DAY_MS))
      await this.#store.prepareLog([timestamp(nowMs), timestamp(nowMs + DAY_MS)])
    })
  }

  /** A stop does not wait for the database. Nothing that goes on afterwards may begin in here: it would share the limit. */
  #ask<R>(question: () => Promise<R>): Promise<R> {
    return this.#needs.db.withDeadline(ASK_MS, question, this.#stopping.signal)
  }
}

function customersOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('customers' in body) || !Array.isArray(body.customers)) return []
  return body.customers.filter((each) => typeof each === 'string')
}
