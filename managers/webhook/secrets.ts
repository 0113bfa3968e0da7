import { sql } from 'kysely'
import type { CustomerService } from '#managers/customer'
import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import { type Clock, type Timestamp, timestamp } from '#platform/time'
import type { SigningSecrets } from './attempt.ts'
import type { WebhookSecret } from './contract.ts'
import { standardSecret } from './signature.ts'

const HOUR_MS = 3_600_000
const KEY_BYTES = 32

interface Row {
  previous: string
  tm_expire: Timestamp
}

/**
 * The keys that sign a customer's webhooks. The customer has the current one; beside it stands the one before, for as long
 * as a change takes.
 */
export class WebhookSecrets {
  readonly #db: Database
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #customers: Pick<CustomerService, 'get' | 'replaceWebhookSecret'>

  constructor(needs: {
    db: Database
    clock: Clock
    ids: Ids
    customers: Pick<CustomerService, 'get' | 'replaceWebhookSecret'>
  }) {
    this.#db = needs.db
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#customers = needs.customers
  }

  /** The secrets in force; `CUSTOMER_NOT_FOUND`. */
  async get(customer: string): Promise<WebhookSecret> {
    const [{ webhook_secret: secret }, before] = await Promise.all([
      this.#customers.get(customer),
      this.#previous(customer),
    ])
    return { secret, previous_secret: before?.previous ?? '', tm_previous_expire: before?.tm_expire ?? null }
  }

  /** The secrets that sign, given the customer's own. */
  async signing(customer: string, current: string): Promise<SigningSecrets> {
    return { current, previous: (await this.#previous(customer))?.previous ?? '' }
  }

  /**
   * Makes a new secret. The one that it replaces stays in force for `overlapHours`; one that an earlier change had left in
   * force does not.
   */
  async rotate(customer: string, overlapHours: number): Promise<WebhookSecret> {
    const secret = standardSecret(this.#ids.bytes(KEY_BYTES))
    const tm_expire = timestamp(this.#clock.wallMs() + overlapHours * HOUR_MS)
    return this.#db.transaction(async (trx) => {
      const previous = await this.#customers.replaceWebhookSecret(trx, customer, secret)
      const overlaps = overlapHours > 0 && previous !== ''
      if (!overlaps) {
        await sql`DELETE FROM webhook_secrets WHERE customer_id = ${customer}`.execute(trx.kysely())
        return { secret, previous_secret: '', tm_previous_expire: null }
      }
      await sql`
        INSERT INTO webhook_secrets (customer_id, previous, tm_expire) VALUES (${customer}, ${previous}, ${tm_expire})
        ON CONFLICT (customer_id) DO UPDATE SET previous = excluded.previous, tm_expire = excluded.tm_expire
      `.execute(trx.kysely())
      return { secret, previous_secret: previous, tm_previous_expire: tm_expire }
    })
  }

  async #previous(customer: string): Promise<Row | undefined> {
    const now = timestamp(this.#clock.wallMs())
    const rows = await this.#db.query<Row>(
      'SELECT previous, tm_expire FROM webhook_secrets WHERE customer_id = $1 AND tm_expire > $2',
      [customer, now],
    )
    return rows[0]
  }
}
