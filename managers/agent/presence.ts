import type { AnyTransaction, Database, LaneWrite } from '#platform/db'
import { appendEvents } from '#platform/events'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { agentEvents } from './events.ts'
import { type AgentRings, type Ring, type RingRow, ringWrite, statusAfter } from './ring.ts'
import { RingStore } from './ring-store.ts'
import { AgentStore } from './store.ts'

/** How long it waits after the database could not be used. */
const AGAIN_MS = 1_000

/**
 * Makes the status of agents follow the calls that ring at them. What has become of a call is a row of its own, written
 * with the call; here it is shown and announced, a moment later, off the calls' way. A crash in between is made good by
 * whoever starts next.
 */
export class AgentPresence implements AgentRings {
  readonly #db: Database
  readonly #rings = new RingStore()
  readonly #agents: AgentStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #log: Log
  #news = false
  #working: Promise<void> | undefined
  #again: Timer | undefined
  #stopped = false

  constructor(needs: { db: Database; clock: Clock; ids: Ids; log: Log }) {
    this.#db = needs.db
    this.#agents = new AgentStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#log = needs.log
  }

  /** Shows what an earlier life left unshown. */
  start(): void {
    this.stored()
  }

  /** Finishes what it is at. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#again?.cancel()
    await this.#working
  }

  write(ring: Ring): LaneWrite {
    return ringWrite(ring)
  }

  stored(): void {
    this.#news = true
    if (this.#stopped || this.#again) return
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#news) this.stored()
    })
  }

  missed(trx: AnyTransaction, groupcall_ids: readonly string[]): Promise<void> {
    return this.#rings.missed(trx, groupcall_ids)
  }

  async #work(): Promise<void> {
    try {
      while (this.#news && !this.#stopped) {
        this.#news = false
        while (!this.#stopped && (await this.#db.transaction((trx) => this.#showNext(trx))));
      }
    } catch (error) {
      this.#log.warn({ error }, 'the status of agents could not follow their calls')
      this.#again = this.#clock.after(AGAIN_MS, () => {
        this.#again = undefined
        this.stored()
      })
    }
  }

  /** Whether there was one. */
  async #showNext(trx: AnyTransaction): Promise<boolean> {
    const ring = await this.#rings.news(trx)
    if (!ring) return false
    await this.#show(trx, ring)
    await this.#rings.shown(trx, ring)
    return true
  }

  async #show(trx: AnyTransaction, ring: RingRow): Promise<void> {
    const { customer_id, agent_id } = ring
    const agent = await this.#agents.hold(trx, customer_id, agent_id)
    if (!agent) return
    const status = statusAfter(agent.status, ring, await this.#rings.ringsElsewhere(trx, ring))
    if (status === agent.status) return
    const tm_update = timestamp(this.#clock.wallMs())
    const changed = await this.#agents.update(trx, customer_id, agent_id, { status, tm_update })
    if (changed)
      await appendEvents(trx, [agentEvents.agent_status_updated(changed)], { clock: this.#clock, ids: this.#ids })
  }
}
