import { sql } from 'kysely'
import { type AnyTransaction, type Database, uniqueViolation } from '#platform/db'
import type { PageRequest } from '#platform/http'
import type { Timestamp } from '#platform/time'
import type { Attempt } from './attempt.ts'
import type { DeliveryStatus } from './contract.ts'
import { type Delivery, replayEndpoint } from './delivery.ts'
import { wakeHeads } from './store.ts'

/** A delivery as either table has it. */
export interface LoggedDelivery extends Omit<Delivery, 'position' | 'attempts' | 'body'> {
  status: DeliveryStatus
  attempt_count: number
  last_attempt: Attempt | null
  tm_next: Timestamp | null
  tm_update: Timestamp
}

/** The same with what a page of them leaves out. */
export interface WholeDelivery extends LoggedDelivery {
  /** Of an event that is done with it is empty: the ledger has it. */
  body: string
  attempts: Attempt[]
}

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined
  resource_id?: string | undefined
}

/** What one revival takes. */
export const MOST_REVIVED = 10_000

const COLUMNS = `id, customer_id, kind, endpoint, resource_id, key, type, sequence, uri, method, content_type, status,
  replay_of, tm_event, tm_create, tm_update, jsonb_array_length(attempt_log) AS attempt_count,
  attempt_log -> -1 AS last_attempt`

/** Deliveries for those who look at them: what is on its way or was given up is a row, the rest is in the log. */
export class DeliveryLogStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Newest first; `size + 1` of them. */
  list(customer: string, { size, after }: PageRequest, { status, resource_id }: DeliveryFilter) {
    const part = (table: string, tm_next: string) => `
      (SELECT ${COLUMNS}, ${tm_next} AS tm_next FROM ${table}
       WHERE customer_id = $1
         AND ($2::timestamptz IS NULL OR (tm_create, id) < ($2::timestamptz, $3::uuid))
         AND ($4::text IS NULL OR status = $4) AND ($5::uuid IS NULL OR resource_id = $5)
       ORDER BY tm_create DESC, id DESC LIMIT $6)`
    return this.#db.query<LoggedDelivery>(
      `SELECT * FROM (${part('webhook_deliveries', 'tm_next')} UNION ALL ${part('webhook_log', 'NULL::timestamptz')}) AS either
       ORDER BY tm_create DESC, id DESC LIMIT $6`,
      [customer, after?.tm_create ?? null, after?.id ?? null, status ?? null, resource_id ?? null, size + 1],
    )
  }

  async find(customer: string, id: string): Promise<WholeDelivery | undefined> {
    const part = (table: string, tm_next: string) => `
      SELECT ${COLUMNS}, ${tm_next} AS tm_next, body, attempt_log AS attempts FROM ${table}
      WHERE customer_id = $1 AND id = $2`
    const [row] = await this.#db.query<WholeDelivery>(
      `${part('webhook_deliveries', 'tm_next')} UNION ALL ${part('webhook_log', 'NULL::timestamptz')} LIMIT 1`,
      [customer, id],
    )
    return row
  }

  /**
   * Makes one that was given up go on, among the replays; `false` = it was not given up, or its event is on its way there
   * already.
   */
  async revive(customer: string, id: string, now: Timestamp): Promise<boolean> {
    return (await this.#revive(customer, now, sql`d.id = ${id}`)).length > 0
  }

  /** The same of the oldest that were given up; how many. */
  async reviveAll(customer: string, now: Timestamp): Promise<number> {
    const oldest = sql`d.id IN (
      SELECT id FROM webhook_deliveries WHERE customer_id = ${customer} AND status = 'failed'
      ORDER BY tm_create, id LIMIT ${MOST_REVIVED})`
    return (await this.#revive(customer, now, oldest)).length
  }

  /**
   * Stores deliveries to be sent, each once: one that is on its way already stays, one that was given up goes on. The ids of
   * the rows that there are now; `undefined` where `most` of them are on their way already.
   */
  async insertReplays(
    customer: string,
    replays: readonly Delivery[],
    { now, most }: { now: Timestamp; most: number },
  ): Promise<string[] | undefined> {
    if (replays.length === 0) return []
    return this.#db.transaction(async (trx) => {
      // one at a time for each customer, so that many at once do not pass the bound together
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`webhook replays of ${customer}`}, 0))`.execute(
        trx.kysely(),
      )
      if ((await this.#replaysWaiting(trx, customer, most)) >= most) return undefined
      const { rows } = await sql<{ id: string }>`
        INSERT INTO webhook_deliveries AS d (id, kind, endpoint, customer_id, resource_id, position, key, type, sequence,
          tm_event, body, uri, method, content_type, status, attempts, replay_of, tm_create, tm_update)
        SELECT id, kind, endpoint, ${customer}::uuid, resource_id, position, key, type, sequence, tm_event, body, uri, method,
          content_type, 'pending', 0, replay_of, tm_create, ${now}
        FROM jsonb_to_recordset(${JSON.stringify(replays)}::jsonb) AS r(id uuid, kind text, endpoint text, resource_id uuid,
          position bigint, key text, type text, sequence bigint, tm_event timestamptz, body text, uri text, method text,
          content_type text, replay_of uuid, tm_create timestamptz)
        ON CONFLICT (endpoint, key) DO UPDATE SET status = 'pending', tm_update = ${now},
          attempts = CASE d.status WHEN 'failed' THEN 0 ELSE d.attempts END,
          tm_next = CASE d.status WHEN 'failed' THEN NULL ELSE d.tm_next END
        RETURNING d.id`.execute(trx.kysely())
      await wakeHeads(trx, replays, now)
      return rows.map(({ id }) => id)
    })
  }

  /** How many replays to a customer's webhook are on their way; counted up to `most`. */
  async #replaysWaiting(trx: AnyTransaction, customer: string, most: number): Promise<number> {
    const endpoint = replayEndpoint(`customer:${customer}`)
    const { rows } = await sql<{ count: number }>`
      SELECT count(*) AS count FROM (SELECT FROM webhook_deliveries
        WHERE endpoint = ${endpoint} AND customer_id = ${customer} AND status = 'pending' LIMIT ${most}) w`.execute(
      trx.kysely(),
    )
    return rows[0]?.count ?? 0
  }

  async #revive(customer: string, now: Timestamp, which: ReturnType<typeof sql>): Promise<{ endpoint: string }[]> {
    const work = () =>
      this.#db.transaction(async (trx) => {
        const { rows } = await sql<{ endpoint: string; resource_id: string }>`
          UPDATE webhook_deliveries d
          SET status = 'pending', attempts = 0, tm_next = NULL, tm_update = ${now}, position = coalesce(sequence, position),
            endpoint = ${asReplay}
          WHERE d.customer_id = ${customer} AND d.status = 'failed' AND ${which}
            AND NOT EXISTS (SELECT FROM webhook_deliveries o
              WHERE o.endpoint = ${asReplay} AND o.key = d.key AND o.id <> d.id)
          RETURNING d.endpoint, d.resource_id`.execute(trx.kysely())
        if (rows.length > 0) await wakeHeads(trx, rows, now)
        return rows
      })
    try {
      return await work()
    } catch (error) {
      if (uniqueViolation(error) === undefined) throw error
      return work() // somebody has just begun to replay one of them, which is seen now
    }
  }
}

/** The endpoint of a row's replays. */
const asReplay = sql`CASE WHEN d.endpoint LIKE 'replay:%' THEN d.endpoint ELSE 'replay:' || d.endpoint END`
