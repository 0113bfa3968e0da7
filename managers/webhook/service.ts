import type { Bus } from '#platform/bus'
import type { Database } from '#platform/db'
import type { PublicEvent, PublicEvents } from '#platform/events'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import {
  MOST_REPLAYS_WAITING,
  REPLAY_PAGE,
  type WebhookDelivery,
  type WebhookDeliveryDetail,
  type WebhookHold,
  type WebhookReplay,
} from './contract.ts'
import { type Delivery, ownerOf, replayEndpoint } from './delivery.ts'
import { eventBody } from './event-body.ts'
import { findTarget } from './find-target.ts'
import { HoldStore } from './hold-store.ts'
import { type DeliveryFilter, DeliveryLogStore, type WholeDelivery } from './log-store.ts'
import { HOLD_LIFTED, WEBHOOKS_STORED } from './pokes.ts'
import { presentDelivery, presentDetail, presentHold } from './present.ts'
import type { WebhookTargets } from './targets.ts'

export interface WebhookServiceNeeds {
  db: Database
  bus: Bus
  clock: Clock
  ids: Ids
  events: Pick<PublicEvents, 'listEvents'>
  targets: WebhookTargets
}

/** Webhooks for those who look at them: what was delivered, what was not, and delivering it once more. */
export class WebhookService {
  readonly #needs: WebhookServiceNeeds
  readonly #log: DeliveryLogStore
  readonly #holds: HoldStore

  constructor(needs: WebhookServiceNeeds) {
    this.#needs = needs
    this.#log = new DeliveryLogStore(needs.db)
    this.#holds = new HoldStore(needs.db)
  }

