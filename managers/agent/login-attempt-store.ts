import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { AnyTransaction } from '#platform/db'
import { type Timestamp, timestamp, timestampToMs } from '#platform/time'
import { type Count, keptUntilMs } from './back-off.ts'

/** A count of wrong passwords, by the hash of what they were tried for. */
export interface AttemptRow extends Count {
  key: string
  /** Until when this is a place from where somebody has logged in; 0 = it is none. */
  knownMs: number
}

interface Stored {
  key: string
  failures: number
  tm_last: Timestamp
  tm_free: Timestamp
  tm_known: Timestamp
  /** When the row can go. */
  tm_drop: Timestamp
}

interface Tables {
  login_attempts: Stored
}

const on = (trx: AnyTransaction) => trx.kysely<Tables>()

/** The key of a count. Only a hash is kept: people type passwords where the username belongs. */
export function keyOf(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

/** Rows that can go and go each time that one is counted. */
const FORGET_AT_ONCE = 20

/**
 * SQL of login attempts, and of whatever else strangers may do so often only. Platform-wide: an attempt belongs to no
 * customer before it has succeeded.
 */
export class LoginAttemptStore {
  /** The counts of these keys, made where there are none, held until the transaction ends. Keys come in ascending order. */
  async lock(trx: AnyTransaction, keys: readonly string[], nowMs: number): Promise<Map<string, AttemptRow>> {
    const fresh = keys.map((key) => ({ key, failures: 0, lastMs: nowMs, freeMs: nowMs, knownMs: 0 }))
    const rows = await on(trx)
      .insertInto('login_attempts')
      .values(fresh.map(stored))
      // a row that is there is locked by being written
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ key: sql`excluded.key` }))
      .returningAll()
      .execute()
    return new Map(rows.map((row) => [row.key, read(row)]))
  }

  async save(trx: AnyTransaction, rows: readonly AttemptRow[]): Promise<void> {
    await on(trx)
      .insertInto('login_attempts')
      .values(rows.map(stored))
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({
          failures: sql`excluded.failures`,
          tm_last: sql`excluded.tm_last`,
          tm_free: sql`excluded.tm_free`,
          tm_known: sql`excluded.tm_known`,
          tm_drop: sql`excluded.tm_drop`,
        }),
      )
      .execute()
  }

  /** One wrong password less, and no wait for it. Keys come in ascending order. */
  async takeBack(trx: AnyTransaction, keys: readonly string[], nowMs: number): Promise<void> {
    for (const key of keys)
      await on(trx)
        .updateTable('login_attempts')
        .set({ failures: sql`greatest(failures - 1, 0)`, tm_free: timestamp(nowMs) })
        .where('key', '=', key)
        .execute()
  }

  /** Removes a few rows that nothing depends on any more. */
  async forgetSome(trx: AnyTransaction, nowMs: number): Promise<void> {
    await sql`
      delete from login_attempts where key in (
        select key from login_attempts where tm_drop < ${timestamp(nowMs)}
        order by tm_drop limit ${FORGET_AT_ONCE} for update skip locked)`.execute(on(trx))
  }
}

function stored(row: AttemptRow): Stored {
  const { key, failures, lastMs, freeMs, knownMs } = row
  return {
    key,
    failures,
    tm_last: timestamp(lastMs),
    tm_free: timestamp(freeMs),
    tm_known: timestamp(knownMs),
    tm_drop: timestamp(Math.max(keptUntilMs(row), knownMs)),
  }
}

function read({ key, failures, tm_last, tm_free, tm_known }: Stored): AttemptRow {
  return { key, failures, lastMs: ms(tm_last), freeMs: ms(tm_free), knownMs: ms(tm_known) }
}

function ms(text: Timestamp): number {
  return timestampToMs(text) ?? 0
}
