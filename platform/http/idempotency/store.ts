import { sql } from 'kysely'
import { type AnyTransaction, type Database, DatabaseUnavailable } from '#platform/db'

/** Which request a key belongs to: who sent it, for which operation. `key` is its digest. */
export interface Slot {
  customer_id: string
  /** Whose key it is within the customer. */
  caller: string
  /** Method and path. */
  operation: string
  key: Buffer
}

/** What is known of a slot that somebody has claimed. */
export interface Claimed {
  fingerprint: Buffer
  run: string
  carried_out: boolean
  answer: Buffer | null
  /** Nobody works on it any more. */
  abandoned: boolean
}

/** SQL of idempotency keys. Times are the database's own, so that all nodes agree. */
export class IdempotencyStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Claims a slot for a run of a request; what is there already when it is somebody's. */
  async claim(slot: Slot, fingerprint: Buffer, run: string, leaseMs: number): Promise<Claimed | undefined> {
    const values = [slot.customer_id, slot.caller, slot.operation, slot.key, fingerprint, run, leaseMs]
    // Nothing has been done when a claim is lost in a crash, so nobody waits for the disk. An abandoned one that did
    // nothing is taken over: its run finds the fence shut.
    const taken = await this.#db.query(
      `INSERT INTO idempotency_keys AS i (customer_id, caller, operation, key, fingerprint, run, tm_lease, tm_create)
       SELECT $1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond', now()
       FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quick
       ON CONFLICT (customer_id, caller, operation, key) DO UPDATE SET run = excluded.run, tm_lease = excluded.tm_lease
       WHERE i.answer IS NULL AND NOT i.carried_out AND i.tm_lease < now() AND i.fingerprint = excluded.fingerprint
       RETURNING 1`,
      values,
    )
    if (taken.length > 0) return undefined
    const [claimed] = await this.#db.query<Claimed>(
      `SELECT fingerprint, run, carried_out, answer, answer IS NULL AND tm_lease < now() AS abandoned
       FROM idempotency_keys WHERE customer_id = $1 AND caller = $2 AND operation = $3 AND key = $4`,
      values.slice(0, 4),
    )
    // given back between the two statements: there for the taking again
    return claimed ?? this.claim(slot, fingerprint, run, leaseMs)
  }

  /** Notes, in a transaction of the request, that something has been done; fails where the claim is no longer this run's. */
  async carryOut(trx: AnyTransaction, { customer_id, caller, operation, key }: Slot, run: string): Promise<void> {
    const { rows } = await sql`
      UPDATE idempotency_keys SET carried_out = true
      WHERE customer_id = ${customer_id} AND caller = ${caller} AND operation = ${operation} AND key = ${key}
        AND run = ${run}
      RETURNING 1`.execute(trx.kysely())
    if (rows.length === 0) throw new DatabaseUnavailable('timeout')
  }

  /** Keeps the answer of a run; from here on it is what every repeat gets. */
  async finish(slot: Slot, run: string, answer: Buffer): Promise<void> {
    await this.#db.query(
      `UPDATE idempotency_keys SET answer = $6
       WHERE customer_id = $1 AND caller = $2 AND operation = $3 AND key = $4 AND run = $5`,
      [slot.customer_id, slot.caller, slot.operation, slot.key, run, answer],
    )
  }

  /** Gives a claim back: the next request with this key does the work. Where something was done, it stays as it is. */
  async giveBack(slot: Slot, run: string): Promise<void> {
    await this.#db.query(
      `WITH freed AS (
         DELETE FROM idempotency_keys
         WHERE customer_id = $1 AND caller = $2 AND operation = $3 AND key = $4 AND run = $5 AND NOT carried_out
       )
       UPDATE idempotency_keys SET tm_lease = now()
       WHERE customer_id = $1 AND caller = $2 AND operation = $3 AND key = $4 AND run = $5 AND carried_out`,
      [slot.customer_id, slot.caller, slot.operation, slot.key, run],
    )
  }

  /** Forgets keys that are older than so many hours, some of them; says how many. */
  async forget(hours: number, most: number): Promise<number> {
    const rows = await this.#db.query(
      `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM idempotency_keys WHERE tm_create < now() - $1 * interval '1 hour' ORDER BY tm_create LIMIT $2))
       RETURNING 1`,
      [hours, most],
    )
    return rows.length
  }
}
