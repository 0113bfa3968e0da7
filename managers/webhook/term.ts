import type { LedgerReader } from '#platform/events'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { OutboundClient } from '#platform/outbound'
import { type Clock, timestamp } from '#platform/time'
import type { ActiveflowTargets } from './activeflow-targets.ts'
import { type Attempt, attempt, type Outcome, type SigningTarget } from './attempt.ts'
import type { WebhookCounts } from './counts.ts'
import { type Delivery, ownerOf } from './delivery.ts'
import type { Endpoints, Health, Turn } from './endpoints.ts'
import { Feed } from './feed.ts'
import type { Hold } from './hold-store.ts'
import { Holds } from './holds.ts'
import { Journal } from './journal.ts'
import { Repeater } from './repeater.ts'
import type { DeliveryStore } from './store.ts'
import type { WebhookTargets } from './targets.ts'

/** Hears of each attempt that was made: how it went, and what it was. */
export type OnAttempt = (outcome: 'delivered' | 'refused' | 'gone' | 'failed', attempt: Attempt) => void

export interface TermNeeds {
  clock: Clock
  ids: Ids
  log: Log
  outbound: OutboundClient
  reader: LedgerReader
  store: DeliveryStore
  targets: WebhookTargets
  counts: WebhookCounts
  endpoints: Endpoints
  activeflows: ActiveflowTargets
  onAttempt?: OnAttempt
}

/** An answer that took longer makes an endpoint count as ailing. */
const SLOW_MS = 5_000
/** Bodies that are held in memory at the same time, of all customers together; beyond it nothing more is read. */
const MOST_BYTES = 32 * 1024 * 1024
/** Customers whose histories are read at the same time. */
const MOST_READING = 2
/** The last moment for what is under way to be written when the term ends. */
const LAST_WRITE_MS = 1_000

/**
 * All that is known in memory while this process is the one that delivers: a feed for each customer with events on their
 * way, and the repeater for what is stored. It ends when the right to deliver is lost, and everything in it is forgotten:
 * rows and cursors know how to go on.
 */
export class Term {
  readonly needs: TermNeeds
  readonly journal: Journal
  readonly repeater: Repeater
  readonly #holds = new Holds()
  readonly #feeds = new Map<string, Feed>()
  readonly #stopping = new AbortController()
  #bytes = 0
  #reading = 0
  #toRead = new Set<Feed>()

