import type { Database } from '#platform/db'
import { appendEvents } from '#platform/events'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import type { Carrier } from './carrier.ts'
import { type CarrierSip, carrierUri, destinationsOf } from './carrier-sip.ts'
import type { Carriers } from './carriers.ts'
import { provisioningEvents } from './events.ts'
import { healthAfter } from './health.ts'
import { readHostname } from './hostname.ts'
import { ProviderStore } from './provider-store.ts'
import { nextRevision } from './revision.ts'

export interface HealthWatchNeeds {
  db: Database
  clock: Clock
  ids: Ids
  log: Log
  sip: CarrierSip
  carriers: Carriers
}

/** How often a provider is probed, and how often is looked which is due. */
const EVERY_MS = 30_000
const LOOK_MS = 5_000
const ANSWER_MS = 5_000
/** Probes at once. */
const MOST = 20

/**
 * Probes every provider each 30 s with OPTIONS (RFC 3261 §11): any answer is a sign of life. Of several nodes one takes each
 * probe, whichever comes first.
 */
export class HealthWatch {
  readonly #needs: HealthWatchNeeds
  readonly #store: ProviderStore
  #timer: Timer | undefined
  #isStopped = false

  constructor(needs: HealthWatchNeeds) {
    this.#needs = needs
    this.#store = new ProviderStore(needs.db)
  }

  start(): void {
    this.#look()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Probes those that are due; resolves when all have answered or been given up. */
  async probeDue(): Promise<void> {
    const { clock } = this.#needs
    const now = clock.wallMs()
    const claim = { now: timestamp(now), before: timestamp(now - EVERY_MS), most: MOST }
    const due = await this.#needs.db.transaction((trx) => this.#store.claimProbes(trx, claim))
    await Promise.all(due.map(({ id }) => this.#probe(id)))
  }

  async #probe(id: string): Promise<void> {
    const carrier = this.#needs.carriers.find(id)
    if (!carrier) return // it was made a moment ago: the next look knows it
    const answered = await this.#answers(carrier)
    await this.#note(id, carrier.host, answered)
  }

  async #answers(carrier: Carrier): Promise<boolean> {
    const { sip } = this.#needs
    const via = await destinationsOf(carrier, sip)
    if (via.length === 0) return false
    const uri = carrierUri(carrier, 'healthcheck')
    return (await sip.ask({ method: 'OPTIONS', uri, via, timeoutMs: ANSWER_MS })).outcome === 'answered'
  }

  /** Only a change of what is known is an event, and reaches other nodes; the time of the probe is kept all the same. */
  async #note(id: string, host: string, answered: boolean): Promise<void> {
    const { db, clock, ids, carriers, log } = this.#needs
    const isChanged = await db.transaction(async (trx) => {
      const before = await this.#store.hold(trx, id)
      if (!before || readHostname(before.hostname)?.host !== host) return false // it has moved meanwhile
      const after = { ...healthAfter(before, answered), health_checked_at: timestamp(clock.wallMs()) }
      if (after.health_status === before.health_status) {
        await this.#store.update(trx, id, { ...after, revision: before.revision })
        return false
      }
      const changed = await this.#store.update(trx, id, { ...after, revision: await nextRevision(trx) })
      if (changed) await appendEvents(trx, [provisioningEvents.provider_updated(changed)], { clock, ids })
      log.info({ provider_id: id, health_status: after.health_status }, 'the health of a provider has changed')
      return true
    })
    if (isChanged) await carriers.refresh()
  }

  #look(): void {
    const { clock, log } = this.#needs
    this.probeDue()
      .catch((error: unknown) => log.warn({ error }, 'providers could not be probed'))
      .finally(() => {
        if (!this.#isStopped) this.#timer = clock.after(LOOK_MS, () => this.#look())
      })
  }
}
