import { type AnyTransaction, type Database, jsonb } from '#platform/db'
import { type Timestamp, timestampToMs } from '#platform/time'
import type { Audit } from '../ledger-contract.ts'

/** What an account has, and what its rows add up to. */
export interface Balance {
  account_id: string
  balance_token: number
  balance_credit: number
  booked_token: number
  booked_credit: number
}

/** Names a use by its row. */
export interface UseReference {
  reference_type: string
  reference_id: string
}

/** Audits that are kept. */
const KEPT = 100

interface Tables {
  billing_audits: { tm_audit: Timestamp; result: Audit }
}

/** SQL of audits. Platform-wide: the books are the operator's. */
export class AuditStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The next accounts after an id, each with the sum of its rows, as of one moment. */
  balances(after: string, most: number): Promise<Balance[]> {
    return this.#db.query<Balance>(
      `select a.id as account_id, a.balance_token, a.balance_credit,
         coalesce(sum(b.amount_token), 0)::bigint as booked_token,
         coalesce(sum(b.amount_credit), 0)::bigint as booked_credit
       from (select id, balance_token, balance_credit from billing_accounts where id > $1 order by id limit $2) a
       left join billings b on b.account_id = a.id
       group by a.id, a.balance_token, a.balance_credit order by a.id`,
      [after, most],
    )
  }

  /** Those of these accounts whose balance is not the sum of their rows. */
  async unbalanced(accounts: readonly string[]): Promise<string[]> {
    const rows = await this.#db.query<{ id: string }>(
      `select a.id from billing_accounts a left join billings b on b.account_id = a.id where a.id = any($1::uuid[])
       group by a.id, a.balance_token, a.balance_credit
       having a.balance_token <> coalesce(sum(b.amount_token), 0) or a.balance_credit <> coalesce(sum(b.amount_credit), 0)`,
      [accounts],
    )
    return rows.map(({ id }) => id)
  }

  /** Those of these for which money is still held. */
  held(uses: readonly UseReference[]): Promise<UseReference[]> {
    return this.#db.query<UseReference>(
      `select r.reference_type, r.reference_id from reservations r
       join jsonb_to_recordset($1::jsonb) as u(reference_type text, reference_id uuid)
         on u.reference_type = r.reference_type and u.reference_id = r.reference_id
       where r.status = 'open'`,
      [JSON.stringify(uses)],
    )
  }

  /** Those of the uses that have no row which has ended. */
  uncharged(uses: readonly UseReference[]): Promise<UseReference[]> {
    return this.#db.query<UseReference>(
      `select u.reference_type, u.reference_id
       from jsonb_to_recordset($1::jsonb) as u(reference_type text, reference_id uuid)
       left join billings b on b.transaction_type = 'usage' and b.reference_type = u.reference_type
         and b.reference_id = u.reference_id and b.status = 'end'
       where b.id is null`,
      [JSON.stringify(uses)],
    )
  }

  /** Some of what money is reserved for that has asked for no further interval though its last one was over before the moment. */
  stuck(before: Timestamp, most: number): Promise<UseReference[]> {
    return this.#db.query<UseReference>(
      `select reference_type, reference_id from reservations where status = 'open'
         and tm_extend + make_interval(secs => (rate->>'unit_seconds')::float8) < $1 order by tm_extend limit $2`,
      [before, most],
    )
  }

  /** From when on uses are charged: what ended before the ledger was there has no row. Milliseconds. */
  async ledgerSinceMs(): Promise<number> {
    const [row] = await this.#db.query<{ tm_create: Timestamp }>('select min(tm_create) as tm_create from rate_decks')
    return timestampToMs(row?.tm_create ?? '') ?? 0
  }

  /** Keeps a result, and forgets the oldest ones. */
  keep(tm_audit: Timestamp, result: Audit): Promise<void> {
    return this.#db.transaction<Tables, void>(async (trx: AnyTransaction) => {
      const on = trx.kysely<Tables>()
      await on
        .insertInto('billing_audits')
        .values({ tm_audit, result: jsonb(result) })
        .execute()
      const kept = on.selectFrom('billing_audits').select('tm_audit').orderBy('tm_audit', 'desc').limit(KEPT)
      await on.deleteFrom('billing_audits').where('tm_audit', 'not in', kept).execute()
    })
  }

  async last(): Promise<Audit | undefined> {
    const query = this.#db.kysely<Tables>().selectFrom('billing_audits').select('result')
    return (await query.orderBy('tm_audit', 'desc').limit(1).executeTakeFirst())?.result
  }
}
