import { sql } from 'kysely'
import type { AnyTransaction, Database } from '#platform/db'
import type { LedgerEvent } from './event.ts'

/** A customer whose history goes on beyond what the reader has read. */
export interface Behind {
  customer_id: string
  /** The reader's cursor: the last position it is done with. */
  position: number
  /** Where the customer's history ends. */
  head: number
}

/** Events in the order of their positions, and how far they reach. */
export interface Reading {
  events: LedgerEvent[]
  /** Everything up to this position has been looked at: what `advance` takes once the events are dealt with. */
  through: number
  /** Whether more was there when this was read. */
  more: boolean
}

const HEAD = 'SELECT position FROM ledger_heads WHERE customer_id = $1'

/** Another reader of the same name has moved the cursor meanwhile: roll back and read again. */
export class CursorMoved extends Error {
  override name = 'CursorMoved'
}

/**
 * One reader of the ledger with a durable cursor per customer. It learns by the poke `ledger.moved` (`LEDGER_MOVED`) whose
 * history has grown, and finds by `customersBehind` at every start, and now and then, what a lost poke kept from it.
 */
export class LedgerReader {
  readonly #db: Database
  readonly #reader: string

  constructor(needs: { db: Database; reader: string }) {
    this.#db = needs.db
    this.#reader = needs.reader
  }

  /** Customers with events that this reader has not dealt with. Platform-wide; at most `limit`. */
  customersBehind(limit = 1_000): Promise<Behind[]> {
    return this.#db.query<Behind>(
      `SELECT h.customer_id, coalesce(c.position, 0) AS position, h.position AS head
       FROM ledger_heads h LEFT JOIN ledger_cursors c ON c.customer_id = h.customer_id AND c.reader = $1
       WHERE h.position > coalesce(c.position, 0)
       ORDER BY h.tm_ledger LIMIT $2`,
      [this.#reader, limit],
    )
  }

  /** Where this reader is in a customer's history; 0 at the beginning. */
  async position(customer: string): Promise<number> {
    const rows = await this.#db.query<{ position: number }>(
      'SELECT position FROM ledger_cursors WHERE reader = $1 AND customer_id = $2',
      [this.#reader, customer],
    )
    return rows[0]?.position ?? 0
  }

  /** The next events after a position, at most `limit`, by position. */
  async read(
    customer: string,
    after: number,
    limit: number,
    { publicOnly = false }: { publicOnly?: boolean } = {},
  ): Promise<Reading> {
    const [row] = await this.#db.read<{ position: number }>(HEAD, [customer])
    const head = row?.position
    if (head === undefined || head <= after) return { events: [], through: after, more: false }
    const events = await this.#db.query<LedgerEvent>(
      `SELECT id, customer_id, position, sequence, type, resource, resource_id, public, activeflow_id, data, tm_create
       FROM ledger
       WHERE customer_id = $1 AND position > $2 AND position <= $3 ${publicOnly ? 'AND public' : ''}
       ORDER BY position LIMIT $4`,
      [customer, after, head, limit],
    )
    const last = events.at(-1)
    const full = last !== undefined && events.length === limit
    const through = full ? last.position : head
    return { events, through, more: through < head }
  }

  /**
   * Moves the cursor from where it was read (`from`) to what has been dealt with (`to`), in the transaction that deals
   * with it. Throws `CursorMoved` when it is no longer at `from`.
   */
  async advance(trx: AnyTransaction, customer: string, from: number, to: number): Promise<void> {
    const { rows } = await sql`
      INSERT INTO ledger_cursors AS c (reader, customer_id, position, tm_update)
      SELECT ${this.#reader}, ${customer}::uuid, ${to}::bigint, now()
      WHERE ${from}::bigint = 0 OR EXISTS (
        SELECT 1 FROM ledger_cursors WHERE reader = ${this.#reader} AND customer_id = ${customer}::uuid)
      ON CONFLICT (reader, customer_id) DO UPDATE SET position = excluded.position, tm_update = now()
      WHERE c.position = ${from}::bigint
      RETURNING 1`.execute(trx.kysely())
    if (rows.length === 0) throw new CursorMoved(`${this.#reader} is no longer at ${from}`)
  }
}
