import { sql } from 'kysely'
import type { Database } from '#platform/db'
import type { LedgerReader } from '#platform/events'
import type { Timestamp } from '#platform/time'
import type { Delivery } from './delivery.ts'

/** A delivery as it is kept. */
export interface StoredDelivery extends Delivery {
  /** When it is tried (again); `null` = when everything before it on the same resource is done with. */
  tm_next: Timestamp | null
  last_status: number
  last_failure: string
}

/** What became of a stored delivery that failed. */
export interface Failure {
  id: string
  attempts: number
  /** `null` = given up. */
  tm_next: Timestamp | null
  last_status: number
  last_failure: string
}

/** How far a customer's events have been delivered or stored. */
export interface Advance {
  customer_id: string
  from: number
  to: number
}

/** Changes that belong together: all or none. */
export interface Change {
  stored?: readonly StoredDelivery[]
  /** Stored ones that were delivered, or have no target any more. */
  done?: readonly Delivery[]
  failed?: readonly (Failure & Pick<Delivery, 'endpoint' | 'resource_id'>)[]
  advance?: readonly Advance[]
  now: Timestamp
}

/** Which endpoints were looked at, and what is due there. */
export interface Due {
  deliveries: Delivery[]
  /** Where the next look begins; empty when everything was looked at. */
  next: string
}

/** First attempts and repeats that one look takes per endpoint. */
const FIRST_PER_ENDPOINT = 8
const REPEATS_PER_ENDPOINT = 4

/** The rows of `webhook_deliveries` and, in the same transaction, the reader's cursors. */
export class DeliveryStore {
  readonly #db: Database
  readonly #reader: LedgerReader | undefined

  constructor(db: Database, reader?: LedgerReader) {
    this.#db = db
    this.#reader = reader
  }

  /** Makes the changes in one transaction. A delivery that is stored already stays as it is. */
  async apply({ stored = [], done = [], failed = [], advance = [], now }: Change): Promise<void> {
    await this.#db.transaction(async (trx) => {
      if (done.length > 0)
        await sql`DELETE FROM webhook_deliveries WHERE id = ANY (${done.map(({ id }) => id)}::uuid[])`.execute(trx)
      if (failed.length > 0)
        await sql`
          UPDATE webhook_deliveries d
          SET attempts = f.attempts, tm_next = f.tm_next, last_status = f.last_status, last_failure = f.last_failure,
            status = CASE WHEN f.tm_next IS NULL THEN 'failed' ELSE 'pending' END, tm_update = ${now}
          FROM jsonb_to_recordset(${JSON.stringify(failed)}::jsonb)
            AS f(id uuid, attempts integer, tm_next timestamptz, last_status integer, last_failure text)
          WHERE d.id = f.id`.execute(trx)
      if (stored.length > 0)
        await sql`
          INSERT INTO webhook_deliveries (id, kind, endpoint, customer_id, resource_id, position, key, type, sequence,
            tm_event, body, uri, method, content_type, status, attempts, last_status, last_failure, tm_next, tm_create,
            tm_update)
          SELECT id, kind, endpoint, customer_id, resource_id, position, key, type, sequence, tm_event, body, uri, method,
            content_type, 'pending', attempts, last_status, last_failure, tm_next, ${now}, ${now}
          FROM jsonb_to_recordset(${JSON.stringify(stored)}::jsonb) AS s(id uuid, kind text, endpoint text,
            customer_id uuid, resource_id uuid, position bigint, key text, type text, sequence bigint,
            tm_event timestamptz, body text, uri text, method text, content_type text, attempts integer,
            last_status integer, last_failure text, tm_next timestamptz)
          ON CONFLICT (endpoint, key) DO NOTHING`.execute(trx)
      const chains = [...done, ...failed.filter(({ tm_next }) => tm_next === null), ...stored]
      if (chains.length > 0)
        await sql`
          UPDATE webhook_deliveries d SET tm_next = ${now}
          FROM (SELECT DISTINCT * FROM unnest(${chains.map(({ endpoint }) => endpoint)}::text[],
              ${chains.map(({ resource_id }) => resource_id)}::uuid[]) AS c(endpoint, resource_id)) c,
            LATERAL (SELECT id, tm_next FROM webhook_deliveries w
              WHERE w.endpoint = c.endpoint AND w.resource_id = c.resource_id AND w.status = 'pending'
              ORDER BY w.position LIMIT 1) head
          WHERE d.id = head.id AND head.tm_next IS NULL`.execute(trx)
      for (const { customer_id, from, to } of advance) await this.#reader?.advance(trx, customer_id, from, to)
    })
  }

  /** Which of these chains have stored deliveries that what comes now has to wait behind. */
  async waiting(chains: readonly Pick<Delivery, 'endpoint' | 'resource_id'>[]) {
    if (chains.length === 0) return []
    return this.#db.query<Pick<Delivery, 'endpoint' | 'resource_id'>>(
      `SELECT c.endpoint, c.resource_id
       FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) AS c(endpoint, resource_id)) c
       WHERE EXISTS (SELECT 1 FROM webhook_deliveries w
         WHERE w.endpoint = c.endpoint AND w.resource_id = c.resource_id AND w.status = 'pending')`,
      [chains.map(({ endpoint }) => endpoint), chains.map(({ resource_id }) => resource_id)],
    )
  }

  /**
   * What is due at up to `endpoints` endpoints after `from` (in their order), a few of each, without those that are under
   * way. It jumps from endpoint to endpoint in the index, so a target with a million waiting rows costs as much as another.
   */
  async due(from: string, endpoints: number, now: Timestamp, underWay: readonly string[]): Promise<Due> {
    const columns = `id, kind, endpoint, customer_id, resource_id, position, key, type, sequence, tm_event, body, uri, method,
      content_type, attempts`
    const pick = (retried: boolean, limit: number) => `
      (SELECT ${columns} FROM webhook_deliveries
       WHERE endpoint = s.endpoint AND status = 'pending' AND retried = ${retried} AND tm_next <= $3 AND id <> ALL ($4::uuid[])
       ORDER BY tm_next, position LIMIT ${limit})`
    const rows = await this.#db.query<Delivery & { scanned: string; id: string | null }>(
      `WITH RECURSIVE each AS (
         SELECT min(endpoint) AS endpoint FROM webhook_deliveries
         WHERE status = 'pending' AND tm_next IS NOT NULL AND endpoint > $1
         UNION ALL
         SELECT (SELECT min(w.endpoint) FROM webhook_deliveries w
           WHERE w.status = 'pending' AND w.tm_next IS NOT NULL AND w.endpoint > each.endpoint)
         FROM each WHERE each.endpoint IS NOT NULL
       ), few AS (SELECT endpoint FROM each WHERE endpoint IS NOT NULL LIMIT $2)
       SELECT s.endpoint AS scanned, d.* FROM few s
       LEFT JOIN LATERAL (${pick(false, FIRST_PER_ENDPOINT)} UNION ALL ${pick(true, REPEATS_PER_ENDPOINT)}) d ON true`,
      [from, endpoints, now, underWay],
    )
    const scanned = new Set(rows.map((row) => row.scanned))
    const deliveries = rows.filter(({ id }) => id !== null).map(({ scanned: _, ...delivery }) => delivery)
    return { deliveries, next: scanned.size < endpoints ? '' : ([...scanned].sort().at(-1) ?? '') }
  }

  /** Forgets what was given up before that moment. */
  async forgetFailedBefore(moment: Timestamp): Promise<void> {
    await this.#db.query(`DELETE FROM webhook_deliveries WHERE status = 'failed' AND tm_update < $1`, [moment])
  }
}
