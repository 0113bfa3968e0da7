import type { ReasonedError } from '#platform/errors'
import type { Counter, Histogram, Metrics } from '#platform/metrics'
import type { Endpoint } from './endpoint.ts'

/** What `/metrics` says about requests: how many, how long, and every refusal with who has to act. */
export class RequestFigures {
  readonly #requests: Counter<'method' | 'route' | 'code'>
  readonly #errors: Counter<'domain' | 'reason' | 'blame' | 'route'>
  readonly #seconds: Histogram<'route'>

  constructor(metrics: Metrics, inFlight: () => number) {
    this.#requests = metrics.counter('http_requests_total', 'Requests answered.', ['method', 'route', 'code'])
    this.#errors = metrics.counter('errors_total', 'Error answers by reason.', ['domain', 'reason', 'blame', 'route'])
    this.#seconds = metrics.histogram('http_request_seconds', 'From a request to the end of its answer.', ['route'])
    metrics.gauge('http_requests_in_flight', 'Requests being worked on.', [], (gauge) => gauge.set(inFlight()))
  }

  /** A refusal; `endpoint` is missing where no route was found. */
  refused({ domain, reason, declaration: { blame } }: ReasonedError, endpoint?: Endpoint) {
    this.#errors.inc({ domain, reason, blame, route: routeOf(endpoint) })
  }

  /** A request has ended, whatever its answer was. */
  ended(endpoint: Endpoint | undefined, code: number, seconds: number) {
    const route = routeOf(endpoint)
    this.#requests.inc({ method: endpoint?.method ?? 'none', route, code: String(code) })
    this.#seconds.observe(seconds, { route })
  }
}

/** Of the table of routes and never of the request, so that nobody fills the memory with made-up paths. */
function routeOf(endpoint: Endpoint | undefined): string {
  return endpoint?.path ?? 'none'
}
