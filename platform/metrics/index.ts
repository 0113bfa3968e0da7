/**
 * Counters, gauges and histograms, in Prometheus' words. Each thread has its own `Metrics`; snapshots travel to the thread
 * that serves `/metrics`, where `metricsText` joins them.
 */
export { watchEventLoop } from './event-loop.ts'
export {
  type Counter,
  type Gauge,
  type Histogram,
  Metrics,
  type MetricsSnapshot,
  metricsText,
  type Tally,
} from './metrics.ts'
