import { sql } from 'kysely'
import type { AnyTransaction } from '#platform/db'

/** Everything that is kept about a customer's webhooks. */
export class WebhookRecords {
  /** Forgets all of it, for a customer that is being deleted: bodies, answers and secrets among it. */
  async deleteAllOf(trx: AnyTransaction, customer: string): Promise<void> {
    for (const table of ['webhook_deliveries', 'webhook_log', 'webhook_holds', 'webhook_secrets'])
      await sql`DELETE FROM ${sql.table(table)} WHERE customer_id = ${customer}`.execute(trx.kysely())
  }
}
