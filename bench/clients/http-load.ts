/** Asks an HTTP server the same on several connections, each as fast as it is answered, for a bounded time. */
import { systemClock } from '#platform/time'
import { Samples } from '../samples.ts'
import { HttpConnection, requestBytes } from './http-connection.ts'
import { options, say } from './report.ts'

export interface HttpLoad {
  port: number
  method: string
  path: string
  headers: Record<string, string>
  body?: string
  /** The status that counts as an answer. */
  expect: number
  connections: number
  warmUpMs: number
  measureMs: number
  /** Asks so often and no more; as fast as it is answered unless said. */
  perSecond?: number
  /** No more requests than these, warm-up included. */
  mostRequests: number
}

export interface HttpFigures {
  perSecond: number
  medianMs: number
  p99Ms: number
  answered: number
  /** Requests altogether, warm-up included. */
  served: number
  /** Other answers by status, and `broken` connections. */
  failed: Record<string, number>
}

const load = options<HttpLoad>()
const latencies = new Samples()
const failed: Record<string, number> = {}
const request = requestBytes(load)
const startMs = performance.now()
const fromMs = startMs + load.warmUpMs
const endMs = fromMs + load.measureMs
let asked = 0
let lastMs = fromMs
let done = false

const connections = Array.from({ length: load.connections }, () => {
  const connection: HttpConnection = new HttpConnection({
    port: load.port,
    request,
    onAnswer: (status, tookMs) => {
      if (status !== load.expect) fail(String(status))
      else if (performance.now() >= fromMs) {
        latencies.add(tookMs)
        lastMs = performance.now()
      }
      next(connection)
    },
    onBroken: () => {
      if (!done) fail('broken')
    },
  })
  next(connection)
  return connection
})
systemClock.after(load.warmUpMs + load.measureMs + 2_000, finish)

function next(connection: HttpConnection): void {
  if (done) return
  if (asked >= load.mostRequests || performance.now() >= endMs) finish()
  else {
    const waitMs = load.perSecond === undefined ? 0 : startMs + (asked * 1_000) / load.perSecond - performance.now()
    asked++
    if (waitMs > 1) systemClock.after(waitMs, () => !done && connection.ask())
    else connection.ask()
  }
}

function fail(why: string): void {
  failed[why] = (failed[why] ?? 0) + 1
}

function finish(): void {
  if (done) return
  done = true
  const seconds = Math.max(lastMs - fromMs, 1) / 1_000
  const figures: HttpFigures = {
    perSecond: latencies.count / seconds,
    medianMs: latencies.median,
    p99Ms: latencies.percentile(0.99),
    answered: latencies.count,
    served: asked,
    failed,
  }
  for (const connection of connections) connection.close()
  say(figures)
}
