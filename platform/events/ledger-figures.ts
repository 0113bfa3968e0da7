import type { Database } from '#platform/db'
import type { Metrics } from '#platform/metrics'

/** Shows how far the ledger is behind what has happened: how many events wait for their place in it, and since when. */
export function watchLedger(metrics: Metrics, db: Database): void {
  metrics.gauge('events_waiting', 'Events that wait for their place in the ledger.', [], async (gauge) =>
    gauge.set(await read(db, 'SELECT count(*)::float8 AS value FROM event_inbox')),
  )
  const oldest = `SELECT coalesce(max(extract(epoch FROM now() - tm_create)), 0)::float8 AS value
    FROM (SELECT tm_create FROM event_inbox ORDER BY inbox_id LIMIT 1) AS first`
  metrics.gauge('events_lag_seconds', 'How long the oldest of these has waited.', [], async (gauge) =>
    gauge.set(Math.max(0, await read(db, oldest))),
  )
}

/** Not a number while the database is away: the other figures are shown all the same. */
async function read(db: Database, text: string): Promise<number> {
  try {
    const [row] = await db.query<{ value: number }>(text, [])
    return row?.value ?? Number.NaN
  } catch {
    return Number.NaN
  }
}
