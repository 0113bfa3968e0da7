import type { FastifyRequest } from 'fastify'
import { type Declaration, InvariantError, type ReasonedError } from '#platform/errors'
import type { Answer } from './answer.ts'
import type { Endpoint, Route } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { reasonsOf } from './implied-errors.ts'
import { isGate } from './permission.ts'
import { forAnswers, type Json } from './schema.ts'
import { Validator } from './validate.ts'

/** A route as the server runs it: input checked by its schemas, answers written by its schema. */
export class ServedRoute {
  readonly route: Route
  readonly endpoint: Endpoint
  readonly #validator: Validator
  /** Everything that it may answer with. */
  readonly #declared: ReadonlySet<Declaration>
  #schema: Json | undefined

  /** Throws for an endpoint without a gate: a server with an open door does not start. */
  constructor(route: Route) {
    const { method, path, allow } = route.endpoint
    if (!isGate(allow)) throw new InvariantError(`${method} ${path} has no gate: say in allow who may ask it`)
    this.route = route
    this.endpoint = route.endpoint
    this.#validator = new Validator(route.endpoint)
    this.#declared = new Set([...reasonsOf(route.endpoint)].map(({ declaration }) => declaration))
  }

  /** Finds a contract that cannot be used at start rather than at its first request. */
  compile() {
    this.#validator.compile()
  }

  /** The checked input; throws the reason of the first stage that fails. */
  read(request: FastifyRequest): { params: unknown; query: unknown; body: unknown } {
    const params = this.#validator.params(request.params as Record<string, unknown>)
    const query = this.#validator.query(request.query as Record<string, unknown>)
    const bytes = request.body instanceof Buffer ? request.body : undefined
    return { params, query, body: this.#validator.body(bytes, request.headers['content-type']) }
  }

  /** The answer, as JSON of only what the schema declares. */
  answer(result: unknown, { reply, cookies }: Exchange): Answer {
    const code = this.endpoint.success ?? 200
    const headers: Answer['headers'] = {}
    if (cookies.length > 0) headers['set-cookie'] = cookies
    if (result === undefined) return { code, headers }
    if (this.endpoint.redirects) headers.location = String(result)
    this.#schema ??= forAnswers(this.endpoint.returns)
    // the framework keeps what it compiled with the route
    return { code, headers, text: reply.serializeInput(result as Json, this.#schema) }
  }

  /** Whether the endpoint promises this reason. */
  declares({ declaration }: ReasonedError): boolean {
    return this.#declared.has(declaration)
  }
}
