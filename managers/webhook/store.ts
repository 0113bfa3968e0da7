import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import type { LedgerReader } from '#platform/events'
import type { Timestamp } from '#platform/time'
import type { Attempt } from './attempt.ts'
import type { Delivery } from './delivery.ts'
import { type Hold, HoldStore } from './hold-store.ts'

/** A delivery as it is kept. */
export interface StoredDelivery extends Delivery {
  /** When it is tried (again); `null` = when everything before it on the same resource is done with. */
  tm_next: Timestamp | null
  attempt_log: readonly Attempt[]
}

/** A stored delivery that goes on: it failed, or has to wait for its receiver. */
export interface Setback extends Pick<Delivery, 'id' | 'endpoint' | 'resource_id'> {
  attempts: number
  /** `null` = given up. */
  tm_next: Timestamp | null
  /** What was tried; `null` = nothing was. */
  attempt: Attempt | null
}

/** A delivery that is done with. */
export interface Finished {
  delivery: Delivery
  status: 'delivered' | 'refused' | 'dropped' | 'failed'
  /** What was tried since it was stored, or at all. */
  attempts: readonly Attempt[]
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
  /** Stored ones that are done with. */
  done?: readonly Finished[]
  /** The same of what never was a row. */
  logged?: readonly Finished[]
  setbacks?: readonly Setback[]
  advance?: readonly Advance[]
  /** Endpoints where nothing is to be sent for a while, or any more. */
  held?: readonly Hold[]
  /** Owners of endpoints whose target is another one now: what waited for them goes at once. */
  released?: readonly string[]
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
/** Attempts that a row remembers; beyond it (somebody revives it again and again) the oldest is forgotten. */
const MOST_REMEMBERED = 30

/** Columns of a delivery in both tables. */
const SHARED = `id, kind, endpoint, customer_id, resource_id, key, type, sequence, tm_event, body, uri, method, content_type,
  replay_of, tm_create`
const SHARED_TYPES = `id uuid, kind text, endpoint text, customer_id uuid, resource_id uuid, key text, type text,
  sequence bigint, tm_event timestamptz, body text, uri text, method text, content_type text, replay_of uuid,
  tm_create timestamptz`

/** The rows of `webhook_deliveries`, the log and, in the same transaction, the reader's cursors. */
export class DeliveryStore {
  readonly #db: Database
  readonly #reader: LedgerReader | undefined
  readonly #holds: HoldStore
  /** Days whose partition of the log is there. */
  readonly #prepared = new Set<string>()

  constructor(db: Database, reader?: LedgerReader) {
    this.#db = db
    this.#reader = reader
    this.#holds = new HoldStore(db)
  }