  /** Deliveries of the last days, newest first. */
  async list(customer: string, page: PageRequest, filter: DeliveryFilter): Promise<Page<WebhookDelivery>> {
    const { result, next_page_token } = paginate(await this.#log.list(customer, page, filter), page.size)
    return { result: result.map(presentDelivery), next_page_token }
  }

  async get(customer: string, id: string): Promise<WebhookDeliveryDetail> {
    return presentDetail(await this.#find(customer, id))
  }

  /** Delivers once more: what was given up goes on, of what is done with a new delivery is made. */
  async replay(customer: string, id: string): Promise<WebhookDelivery> {
    const row = await this.#find(customer, id)
    if (row.status === 'pending') throw apiErrors.STATE_INVALID({ issue: 'The delivery is still on its way.' })
    if (await this.#log.revive(customer, id, this.#now())) {
      this.#wake()
      return presentDelivery(await this.#find(customer, id))
    }
    const replay = await this.#replayOf(customer, row)
    await this.#requireTarget(replay)
    const [stored = replay.id] = await this.#insert(customer, [replay])
    const made = presentDelivery(await this.#find(customer, stored)) // read before it is on its way
    this.#wake()
    return made
  }

  /** Lets everything that was given up go on, the oldest first; how many at this time. */
  async reviveAll(customer: string): Promise<{ revived: number }> {
    const revived = await this.#log.reviveAll(customer, this.#now())
    if (revived > 0) this.#wake()
    return { revived }
  }

  /** Delivers a range of events once more to the customer's webhook, a part at a time. */
  async replayRange(customer: string, { after, until, types = [] }: WebhookReplay) {
    const endpoint = replayEndpoint(`customer:${customer}`)
    const last = until ?? Number.MAX_SAFE_INTEGER
    const page = await this.#needs.events.listEvents(customer, { after, limit: REPLAY_PAGE, types })
    const found = page.result.filter(({ sequence }) => sequence <= last)
    const replays = found.map((event) => this.#delivery(customer, event, { kind: 'customer', endpoint }))
    const [first] = replays
    if (first) await this.#requireTarget(first)
    await this.#insert(customer, replays)
    if (replays.length > 0) this.#wake()
    const isCut = page.result.length === REPLAY_PAGE && found.length === REPLAY_PAGE && page.next_after < last
    const { missing } = page
    return {
      replayed: replays.length,
      next_after: Math.max(after, Math.min(page.next_after, last)),
      more: isCut,
      missing: missing && missing.first <= last ? { ...missing, last: Math.min(missing.last, last) } : null,
    }
  }

  /** Webhooks that nothing is sent to at the moment, newest first. */
  async listHolds(customer: string, page: PageRequest): Promise<Page<WebhookHold>> {
    const { result, next_page_token } = paginate(await this.#holds.list(customer, this.#now(), page), page.size)
    return { result: result.map(presentHold), next_page_token }
  }

  async getHold(customer: string, id: string): Promise<WebhookHold> {
    return presentHold((await this.#holds.find(customer, id, this.#now())) ?? nothing())
  }

  /** Lifts a hold; what waits is sent at once. */
  async liftHold(customer: string, id: string): Promise<WebhookHold> {
    const hold = await this.#needs.db.transaction((trx) => this.#holds.lift(trx, customer, id, this.#now()))
    if (!hold) return nothing()
    this.#needs.bus.publish(HOLD_LIFTED, undefined)
    return presentHold(hold)
  }

  async #find(customer: string, id: string): Promise<WholeDelivery> {
    return (await this.#log.find(customer, id)) ?? nothing()
  }

  /** The delivery that repeats one; the event is as the ledger has it. */
  async #replayOf(customer: string, row: WholeDelivery): Promise<Delivery> {
    const endpoint = replayEndpoint(ownerOf(row))
    if (row.kind === 'flow' || row.sequence === null)
      return {
        ...row,
        id: this.#needs.ids.uuid(),
        endpoint,
        position: 0,
        attempts: 0,
        replay_of: row.id,
        tm_create: this.#now(),
      }
    const { result } = await this.#needs.events.listEvents(customer, { after: row.sequence - 1, limit: 1 })
    const [event] = result
    if (event?.id !== row.key) throw apiErrors.STATE_INVALID({ issue: 'The event is not kept any more.' })
    return this.#delivery(customer, event, { kind: row.kind, endpoint, replay_of: row.id })
  }

  #delivery(
    customer: string,
    event: PublicEvent,
    more: Pick<Delivery, 'kind' | 'endpoint'> & Partial<Delivery>,
  ): Delivery {
    return {
      id: this.#needs.ids.uuid(),
      customer_id: customer,
      resource_id: event.resource_id,
      position: event.sequence,
      key: event.id,
      type: event.type,
      sequence: event.sequence,
      tm_event: event.tm_create,
      body: eventBody(event),
      uri: '',
      method: '',
      content_type: '',
      attempts: 0,
      replay_of: null,
      tm_create: this.#now(),
      ...more,
    }
  }

  async #insert(customer: string, replays: readonly Delivery[]): Promise<string[]> {
    const bounds = { now: this.#now(), most: MOST_REPLAYS_WAITING }
    const stored = await this.#log.insertReplays(customer, replays, bounds)
    if (!stored)
      throw apiErrors.STATE_INVALID({ issue: `${MOST_REPLAYS_WAITING} replays are on their way; wait for them.` })
    return stored
  }

  /** Nothing is replayed to where nothing is sent. */
  async #requireTarget(replay: Delivery): Promise<void> {
    const target = await findTarget(this.#needs.targets, replay)
    if (!target) throw apiErrors.STATE_INVALID({ issue: 'There is no webhook to deliver to.' })
    const { customer_id } = replay
    const hold = await this.#holds.findOn(customer_id, ownerOf(replay), target.uri, this.#now())
    if (hold?.tm_until === null)
      throw apiErrors.STATE_INVALID({ issue: `The webhook is stopped by the hold ${hold.id}; lift it first.` })
  }

  #wake(): void {
    this.#needs.bus.publish(WEBHOOKS_STORED, undefined)
  }

  #now(): Timestamp {
    return timestamp(this.#needs.clock.wallMs())
  }
}

function nothing(): never {
  throw apiErrors.RESOURCE_NOT_FOUND()
}
