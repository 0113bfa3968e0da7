import type { Database } from '#platform/db'
import type { Metrics } from '#platform/metrics'
import type { OnAttempt } from './term.ts'

const ASK_MS = 1_000
/** A larger number is not counted out. */
const MOST_COUNTED = 100_000

/** Shows attempts by outcome, what waits, what was given up and what is held; `onAttempt` is for the delivery to call. */
export function watchWebhooks(metrics: Metrics, db: Database): { onAttempt: OnAttempt } {
  const seconds = metrics.histogram('webhook_attempt_seconds', 'How long webhook attempts took, by outcome', [
    'outcome',
  ])
  const attempts = metrics.counter(
    'webhook_attempts_total',
    'Webhook attempts by outcome, and by why there was no answer',
    ['outcome', 'failure'],
  )
  metrics.gauge(
    'webhook_deliveries',
    'Deliveries that wait (`pending`) and dead letters (`failed`)',
    ['status'],
    (gauge) =>
      count(db, ['pending', 'failed'], 'webhook_deliveries WHERE status = $1', (value, status) =>
        gauge.set(value, { status }),
      ),
  )
  metrics.gauge('webhook_holds', 'Webhooks that nothing is sent to, by reason', ['reason'], (gauge) =>
    count(
      db,
      ['gone', 'retry_after'],
      'webhook_holds WHERE reason = $1 AND (tm_until IS NULL OR tm_until > now())',
      (value, reason) => gauge.set(value, { reason }),
    ),
  )
  return {
    onAttempt: (outcome, { duration_ms, failure }) => {
      attempts.inc({ outcome, failure: failure === '' ? 'none' : failure })
      seconds.observe(duration_ms / 1_000, { outcome })
    },
  }
}

async function count(
  db: Database,
  values: readonly string[],
  rows: string,
  show: (count: number, value: string) => void,
): Promise<void> {
  for (const value of values)
    try {
      const text = `SELECT count(*) AS count FROM (SELECT FROM ${rows} LIMIT $2) r`
      const [found] = await db.withDeadline(ASK_MS, () => db.query<{ count: number }>(text, [value, MOST_COUNTED]))
      if (found) show(found.count, value)
    } catch {
      return // a scrape does not fail with the database
    }
}
