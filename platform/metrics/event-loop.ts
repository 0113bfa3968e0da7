import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

const RESOLUTION_MS = 20
const QUANTILES = [
  [50, '0.5'],
  [99, '0.99'],
] as const

/**
 * Shows by how much this thread came late to its timers since the last scrape: its median, its 99th percentile and the worst.
 * The function that comes back ends it.
 */
export function watchEventLoop(metrics: Metrics, role: string): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  const lateness = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1_000)
  metrics.gauge(
    'event_loop_lag_seconds',
    'How late the event loop of a role was since the last scrape; quantile 1 is the worst',
    ['role', 'quantile'],
    (gauge) => {
      if (delays.count === 0) return
      for (const [percent, quantile] of QUANTILES) gauge.set(lateness(delays.percentile(percent)), { role, quantile })
      gauge.set(lateness(delays.max), { role, quantile: '1' })
      delays.reset()
    },
  )
  delays.enable()
  return () => delays.disable()
}
