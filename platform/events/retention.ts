import type { Database } from '#platform/db'

/**
 * Drops the ledger's partitions of days before `firstKept` (`2026-01-31`, UTC) and says which. Cursors stay, and the heads
 * note how far it went.
 */
export async function dropLedgerBefore(db: Database, firstKept: string): Promise<string[]> {
  await db.query('SELECT ledger_give_up_before($1)', [firstKept])
  const rows = await db.query<{ part: string }>('SELECT ledger_drop_before($1) AS part', [firstKept])
  return rows.map(({ part }) => part)
}
