import type { Database } from '#platform/db'
import type { Timestamp } from '#platform/time'
import type { BillingRecord } from './billing.ts'
import type { RateRow } from './rate/deck-store.ts'
import type { Rate } from './rate/price.ts'

/** A charge with the row of the deck that priced it. */
export interface PricedCharge
  extends Pick<
    BillingRecord,
    'id' | 'usage_duration' | 'billable_units' | 'token_available' | 'enforced' | 'amount_token' | 'amount_credit'
  > {
  tm_billing_end: Timestamp
  /** `undefined` where the deck has no such row any more. */
  rate: Rate | undefined
}

/** Which charges: of those that ended in the period, of one customer or of all. */
export interface Period {
  from: Timestamp
  to: Timestamp
  customer_id: string | undefined
}

interface Tables {
  billings: BillingRecord
  rate_deck_rates: RateRow
}

/** SQL of rerating. Platform-wide: only the operator asks. */
export class RerateStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The next charges of a period, in the order of their end. */
  async charges(
    { from, to, customer_id }: Period,
    after: Pick<PricedCharge, 'tm_billing_end' | 'id'> | undefined,
    most: number,
  ): Promise<PricedCharge[]> {
    const rows = await this.#db
      .kysely<Tables>()
      .selectFrom('billings as b')
      .leftJoin('rate_deck_rates as r', (join) =>
        join
          .onRef('r.version', '=', 'b.rate_deck_version')
          .onRef('r.cost_type', '=', 'b.cost_type')
          .onRef('r.prefix', '=', 'b.rate_prefix')
          .onRef('r.country', '=', 'b.rate_country'),
      )
      .select(['b.id', 'b.usage_duration', 'b.billable_units', 'b.token_available', 'b.enforced', 'b.tm_billing_end'])
      .select(['b.amount_token', 'b.amount_credit', 'r.version', 'r.cost_type', 'r.prefix', 'r.country'])
      .select(['r.token_per_unit', 'r.credit_per_unit', 'r.unit_seconds'])
      .where('b.transaction_type', '=', 'usage')
      .where('b.status', '=', 'end')
      .where('b.tm_billing_end', '>=', from)
      .where('b.tm_billing_end', '<', to)
      .$if(customer_id !== undefined, (query) => query.where('b.customer_id', '=', customer_id ?? ''))
      .$if(after !== undefined, (query) =>
        query.where((row) =>
          row(row.refTuple('b.tm_billing_end', 'b.id'), '>', row.tuple(after?.tm_billing_end ?? '', after?.id ?? '')),
        ),
      )
      .orderBy('b.tm_billing_end')
      .orderBy('b.id')
      .limit(most)
      .execute()
    return rows.map((row) => {
      const { version, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds, ...charge } = row
      const isThere = version !== null && cost_type !== null && prefix !== null && country !== null
      const isPriced = token_per_unit !== null && credit_per_unit !== null && unit_seconds !== null
      const rate = isThere &&
        isPriced && { deck_version: version, cost_type, prefix, country, token_per_unit, credit_per_unit, unit_seconds }
      return { ...charge, tm_billing_end: charge.tm_billing_end ?? '', rate: rate || undefined }
    })
  }
}
