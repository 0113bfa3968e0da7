import type { Declaration, ReasonedError } from '#platform/errors'
import type { Counter, Histogram, Metrics, Tally } from '#platform/metrics'
import type { Endpoint } from './endpoint.ts'

/** What is counted of one endpoint. */
interface Tallies {
  /** By status code. */
  requests: Map<number, Tally>
  errors: Map<Declaration, Tally>
}

/** What `/metrics` says about requests: how many, how long, and every refusal with who has to act. */
export class RequestFigures {
  readonly #requests: Counter<'method' | 'route' | 'code'>
  readonly #errors: Counter<'domain' | 'reason' | 'blame' | 'route'>
  readonly #seconds: Histogram<'route'>
  readonly #tallies = new Map<Endpoint | undefined, Tallies>()

  constructor(metrics: Metrics, inFlight: () => number) {
    this.#requests = metrics.counter('http_requests_total', 'Requests answered.', ['method', 'route', 'code'])
    this.#errors = metrics.counter('errors_total', 'Error answers by reason.', ['domain', 'reason', 'blame', 'route'])
    this.#seconds = metrics.histogram('http_request_seconds', 'From a request to the end of its answer.', ['route'])
    metrics.gauge('http_requests_in_flight', 'Requests being worked on.', [], (gauge) => gauge.set(inFlight()))
  }

  /** A refusal; `endpoint` is missing where no route was found. */
  refused({ domain, reason, declaration }: ReasonedError, endpoint?: Endpoint) {
    const { errors } = this.#talliesOf(endpoint)
    let tally = errors.get(declaration)
    if (!tally) {
      tally = this.#errors.tally({ domain, reason, blame: declaration.blame, route: routeOf(endpoint) })
      errors.set(declaration, tally)
    }
    tally.inc()
  }

  /** A request has ended, whatever its answer was. */
  ended(endpoint: Endpoint | undefined, code: number, seconds: number) {
    const { requests } = this.#talliesOf(endpoint)
    let tally = requests.get(code)
    if (!tally) {
      tally = this.#requests.tally({
        method: endpoint?.method ?? 'none',
        route: routeOf(endpoint),
        code: String(code),
      })
      requests.set(code, tally)
    }
    tally.inc()
    this.#seconds.observe(seconds, { route: routeOf(endpoint) })
  }

  #talliesOf(endpoint: Endpoint | undefined): Tallies {
    let tallies = this.#tallies.get(endpoint)
    if (!tallies) {
      tallies = { requests: new Map(), errors: new Map() }
      this.#tallies.set(endpoint, tallies)
    }
    return tallies
  }
}

/** Of the table of routes and never of the request, so that nobody fills the memory with made-up paths. */
function routeOf(endpoint: Endpoint | undefined): string {
  return endpoint?.path ?? 'none'
}
