import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { Tag, TagFields } from './contract.ts'
import { tagErrors } from './errors.ts'
import { tagEvents } from './events.ts'
import { TagStore } from './store.ts'

/** Takes a deleted tag away from whatever has it, in the transaction that deletes it. */
export type OnTagDeleted = (trx: AnyTransaction, customer: string, tag_id: string) => Promise<void>

/** Tags: words of a customer that join agents and queues. Names need not be unique. */
export class TagService {
  readonly #db: Database
  readonly #store: TagStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #onTagDeleted: OnTagDeleted

  constructor(needs: { db: Database; clock: Clock; ids: Ids; onTagDeleted: OnTagDeleted }) {
    this.#db = needs.db
    this.#store = new TagStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#onTagDeleted = needs.onTagDeleted
  }

  async list(customer: string, page: PageRequest): Promise<Page<Tag>> {
    return paginate(await this.#store.list(customer, page), page.size)
  }

  async get(customer: string, id: string): Promise<Tag> {
    return (await this.#store.find(customer, id)) ?? noTag(id)
  }

  create(customer: string, { name, detail }: TagFields): Promise<Tag> {
    const tag: Tag = {
      id: this.#ids.uuid(),
      customer_id: customer,
      name,
      detail,
      tm_create: this.#now(),
      tm_update: null,
      tm_delete: null,
    }
    return this.#db.transaction(async (trx) => {
      await this.#store.insert(trx, customer, tag)
      await this.#announce(trx, tagEvents.tag_created(tag))
      return tag
    })
  }

  update(customer: string, id: string, { name, detail }: TagFields): Promise<Tag> {
    return this.#db.transaction(async (trx) => {
      const tag = (await this.#store.update(trx, customer, id, { name, detail, tm_update: this.#now() })) ?? noTag(id)
      await this.#announce(trx, tagEvents.tag_updated(tag))
      return tag
    })
  }

  /** Deletes a tag; whoever has it loses it at the same moment. */
  delete(customer: string, id: string): Promise<Tag> {
    const now = this.#now()
    return this.#db.transaction(async (trx) => {
      const tag = (await this.#store.update(trx, customer, id, { tm_update: now, tm_delete: now })) ?? noTag(id)
      await this.#announce(trx, tagEvents.tag_deleted(tag))
      await this.#onTagDeleted(trx, customer, tag.id)
      return tag
    })
  }

  /** Deletes every tag of a customer that is being deleted, and whoever has them too. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    await this.#announce(trx, ...deleted.map(tagEvents.tag_deleted))
  }

  /** Those of the ids that are live tags of the customer; they stay so until the transaction ends. */
  holdTags(trx: AnyTransaction, customer: string, ids: readonly string[]): Promise<string[]> {
    return this.#store.hold(trx, customer, ids)
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

function noTag(tag_id: string): never {
  throw tagErrors.TAG_NOT_FOUND({ tag_id })
}