  /** Makes the changes in one transaction. A delivery that is stored already stays as it is. */
  async apply(change: Change): Promise<void> {
    const { stored = [], done = [], logged = [], setbacks = [], advance = [], held = [], released = [], now } = change
    await this.prepareLog([...done, ...logged].map(({ delivery }) => delivery.tm_create))
    try {
      await this.#db.transaction(async (trx) => {
        // a row may be entered and be done with in the same batch
        if (stored.length > 0) await insertRows(trx, stored, now)
        if (done.length > 0) await moveToLog(trx, done, now)
        if (logged.length > 0) await insertIntoLog(trx, logged, now)
        if (setbacks.length > 0) await setBack(trx, setbacks, now)
        const chains = [
          ...done.map(({ delivery }) => delivery),
          ...setbacks.filter(({ tm_next }) => tm_next === null),
          ...stored,
        ]
        if (chains.length > 0) await wakeHeads(trx, chains, now)
        for (const owner of released) await this.#holds.release(trx, owner, now)
        for (const hold of held) await this.#holds.put(trx, hold.customer_id, hold)
        for (const { customer_id, from, to } of advance) await this.#reader?.advance(trx, customer_id, from, to)
      })
    } catch (error) {
      this.#prepared.clear() // somebody may have dropped a day meanwhile
      throw error
    }
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
    const pick = (retried: boolean, limit: number) => `
      (SELECT ${SHARED}, position, attempts FROM webhook_deliveries
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

  /** Platform-wide: holds that are in force. */
  holdsInForce(now: Timestamp): Promise<Hold[]> {
    return this.#holds.inForce(now)
  }

  /** Platform-wide: makes the log ready for what begins on the days of these moments. */
  async prepareLog(moments: readonly Timestamp[]): Promise<void> {
    for (const day of new Set(moments.map((moment) => moment.slice(0, 10)))) {
      if (this.#prepared.has(day)) continue
      await this.#db.query('SELECT webhook_log_prepare($1::date)', [day])
      this.#prepared.add(day)
    }
  }

  /** Platform-wide: forgets what was given up or done with before that moment, the log by whole days. */
  async purge(before: Timestamp): Promise<void> {
    await this.#db.query(`DELETE FROM webhook_deliveries WHERE status = 'failed' AND tm_update < $1`, [before])
    await this.#db.query('SELECT webhook_log_drop_before($1::date)', [before.slice(0, 10)])
    this.#prepared.clear()
    await this.#holds.purge(before)
  }
}

/** Rows that are done with go to the log, with all their attempts. */
async function moveToLog(trx: AnyTransaction, done: readonly Finished[], now: Timestamp): Promise<void> {
  const ends = done.map(({ delivery: { id }, status, attempts }) => ({ id, status, attempts }))
  await sql`
    WITH gone AS (
      DELETE FROM webhook_deliveries WHERE id = ANY (${ends.map(({ id }) => id)}::uuid[]) RETURNING *
    )
    INSERT INTO webhook_log (${sql.raw(SHARED)}, status, attempt_log, tm_update)
    SELECT g.id, g.kind, g.endpoint, g.customer_id, g.resource_id, g.key, g.type, g.sequence, g.tm_event,
      CASE g.kind WHEN 'flow' THEN g.body ELSE '' END, g.uri, g.method, g.content_type, g.replay_of, g.tm_create,
      e.status, g.attempt_log || e.attempts, ${now}
    FROM gone g JOIN jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) AS e(id uuid, status text, attempts jsonb)
      USING (id)`.execute(trx.kysely())
}

async function insertIntoLog(trx: AnyTransaction, logged: readonly Finished[], now: Timestamp): Promise<void> {
  const rows = logged.map(({ delivery, status, attempts }) => ({
    ...delivery,
    body: delivery.kind === 'flow' ? delivery.body : '', // the ledger has that of events
    status,
    attempt_log: attempts,
  }))
  await sql`
    INSERT INTO webhook_log (${sql.raw(SHARED)}, status, attempt_log, tm_update)
    SELECT ${sql.raw(SHARED)}, status, attempt_log, ${now}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS l(${sql.raw(SHARED_TYPES)}, status text, attempt_log jsonb)`.execute(trx.kysely())
}

async function setBack(trx: AnyTransaction, setbacks: readonly Setback[], now: Timestamp): Promise<void> {
  await sql`
    UPDATE webhook_deliveries d
    SET attempts = f.attempts, tm_next = f.tm_next, tm_update = ${now},
      status = CASE WHEN f.tm_next IS NULL THEN 'failed' ELSE 'pending' END,
      attempt_log = CASE
        WHEN f.attempt IS NULL THEN d.attempt_log
        WHEN jsonb_array_length(d.attempt_log) < ${MOST_REMEMBERED} THEN d.attempt_log || f.attempt
        ELSE (d.attempt_log - 0) || f.attempt END
    FROM jsonb_to_recordset(${JSON.stringify(setbacks)}::jsonb)
      AS f(id uuid, attempts integer, tm_next timestamptz, attempt jsonb)
    WHERE d.id = f.id AND d.status = 'pending'`.execute(trx.kysely())
}

async function insertRows(trx: AnyTransaction, stored: readonly StoredDelivery[], now: Timestamp): Promise<void> {
  await sql`
    INSERT INTO webhook_deliveries (${sql.raw(SHARED)}, position, status, attempts, attempt_log, tm_next, tm_update)
    SELECT ${sql.raw(SHARED)}, position, 'pending', attempts, attempt_log, tm_next, ${now}
    FROM jsonb_to_recordset(${JSON.stringify(stored)}::jsonb)
      AS s(${sql.raw(SHARED_TYPES)}, position bigint, attempts integer, attempt_log jsonb, tm_next timestamptz)
    ON CONFLICT (endpoint, key) DO NOTHING`.execute(trx.kysely())
}

/** Gives the first row of each chain its turn, where it has none yet. */
export async function wakeHeads(
  trx: AnyTransaction,
  chains: readonly Pick<Delivery, 'endpoint' | 'resource_id'>[],
  now: Timestamp,
): Promise<void> {
  await sql`
    UPDATE webhook_deliveries d SET tm_next = ${now}
    FROM (SELECT DISTINCT * FROM unnest(${chains.map(({ endpoint }) => endpoint)}::text[],
        ${chains.map(({ resource_id }) => resource_id)}::uuid[]) AS c(endpoint, resource_id)) c,
      LATERAL (SELECT id, tm_next FROM webhook_deliveries w
        WHERE w.endpoint = c.endpoint AND w.resource_id = c.resource_id AND w.status = 'pending'
        ORDER BY w.position LIMIT 1) head
    WHERE d.id = head.id AND head.tm_next IS NULL`.execute(trx.kysely())
}
