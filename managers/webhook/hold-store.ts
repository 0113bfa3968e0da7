import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import { type PageRequest, pageOf } from '#platform/http'
import type { Timestamp } from '#platform/time'
import { replayEndpoint } from './delivery.ts'

/** Nothing is sent from this endpoint to this URI until then. */
export interface Hold {
  id: string
  /** Who named the target: `customer:…` or `activeflow:…`. */
  endpoint: string
  customer_id: string
  /** The target that asked for it: another one is not held. */
  uri: string
  /** `gone`: it answered 410. `retry_after`: it said when. */
  reason: 'gone' | 'retry_after'
  http_status: number
  /** The event whose delivery was answered so. */
  sequence: number | null
  /** `null` = until it is lifted, or the URI is another one. */
  tm_until: Timestamp | null
  tm_create: Timestamp
}

interface Tables {
  webhook_holds: Hold
}

/** SQL of holds. */
export class HoldStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Those in force, newest first. */
  list(customer: string, now: Timestamp, page: PageRequest): Promise<Hold[]> {
    return pageOf(this.#inForce(now).where('customer_id', '=', customer), page).execute()
  }

  find(customer: string, id: string, now: Timestamp): Promise<Hold | undefined> {
    return this.#inForce(now).where('customer_id', '=', customer).where('id', '=', id).executeTakeFirst()
  }

  /** The one on an endpoint for this URI. */
  findOn(customer: string, endpoint: string, uri: string, now: Timestamp): Promise<Hold | undefined> {
    const all = this.#inForce(now).where('customer_id', '=', customer)
    return all.where('endpoint', '=', endpoint).where('uri', '=', uri).executeTakeFirst()
  }

  /** Platform-wide: all that are in force. */
  inForce(now: Timestamp): Promise<Hold[]> {
    return this.#inForce(now).execute()
  }

  /** Places it; one that was on this endpoint before is replaced. */
  async put(trx: AnyTransaction, customer: string, hold: Hold): Promise<void> {
    await sql`
      INSERT INTO webhook_holds (id, endpoint, customer_id, uri, reason, http_status, sequence, tm_until, tm_create)
      VALUES (${hold.id}, ${hold.endpoint}, ${customer}, ${hold.uri}, ${hold.reason}, ${hold.http_status},
        ${hold.sequence}, ${hold.tm_until}, ${hold.tm_create})
      ON CONFLICT (endpoint) DO UPDATE SET id = excluded.id, uri = excluded.uri, reason = excluded.reason,
        http_status = excluded.http_status, sequence = excluded.sequence, tm_until = excluded.tm_until,
        tm_create = excluded.tm_create`.execute(trx.kysely())
  }

  /** Takes a customer's hold away and lets what waits go at once; `undefined` = there is none. */
  async lift(trx: AnyTransaction, customer: string, id: string, now: Timestamp): Promise<Hold | undefined> {
    const hold = await trx
      .kysely<Tables>()
      .deleteFrom('webhook_holds')
      .where('customer_id', '=', customer)
      .where('id', '=', id)
      .where((where) => where.or([where('tm_until', 'is', null), where('tm_until', '>', now)]))
      .returningAll()
      .executeTakeFirst()
    if (hold) await this.release(trx, hold.endpoint, now)
    return hold
  }

  /** Takes the hold on an endpoint away, if there is one, and lets what waits go at once. */
  async release(trx: AnyTransaction, endpoint: string, now: Timestamp): Promise<void> {
    await sql`DELETE FROM webhook_holds WHERE endpoint = ${endpoint}`.execute(trx.kysely())
    await sql`
      UPDATE webhook_deliveries SET tm_next = ${now}
      WHERE endpoint = ANY (${[endpoint, replayEndpoint(endpoint)]}::text[]) AND status = 'pending' AND tm_next > ${now}
    `.execute(trx.kysely())
  }

  /** Platform-wide: forgets those that ended before, and those on activeflows that are as old. */
  async purge(before: Timestamp): Promise<void> {
    await sql`
      DELETE FROM webhook_holds
      WHERE tm_until < ${before} OR (endpoint LIKE 'activeflow:%' AND tm_create < ${before})
    `.execute(this.#db.kysely())
  }

  #inForce(now: Timestamp) {
    return this.#db
      .kysely<Tables>()
      .selectFrom('webhook_holds')
      .selectAll()
      .where((where) => where.or([where('tm_until', 'is', null), where('tm_until', '>', now)]))
  }
}
