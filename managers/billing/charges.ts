import type { Database } from '#platform/db'
import type { BillingRecord } from './billing.ts'

/** What was charged for something, as an account of a call shows it. */
export interface ChargeOf {
  tm_create: string
  kind: string
  /** Of the unit: micros, or tokens; below zero what is given back. */
  amount: string
  unit: 'credit' | 'token'
  billing_id: string
}

/** Reads what was charged for things. */
export class Charges {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** For these things of the customer's, an entry for each currency that paid; what was free has one of no credit. */
  async of(customer: string, reference_ids: readonly string[]): Promise<ChargeOf[]> {
    const rows = await this.#db
      .kysely<{ billings: BillingRecord }>()
      .selectFrom('billings')
      .select(['id', 'tm_create', 'tm_billing_end', 'cost_type', 'amount_credit', 'amount_token'])
      .where('customer_id', '=', customer)
      .where('reference_id', 'in', reference_ids)
      .where('transaction_type', '=', 'usage')
      .where('status', '=', 'end')
      .execute()
    return rows.flatMap((row) => {
      const at = { tm_create: row.tm_billing_end ?? row.tm_create, kind: row.cost_type, billing_id: row.id }
      const byToken = { ...at, amount: String(0 - row.amount_token), unit: 'token' as const }
      const byCredit = { ...at, amount: String(0 - row.amount_credit), unit: 'credit' as const }
      if (row.amount_token === 0) return [byCredit]
      return row.amount_credit === 0 ? [byToken] : [byToken, byCredit]
    })
  }
}
