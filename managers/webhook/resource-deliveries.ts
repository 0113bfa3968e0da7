import type { Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { Attempt } from './attempt.ts'
import type { DeliveryStatus } from './contract.ts'

/** What became of an event about a resource. */
export interface ResourceDelivery {
  delivery_id: string
  event_type: string
  sequence: number | null
  status: DeliveryStatus
  attempt_count: number
  tm_next: Timestamp | null
  tm_create: Timestamp
  attempts: Attempt[]
}

const MOST = 200

/** Deliveries about one resource, with their attempts. */
export class ResourceDeliveries {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Of events of this time, the oldest first, at most 200. The log is kept by time: the narrower, the cheaper. */
  async ofResource(
    customer: string,
    { resource_id, since, until }: { resource_id: string; since: Timestamp; until: Timestamp },
  ): Promise<ResourceDelivery[]> {
    const part = (table: string, tm_next: string) => `
      SELECT id AS delivery_id, type AS event_type, sequence, status, jsonb_array_length(attempt_log) AS attempt_count,
        ${tm_next} AS tm_next, tm_create, attempt_log AS attempts
      FROM ${table} WHERE customer_id = $1 AND resource_id = $2 AND tm_create BETWEEN $3 AND $4`
    return this.#db.query<ResourceDelivery>(
      `SELECT * FROM (${part('webhook_deliveries', 'tm_next')} UNION ALL ${part('webhook_log', 'NULL::timestamptz')}) AS either
       ORDER BY tm_create, sequence LIMIT ${MOST}`,
      [customer, resource_id, since, until],
    )
  }
}
