import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { whileWanted } from '#platform/db'
import type { ReasonedError } from '#platform/errors'
import type { Log } from '#platform/log'
import type { Answers } from './answers.ts'
import type { Download } from './download.ts'
import type { SocketLimits } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { HandlerRequest, HandlerSignedRequest, HandlerSocketRequest, HandlerUploadRequest } from './handler-request.ts'
import { type KeyedAnswers, keyOf } from './idempotency/keyed-answers.ts'
import type { ServedRoute } from './served-route.ts'
import { translate } from './translate.ts'
import type { Upgrades } from './upgrade.ts'
import type { Uploads } from './uploads.ts'

interface HandlingNeeds {
  answers: Answers
  uploads: Uploads
  upgrades: Upgrades
  /** Missing where the keys that clients send mean nothing. */
  keyed: KeyedAnswers | undefined
  log: Log
  /** An undeclared reason becomes `INTERNAL` and is recorded. */
  strict: boolean
  addressOf: (request: FastifyRequest) => string
  /** The exchange is over although its connection is not. */
  ended: (exchange: Exchange, request: FastifyRequest) => void
}

type Input = ReturnType<ServedRoute['read']>

/** Between the gate and the answer: input is checked, the handler runs, and what it gives or throws is what was promised. */
export class Handling {
  /** Reasons that a handler answered with and its endpoint does not declare (`METHOD path: domain/REASON`). */
  readonly undeclared: string[] = []
  readonly #needs: HandlingNeeds

  constructor(needs: HandlingNeeds) {
    this.#needs = needs
  }

  /** Answers a request that may be answered: once, with what its endpoint promises and nothing else. */
  async handle(served: ServedRoute, request: FastifyRequest, reply: FastifyReply) {
    const { exchange } = request
    const { endpoint } = served
    try {
      const input = served.read(request)
      const handle = () => this.#run(served, input, request)
      // what changes something is done to its end
      const work = endpoint.method === 'GET' ? () => whileWanted(exchange.signal, handle) : handle
      if (endpoint.files) return await this.#needs.answers.file(exchange, request, (await work()) as Download)
      if (endpoint.socket) return void (await work())
      if (endpoint.page) return this.#needs.answers.page(exchange, String(await work()), endpoint.page)
      const answer = async () => served.answer(await work(), reply)
      const { keyed } = this.#needs
      const key = keyed && keyOf(endpoint, request.headers)
      if (!keyed || key === undefined) return this.#needs.answers.send(exchange, await answer())
      const asked = { key, endpoint, params: input.params, request, ip: this.#needs.addressOf(request) }
      const judge = (thrown: unknown) => this.#declared(served, translate(thrown))
      this.#needs.answers.send(exchange, await keyed.answer(asked, answer, judge))
    } catch (thrown) {
      this.#needs.answers.refuse(exchange, this.#declared(served, translate(thrown)))
    }
  }

  /** Gives the handler what its kind of endpoint promises it. */
  async #run({ endpoint, route }: ServedRoute, input: Input, request: FastifyRequest): Promise<unknown> {
    const { exchange } = request
    const ip = this.#needs.addressOf(request)
    if (endpoint.upload)
      return await this.#needs.uploads.take(endpoint, exchange, request.raw, (upload) =>
        route.handler(new HandlerUploadRequest(exchange, input, ip, upload) as never),
      )
    const { socket, signature } = endpoint
    if (signature)
      return await route.handler(new HandlerSignedRequest(exchange, input, ip, signedOf(request, signature)) as never)
    if (!socket) return await route.handler(new HandlerRequest(exchange, input, ip) as never)
    const accept = () => this.#accept(request, socket)
    const forSockets = { accept, authenticateAgain: exchange.authenticateAgain }
    return await route.handler(new HandlerSocketRequest(exchange, input, ip, forSockets) as never)
  }

  /** Turns the connection over; the exchange ends with its 101. */
  #accept(request: FastifyRequest, limits: SocketLimits): WebSocket {
    const { exchange } = request
    const { reply, request_id } = exchange
    if (exchange.settled) throw apiErrors.REQUEST_CANCELED()
    const socket = this.#needs.upgrades.accept(request.raw, reply.raw, limits, request_id)
    exchange.settled = true
    reply.code(101).hijack()
    this.#needs.ended(exchange, request)
    return socket
  }

  /** A reason that the endpoint does not promise is a fault of ours: loud in tests, logged in production. */
  #declared(served: ServedRoute, error: ReasonedError): ReasonedError {
    if (served.declares(error)) return error
    const { method, path } = served.endpoint
    const breach = `${method} ${path}: ${error.domain}/${error.reason}`
    this.#needs.log.error({ breach }, 'an endpoint answered with a reason that it does not declare')
    if (!this.#needs.strict) return error
    this.undeclared.push(breach)
    return apiErrors.INTERNAL(undefined, { cause: new Error(`undeclared reason: ${breach}`, { cause: error }) })
  }
}

/** What a signature is checked against: the body, octet by octet, and the header. */
function signedOf({ body, headers }: FastifyRequest, name: string): { bytes: Uint8Array; signature: string } {
  const header = headers[name]
  return { bytes: body instanceof Buffer ? body : Buffer.alloc(0), signature: typeof header === 'string' ? header : '' }
}
