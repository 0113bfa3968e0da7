import type { AnyTransaction, Database } from '#platform/db'
import { InvariantError } from '#platform/errors'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Ids, randomHex } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { type Direct, type Directs, type DirectTarget, isDirectHash } from './direct.ts'
import { directErrors } from './errors.ts'
import { directEvents } from './events.ts'
import { DirectStore } from './store.ts'

/** How often a hash that is already taken is drawn again. */
const RETRIES = 3

/** Makes, replaces and removes direct hashes, always in the transaction of the resource that they belong to. */
export class DirectService implements Directs {
  readonly #store: DirectStore
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(needs: { db: Database; clock: Clock; ids: Ids }) {
    this.#store = new DirectStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
  }

  create(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<Direct> {
    return this.#insert(
      trx,
      customer,
      { ...target, id: this.#ids.uuid(), tm_create: this.#now(), tm_update: null },
      directEvents.direct_created,
    )
  }

  async regenerate(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<Direct> {
    const old = await this.#store.remove(trx, customer, target)
    const now = this.#now()
    const kept = { id: old?.id ?? this.#ids.uuid(), tm_create: old?.tm_create ?? now, tm_update: old ? now : null }
    return this.#insert(trx, customer, { ...target, ...kept }, directEvents.direct_regenerated)
  }

  async remove(trx: AnyTransaction, customer: string, target: DirectTarget): Promise<void> {
    const removed = await this.#store.remove(trx, customer, target)
    if (removed) await this.#announce(trx, directEvents.direct_deleted(removed))
  }

  /** Removes every hash of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const removed = await this.#store.removeAllOf(trx, customer)
    await this.#announce(trx, ...removed.map(directEvents.direct_deleted))
  }

  /** The customer's own resource that a hash reaches; `DIRECT_NOT_FOUND` where it reaches none, or somebody else's. */
  async get(customer: string, hash: string): Promise<Direct> {
    const direct = await this.findByHash(hash)
    if (direct?.customer_id !== customer) throw directErrors.DIRECT_NOT_FOUND()
    return direct
  }

  async findByHash(hash: string): Promise<Direct | undefined> {
    return isDirectHash(hash) ? this.#store.findByHash(hash) : undefined
  }

  async #insert(
    trx: AnyTransaction,
    customer: string,
    what: Omit<Direct, 'customer_id' | 'hash'>,
    announce: (direct: Direct) => NewEvent,
  ): Promise<Direct> {
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      const hash = `direct.${randomHex(this.#ids, 6)}`
      const direct: Direct = { ...what, customer_id: customer, hash }
      if (!(await this.#store.insert(trx, customer, direct))) continue
      await this.#announce(trx, announce(direct))
      return direct
    }
    throw new InvariantError('every direct hash that was drawn is taken')
  }

  #now() {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}
