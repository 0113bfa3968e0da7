import type { CallEngine } from '#managers/call'
import type { CallRecorder } from '#managers/explain'
import type { FlowRuntime } from '#managers/flow'
import type { WriteLanes } from '#platform/db'
import type { Gauge, Metrics } from '#platform/metrics'
import type { MediaEngine } from '#telecom/media'
import type { SipStack } from '#telecom/sip'

/** What the SIP stack holds at the moment; all else that it tells are sums since the start. */
const SIP_KEPT = ['dialogs', 'server_transactions', 'client_transactions', 'connections'] as const

/** Where the lateness of ticks is counted, in milliseconds; shown in seconds. */
const TICK_LATENESS_MS = [0.5, 1, 2, 3, 5, 10, 20, 50] as const

/** Shows the call role's own figures at each scrape. */
export function watchCallRole(
  metrics: Metrics,
  parts: {
    sip: SipStack
    media: MediaEngine
    engine: CallEngine
    flows: FlowRuntime
    lanes: WriteLanes
    recorder: CallRecorder
  },
): void {
  const { sip, media, engine, flows, lanes, recorder } = parts
  const now = (name: string, help: string, read: () => number) =>
    metrics.gauge(name, help, [], (gauge) => gauge.set(read()))
  now('calls_live', 'Calls that live', () => engine.size)
  now('calls_admitted', 'Calls let in since the start', () => engine.counters.admitted)
  metrics.gauge('calls_refused', 'Calls refused since the start, by SIP status', ['status'], (gauge) => {
    for (const [status, count] of Object.entries(engine.counters.refused)) gauge.set(count, { status })
  })
  now('activeflows_running', 'Executions of flows that run here', () => flows.running)
  now('lane_writes_waiting', 'Writes that wait for the database', () => lanes.waiting)
  now('lane_oldest_seconds', 'How long the oldest write has waited', () => lanes.oldestMs / 1000)
  now('media_endpoints', 'Pairs of RTP and RTCP sockets that are open', () => media.load.endpoints)
  metrics.gauge('media_ticks', 'Ticks of all media workers since the start, by how late they were', ['le'], (gauge) => {
    const { tickLateness } = media
    for (const ms of TICK_LATENESS_MS) gauge.set(tickLateness.within(ms), { le: `${ms / 1_000}` })
    gauge.set(tickLateness.turns, { le: '+Inf' })
  })
  metrics.gauge('sip_kept', 'What the SIP stack holds: dialogs, transactions, connections', ['what'], (gauge) => {
    for (const what of SIP_KEPT) gauge.set(sip.counters[what], { what })
  })
  metrics.gauge('sip_total', 'What the SIP stack has counted since the start', ['what'], (gauge) => {
    for (const [what, count] of Object.entries(sip.counters))
      if (!SIP_KEPT.some((kept) => kept === what)) gauge.set(count, { what })
  })
  metrics.gauge('call_records', 'What is noted of calls: live, written, lost, messages dropped', ['what'], (gauge) => {
    for (const [what, count] of Object.entries(recorder.counts)) gauge.set(count, { what })
  })
  metrics.gauge('call_role_memory_bytes', 'Memory: `rss` of the process, the rest of this thread', ['what'], showMemory)
  metrics.gauge(
    'call_role_resources',
    'Timers, sockets and the like that keep the call role going',
    ['type'],
    showResources,
  )
}

function showMemory(gauge: Gauge<'what'>): void {
  for (const [what, bytes] of Object.entries(process.memoryUsage())) gauge.set(bytes, { what })
}

function showResources(gauge: Gauge<'type'>): void {
  const counts: Record<string, number> = { Timeout: 0, UDPWrap: 0, TCPSocketWrap: 0 }
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1
  for (const [type, count] of Object.entries(counts)) gauge.set(count, { type })
}
