import type { Database } from '#platform/db'
import type { DeadLetter } from './delivery.ts'

/** Deliveries that were given up, for a customer to look at. */
export class DeadLetterStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The customer's dead letters, the latest first; `before` is the last one of the page before. At most `limit`. */
  list(customer: string, limit: number, before?: { tm_update: string; id: string }): Promise<DeadLetter[]> {
    return this.#db.query<DeadLetter>(
      `SELECT id, customer_id, kind, type, resource_id, sequence, key AS event_id, attempts, last_status, last_failure,
         body, tm_event, tm_update
       FROM webhook_deliveries
       WHERE customer_id = $1 AND status = 'failed'
         AND ($2::timestamptz IS NULL OR (tm_update, id) < ($2::timestamptz, $3::uuid))
       ORDER BY tm_update DESC, id DESC LIMIT $4`,
      [customer, before?.tm_update ?? null, before?.id ?? null, limit],
    )
  }
}
