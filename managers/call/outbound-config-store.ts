import type { Database } from '#platform/db'
import { type Ids, NIL_UUID } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { OutboundConfig } from './outbound-config.ts'

interface Tables {
  outbound_configs: OutboundConfig
}

/** What customers may call in the telephone network. */
export class OutboundConfigStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The customer's own; `undefined` where it has none. */
  find(customer: string): Promise<OutboundConfig | undefined> {
    return this.#db
      .kysely<Tables>()
      .selectFrom('outbound_configs')
      .selectAll()
      .where('customer_id', '=', customer)
      .where('tm_delete', 'is', null)
      .executeTakeFirst()
  }

  /** Lets a customer that has no configuration call these countries, for the first run. */
  async allow(customer: string, countries: readonly string[], needs: { clock: Clock; ids: Ids }): Promise<void> {
    await this.#db
      .kysely<Tables>()
      .insertInto('outbound_configs')
      .values({
        id: needs.ids.uuid(),
        customer_id: customer,
        name: '',
        detail: '',
        destination_whitelist: [...countries],
        codecs: '',
        default_outgoing_source_number_id: NIL_UUID,
        tm_create: timestamp(needs.clock.wallMs()),
        tm_update: null,
        tm_delete: null,
      })
      .onConflict((conflict) => conflict.column('customer_id').where('tm_delete', 'is', null).doNothing())
      .execute()
  }
}
