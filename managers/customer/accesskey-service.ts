import type { AnyTransaction, Database } from '#platform/db'
import { appendEvents, type NewEvent } from '#platform/events'
import { type Page, type PageRequest, paginate } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import { type AccesskeyRecord, hashOfToken, newAccesskeyToken, prefixOfToken, presentAccesskey } from './accesskey.ts'
import {
  ACCESSKEY_DEFAULT_SECONDS,
  type Accesskey,
  type AccesskeyCreate,
  type AccesskeyUpdate,
} from './accesskey-contract.ts'
import { AccesskeyStore } from './accesskey-store.ts'
import { customerErrors } from './errors.ts'
import { customerEvents } from './events.ts'

/** Access keys: each acts as an admin of its customer until it expires or is deleted. */
export class AccesskeyService {
  readonly #db: Database
  readonly #store: AccesskeyStore
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #onRevoked: (accesskey_id: string) => void

  /** `onRevoked` hears of each key that stops working by being deleted. */
  constructor(needs: { db: Database; clock: Clock; ids: Ids; onRevoked?: (accesskey_id: string) => void }) {
    this.#db = needs.db
    this.#store = new AccesskeyStore(needs.db)
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#onRevoked = needs.onRevoked ?? (() => {})
  }

  async list(customer: string, page: PageRequest): Promise<Page<Accesskey>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: result.map((record) => presentAccesskey(record)), next_page_token }
  }

  async get(customer: string, id: string): Promise<Accesskey> {
    return presentAccesskey((await this.#store.find(customer, id)) ?? noAccesskey(id))
  }

  /** Creates a key. Its token is in this answer and nowhere else ever again. */
  create(customer: string, wanted: AccesskeyCreate): Promise<Accesskey> {
    return this.#db.transaction((trx) => this.createIn(trx, customer, wanted))
  }

  /** The same in a transaction that the caller has begun, for the first run. */
  async createIn(trx: AnyTransaction, customer: string, wanted: AccesskeyCreate): Promise<Accesskey> {
    const token = newAccesskeyToken(this.#ids)
    const nowMs = this.#clock.wallMs()
    const record: AccesskeyRecord = {
      id: this.#ids.uuid(),
      customer_id: customer,
      name: wanted.name ?? '',
      detail: wanted.detail ?? '',
      token_hash: hashOfToken(token),
      token_prefix: prefixOfToken(token),
      tm_expire: timestamp(nowMs + (wanted.expire ?? ACCESSKEY_DEFAULT_SECONDS) * 1000),
      tm_last_used: null,
      tm_create: timestamp(nowMs),
      tm_update: null,
      tm_delete: null,
    }
    await this.#store.insert(trx, customer, record)
    await this.#announce(trx, customerEvents.accesskey_created(record))
    return presentAccesskey(record, token)
  }

  /** Replaces name and detail; how long a key lives cannot be changed. */
  update(customer: string, id: string, wanted: AccesskeyUpdate): Promise<Accesskey> {
    const change = { name: wanted.name ?? '', detail: wanted.detail ?? '', tm_update: this.#now() }
    return this.#db.transaction(async (trx) => {
      const record = (await this.#store.update(trx, customer, id, change)) ?? noAccesskey(id)
      await this.#announce(trx, customerEvents.accesskey_updated(record))
      return presentAccesskey(record)
    })
  }

  /** Deletes a key; deleting it again gives the same answer and announces nothing. */
  async delete(customer: string, id: string): Promise<Accesskey> {
    const now = this.#now()
    const deleted = await this.#db.transaction(async (trx) => {
      const record = await this.#store.update(trx, customer, id, { tm_update: now, tm_delete: now })
      if (record) await this.#announce(trx, customerEvents.accesskey_deleted(record))
      return record
    })
    if (deleted) this.#onRevoked(id)
    return presentAccesskey(deleted ?? (await this.#store.findEvenDeleted(customer, id)) ?? noAccesskey(id))
  }

  /** Deletes every key of a customer that is being deleted. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    const deleted = await this.#store.deleteAllOf(trx, customer, this.#now())
    await this.#announce(trx, ...deleted.map(customerEvents.accesskey_deleted))
  }

  /** Platform-wide: the key behind a token, in whatever state it is. */
  findByToken(token: string): Promise<AccesskeyRecord | undefined> {
    return this.#store.findByTokenHash(hashOfToken(token))
  }

  #now(): Timestamp {
    return timestamp(this.#clock.wallMs())
  }

  #announce(trx: AnyTransaction, ...events: NewEvent[]): Promise<void> {
    return appendEvents(trx, events, { clock: this.#clock, ids: this.#ids })
  }
}

function noAccesskey(accesskey_id: string): never {
  throw customerErrors.ACCESSKEY_NOT_FOUND({ accesskey_id })
}
