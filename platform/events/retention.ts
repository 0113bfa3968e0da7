import type { Database } from '#platform/db'

/** Drops the ledger's partitions of days before `firstKept` (`2026-01-31`, UTC) and says which; heads and cursors stay. */
export async function dropLedgerBefore(db: Database, firstKept: string): Promise<string[]> {
  const rows = await db.query<{ part: string }>('SELECT ledger_drop_before($1) AS part', [firstKept])
  return rows.map(({ part }) => part)
}