  /** `holds`: those in force when it begins. */
  constructor(needs: TermNeeds, holds: readonly Hold[]) {
    this.needs = needs
    this.#holds.load(holds, 0)
    this.journal = new Journal({ ...needs, lostCustomer: (customer_id) => this.#forget(customer_id) })
    this.repeater = new Repeater(this)
  }

  get ended(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Customers with events on their way. */
  get feeds(): number {
    return this.#feeds.size
  }

  now(): string {
    return timestamp(this.needs.clock.wallMs())
  }

  /** Learns anew which endpoints nothing is sent to, after everything entered so far. */
  async loadHolds(): Promise<void> {
    const { placed } = this.#holds
    this.#holds.load(await this.journal.ask(() => this.needs.store.holdsInForce(this.now())), placed)
  }

  /** A customer's history has grown. */
  moved(customer_id: string): void {
    const feed = this.#feeds.get(customer_id) ?? new Feed(this, customer_id)
    this.#feeds.set(customer_id, feed)
    feed.moved()
  }

  /** Looks at what has waited too long and what is due, and begins with `behind`, which a lost poke kept from us. */
  tick(behind: readonly string[]): void {
    if (this.ended) return
    for (const feed of [...this.#feeds.values()]) feed.tick()
    this.repeater.wake()
    for (const customer_id of behind) this.moved(customer_id)
  }

  /** Ends it: what is under way is cut off and will be sent again, what is known to have arrived is written. */
  async end(): Promise<void> {
    for (const feed of this.#feeds.values()) feed.storeAll()
    this.#stopping.abort()
    await this.journal.end(LAST_WRITE_MS)
    this.#feeds.clear()
  }

  /** Sends it in its turn, for which there is room. The place is given up before the outcome is handed out. */
  async send(delivery: Delivery, turn: Turn, target: () => Promise<SigningTarget | undefined>): Promise<Outcome> {
    const { counts, endpoints, log, onAttempt } = this.needs
    const leave = endpoints.start(delivery.endpoint, turn)
    let outcome: Outcome = { type: 'aborted' }
    try {
      const where = await target()
      outcome = where ? await this.#attempt(delivery, where) : { type: 'dropped' }
      if (this.ended) outcome = { type: 'aborted' }
    } catch (error) {
      log.warn({ error }, 'a webhook target could not be looked up')
    } finally {
      leave(healthOf(outcome))
    }
    if (outcome.type === 'delivered' || outcome.type === 'refused') counts.delivered++
    if (outcome.type === 'failed') counts.attemptsFailed++
    if ('attempt' in outcome) onAttempt?.(outcome.type, outcome.attempt)
    setImmediate(() => this.#room())
    return outcome
  }

  /** Makes the attempt unless its receiver wants none; what the receiver says about that is remembered. */
  async #attempt(delivery: Delivery, target: SigningTarget): Promise<Outcome> {
    const { outbound, clock } = this.needs
    const { signal } = this.#stopping
    if (delivery.kind === 'flow') return attempt(outbound, clock, delivery, target, signal)
    const owner = ownerOf(delivery)
    const verdict = this.#holds.ask(owner, target.uri, clock.wallMs())
    if (verdict.type === 'stopped') return { type: 'dropped' }
    if (verdict.type === 'wait') return { type: 'held', untilMs: verdict.untilMs }
    if (verdict.type === 'outdated') {
      this.#holds.forget(owner)
      this.journal.enter({ released: [owner] }).then(() => this.repeater.wake())
    }
    const outcome = await attempt(outbound, clock, delivery, target, signal)
    this.#listenTo(outcome, delivery, target)
    return outcome
  }

  #listenTo(outcome: Outcome, delivery: Delivery, { uri }: SigningTarget): void {
    const isGone = outcome.type === 'gone'
    const waitMs = outcome.type === 'failed' ? outcome.retryAfterMs : undefined
    if (this.ended || !(isGone || waitMs !== undefined)) return
    const { clock, ids, log } = this.needs
    const { customer_id, sequence } = delivery
    const nowMs = clock.wallMs()
    const hold: Hold = {
      id: ids.uuid(),
      endpoint: ownerOf(delivery),
      ...{ customer_id, uri, sequence },
      reason: isGone ? 'gone' : 'retry_after',
      http_status: 'attempt' in outcome ? outcome.attempt.http_status : 0,
      tm_until: isGone ? null : timestamp(nowMs + (waitMs ?? 0)),
      tm_create: timestamp(nowMs),
    }
    const placed = this.#holds.place(hold)
    if (!placed) return
    if (placed === hold && isGone) log.warn({ endpoint: hold.endpoint }, 'a webhook answered 410 and was stopped')
    this.journal.enter({ held: [placed] })
  }

  /** Takes room for bodies in memory. */
  hold(bytes: number): void {
    this.#bytes += bytes
  }

  release(bytes: number): void {
    this.#bytes -= bytes
    this.#readNext()
  }

  /** Lets a feed read when it is its turn and there is room in memory. */
  askToRead(feed: Feed): void {
    this.#toRead.add(feed)
    this.#readNext()
  }

  /** A feed that has nothing left. */
  leave(feed: Feed): void {
    if (this.#feeds.get(feed.customer_id) === feed) this.#feeds.delete(feed.customer_id)
  }

  #forget(customer_id: string): void {
    this.#feeds.get(customer_id)?.abandon()
    this.#feeds.delete(customer_id)
  }

  #readNext(): void {
    while (this.#reading < MOST_READING && this.#bytes < MOST_BYTES && !this.ended) {
      const [feed] = this.#toRead
      if (!feed) return
      this.#toRead.delete(feed)
      this.#reading++
      feed.read().finally(() => {
        this.#reading--
        this.#readNext()
      })
    }
  }

  /** A place is free: whoever waits longest tries first. */
  #room(): void {
    if (this.ended) return
    for (const feed of [...this.#feeds.values()]) {
      if (!feed.hasReady || !feed.startReady()) continue
      this.#feeds.delete(feed.customer_id)
      this.#feeds.set(feed.customer_id, feed)
      break
    }
    this.repeater.room()
  }
}

function healthOf(outcome: Outcome): Health {
  if (outcome.type === 'failed' || outcome.type === 'gone') return 'bad'
  if (outcome.type !== 'delivered' && outcome.type !== 'refused') return 'unknown'
  return outcome.attempt.duration_ms < SLOW_MS ? 'good' : 'bad'
}
