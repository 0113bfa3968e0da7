import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** How often the loop is looked at; what it is late beyond that is its lag. */
const EVERY_MS = 20
const QUANTILES = { '0.5': 50, '0.99': 99, '1': 100 } as const

/**
 * Shows how late this thread's event loop has been since the last scrape: what everything that waits for it waits longer.
 * The function given back ends the watch.
 */
export function watchEventLoop(metrics: Metrics, role: string): () => void {
  const delay = monitorEventLoopDelay({ resolution: EVERY_MS })
  delay.enable()
  const help = 'How late the event loop of a role has been since the last scrape.'
  metrics.gauge('event_loop_lag_seconds', help, ['role', 'quantile'], (gauge) => {
    for (const [quantile, percent] of Object.entries(QUANTILES)) {
      const lateMs = delay.count === 0 ? 0 : delay.percentile(percent) / 1e6 - EVERY_MS
      gauge.set(Math.max(0, lateMs) / 1000, { role, quantile })
    }
    delay.reset()
  })
  return () => delay.disable()
}
