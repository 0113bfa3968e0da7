import type { Database } from '#platform/db'
import type { Metrics } from '#platform/metrics'
import { type Clock, timestampToMs } from '#platform/time'

const ASK_MS = 1_000
/** A larger number is not counted out. */
const MOST_COUNTED = 100_000

/** Shows at each scrape how far numbering and the readers with a durable cursor are behind; nothing while nobody can say. */
export function watchEvents(metrics: Metrics, { db, clock }: { db: Database; clock: Clock }): void {
  const ask = async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> => {
    try {
      return await db.withDeadline(ASK_MS, () => db.query<Row>(text, values))
    } catch {
      return [] // a scrape does not fail with the database
    }
  }
  metrics.gauge('events_waiting', 'Events that have no number yet', [], async (gauge) => {
    const text = 'SELECT count(*) AS count FROM (SELECT FROM event_inbox LIMIT $1) i'
    for (const { count } of await ask<{ count: number }>(text, [MOST_COUNTED])) gauge.set(count)
  })
  metrics.gauge('events_lag_seconds', 'Age of the oldest event that has no number yet', [], async (gauge) => {
    const text = 'SELECT min(tm_create) AS oldest FROM (SELECT tm_create FROM event_inbox ORDER BY inbox_id LIMIT 1) i'
    for (const { oldest } of await ask<{ oldest: string | null }>(text)) {
      const oldestMs = oldest === null ? undefined : timestampToMs(oldest)
      gauge.set(oldestMs === undefined ? 0 : Math.max(0, (clock.wallMs() - oldestMs) / 1_000))
    }
  })
  metrics.gauge('events_behind', 'Events that a reader has not dealt with', ['reader'], async (gauge) => {
    const text = `
      SELECT r.reader, sum(greatest(0, h.position - coalesce(c.position, 0)))::bigint AS behind
      FROM (SELECT DISTINCT reader FROM ledger_cursors) r CROSS JOIN ledger_heads h
      LEFT JOIN ledger_cursors c ON c.reader = r.reader AND c.customer_id = h.customer_id
      GROUP BY r.reader`
    for (const { reader, behind } of await ask<{ reader: string; behind: number }>(text)) gauge.set(behind, { reader })
  })
}
