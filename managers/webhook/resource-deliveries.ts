import type { Database } from '#platform/db'
import type { Timestamp } from '#platform/time'

/** An event about a resource that is not delivered: on its way, or given up. */
export interface ResourceDelivery {
  delivery_id: string
  event_type: string
  sequence: number | null
  status: string
  attempt_count: number
  tm_next: Timestamp | null
  tm_create: Timestamp
  /** What each attempt came to is not on record. */
  attempts: []
}

const MOST = 200

/** What is on record of deliveries about one resource; what was delivered at once leaves no row. */
export class ResourceDeliveries {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** About a resource that is there since a moment, oldest first, at most 200. */
  async ofResource(
    customer: string,
    { resource_id, since }: { resource_id: string; since: Timestamp },
  ): Promise<ResourceDelivery[]> {
    const rows = await this.#db.query<Omit<ResourceDelivery, 'attempts'>>(
      `select id as delivery_id, type as event_type, sequence, status, attempts as attempt_count, tm_next, tm_create
       from webhook_deliveries
       where customer_id = $1 and resource_id = $2
         and (status = 'pending' and endpoint = 'customer:' || $1::uuid::text or status = 'failed' and tm_update >= $3)
       order by position limit ${MOST}`,
      [customer, resource_id, since],
    )
    return rows.map((row) => ({ ...row, attempts: [] }))
  }
}
