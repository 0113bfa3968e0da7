import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Admission } from './admission.ts'
import { Answers } from './answers.ts'
import { clientAddress, isLocal } from './client-address.ts'
import { refuse, unreadable } from './client-error.ts'
import { PREFLIGHT } from './cors.ts'
import { Deadlines } from './deadlines.ts'
import { ofEveryAnswer } from './departures.ts'
import type { Route } from './endpoint.ts'
import { apiErrors } from './errors.ts'
import { Exchange } from './exchange.ts'
import { Handling } from './handling.ts'
import { KeyedAnswers } from './idempotency/keyed-answers.ts'
import { BODY_LIMIT } from './json-body.ts'
import { linger } from './lingering.ts'
import { DEADLINE_MS, type HttpNeeds } from './needs.ts'
import { openapiDocument } from './openapi.ts'
import { servedPaths } from './paths.ts'
import { platformRoutes } from './platform-routes.ts'
import { RequestFigures } from './request-figures.ts'
import { newRequestId, requestId } from './request-id.ts'
import { ServedRoute } from './served-route.ts'
import { translate, translateUpload } from './translate.ts'
import { Upgrades } from './upgrade.ts'
import { Uploads } from './uploads.ts'

/** Until the last octet of any request has come; deadlines are shorter for all but uploads, which are slow at times. */
const WHOLE_REQUEST_MS = 15 * 60_000
/** The most connections at once; further ones are closed as they come. */
const CONNECTIONS = 10_000
/** Once the server closes: when requests in flight are refused, and when their connections are cut. */
const DISMISS_MS = 1_500
const CUT_MS = 2_500

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange
  }
}

/** Serves routes over HTTP. Whatever happens, an answer of 400 or above is the envelope with a declared reason. */
export class HttpServer {
  readonly #needs: HttpNeeds
  readonly #fastify: FastifyInstance
  readonly #deadlines: Deadlines
  readonly #figures: RequestFigures
  readonly #answers: Answers
  readonly #admission: Admission
  readonly #handling: Handling
  readonly #routes: readonly Route[]
  readonly #upgrades = new Upgrades()
  #document: Record<string, unknown> | undefined

  constructor(needs: HttpNeeds) {
    this.#needs = needs
    this.#deadlines = new Deadlines(needs.clock, (exchange) => this.#expire(exchange))
    this.#figures = new RequestFigures(needs.metrics, () => this.#deadlines.live.size)
    this.#answers = new Answers(needs.log, this.#figures)
    this.#admission = new Admission(needs.authenticate, needs.limits)
    this.#handling = new Handling({
      answers: this.#answers,
      uploads: new Uploads(needs.clock),
      upgrades: this.#upgrades,
      keyed: needs.idempotency && new KeyedAnswers(needs.idempotency, needs.catalogues),
      log: needs.log,
      strict: needs.strictReasons === true,
      addressOf: (request) => this.#addressOf(request),
      ended: (exchange, request) => this.#end(exchange, request),
    })
    this.#routes = [...needs.routes, ...platformRoutes(needs.catalogues, needs.parts ?? {}, () => this.document)]
    this.#fastify = this.#build()
    for (const route of this.#routes) if (!route.endpoint.upload) this.#serve(this.#fastify, route)
    this.#fastify.register(async (uploads) => this.#serveUploads(uploads))
    this.#serveMetrics()
  }

  /** The OpenAPI document of the running routes. */
  get document(): Record<string, unknown> {
    this.#document ??= openapiDocument(this.#routes, this.#needs.version)
    return this.#document
  }

  /** Reasons that a handler answered with and its endpoint does not declare (`METHOD path: domain/REASON`). */
  get undeclared(): readonly string[] {
    return this.#handling.undeclared
  }

  /** Begins to listen; returns the base URL. Port 0 takes any free one. */
  async listen(host: string, port: number): Promise<string> {
    return await this.#fastify.listen({ host, port })
  }

  /**
   * Takes nothing new and stops. Requests that wait for something to happen are told at once that they wait in vain; those
   * that work have a moment to end.
   */
  async close(): Promise<void> {
    this.#answers.closing = true
    const closed = this.#fastify.close()
    this.#dismiss((exchange) => exchange.patient)
    const cut = this.#needs.clock.after(CUT_MS, () => this.#fastify.server.closeAllConnections())
    const dismiss = this.#needs.clock.after(DISMISS_MS, () => this.#dismiss(() => true))
    await closed
    cut.cancel()
    dismiss.cancel()
    this.#deadlines.close()
  }

  #dismiss(which: (exchange: Exchange) => boolean) {
    for (const exchange of [...this.#deadlines.live].filter(which)) {
      const unavailable = apiErrors.SERVICE_UNAVAILABLE()
      this.#answers.refuse(exchange, unavailable)
      exchange.abort(unavailable)
    }
  }

  #build(): FastifyInstance {
    const { ids } = this.#needs
    const fastify = Fastify({
      logger: false,
      bodyLimit: BODY_LIMIT,
      requestTimeout: WHOLE_REQUEST_MS,
      keepAliveTimeout: 65_000,
      forceCloseConnections: 'idle',
      return503OnClosing: false,
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16_384 },
      http: { requireHostHeader: false, headersTimeout: 10_000, shouldUpgradeCallback: Upgrades.wants },
      genReqId: (request) => requestId(request.headers['x-request-id'], ids),
      frameworkErrors: (error, request, reply) => this.#refuseUnrouted(error, request, reply),
      clientErrorHandler: (error, socket) => this.#refuseBytes(error, socket),
    })
    // The body stays bytes until the caller is known and the endpoint wants it.
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    fastify.decorateRequest('exchange')
    fastify.addHook('onRequest', (request, reply, next) => this.#begin(request, reply, next))
    fastify.setErrorHandler((error, request) => this.#answers.refuse(request.exchange, translate(error)))
    fastify.setNotFoundHandler((request) => this.#answers.refuse(request.exchange, apiErrors.ROUTE_NOT_FOUND()))
    fastify.server.maxConnections = CONNECTIONS
    this.#upgrades.listen(fastify.server, (request, response) => fastify.routing(request, response))
    // Without a listener Node answers an unknown Expect with a bare 417.
    fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response))
    return fastify
  }

  /** Their bodies are left to the handler, octet by octet. */
  #serveUploads(fastify: FastifyInstance) {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', (_request, _body, done) => done(null))
    fastify.setErrorHandler((error, request) => this.#answers.refuse(request.exchange, translateUpload(error)))
    for (const route of this.#routes) if (route.endpoint.upload) this.#serve(fastify, route)
  }

  #serve(fastify: FastifyInstance, route: Route) {
    const served = new ServedRoute(route)
    if (this.#needs.strictReasons) served.compile()
    const { endpoint } = route
    const config = { served }
    for (const url of servedPaths(endpoint)) {
      fastify.route({
        method: endpoint.method,
        url,
        config,
        ...(endpoint.allow === 'public'
          ? {}
          : { onRequest: (request, _reply, next) => this.#admit(served, request, next) }),
        handler: (request) => {
          void this.#handling.handle(served, request)
        },
      })
    }
  }

  /** Figures are for the operator: this machine, through no proxy; to anybody else the path does not exist. */
  #serveMetrics() {
    this.#fastify.get('/metrics', async (request, reply) => {
      if (!this.#needs.metricsFromAnywhere && !isLocal(request.socket.remoteAddress ?? '', request.headers)) {
        this.#answers.refuse(request.exchange, apiErrors.ROUTE_NOT_FOUND())
        return reply
      }
      const text = await (this.#needs.scrape ?? (() => this.#needs.metrics.text()))()
      request.exchange.settled = true
      return reply.headers(ofEveryAnswer(request.exchange)).type('text/plain; version=0.0.4; charset=utf-8').send(text)
    })
  }

  /** Every request that could be read passes here first. */
  #begin(request: FastifyRequest, reply: FastifyReply, next: () => void) {
    const endpoint = servedOf(request)?.endpoint
    const { clock, deadlineMs = DEADLINE_MS } = this.#needs
    const exchange = new Exchange(reply, endpoint, clock.monotonicMs(), deadlineMs)
    request.exchange = exchange
    this.#deadlines.watch(exchange)
    reply.raw.on('close', () => this.#end(exchange, request))
    if (this.#answers.closing) this.#answers.refuse(exchange, apiErrors.SERVICE_UNAVAILABLE())
    else if (request.method === 'OPTIONS') {
      exchange.settled = true
      reply.code(204).headers(ofEveryAnswer(exchange)).headers(PREFLIGHT).send()
    } else if (this.#isInTime(request)) next()
  }

  /** Whether this address may ask again by now; it is told when not. */
  #isInTime(request: FastifyRequest): boolean {
    const { exchange } = request
    try {
      this.#admission.checkAddress(exchange.endpoint, request, () => this.#addressOf(request))
      return true
    } catch (error) {
      this.#answers.refuse(exchange, translate(error))
      return false
    }
  }

  /** Nothing more is read of a caller who may not ask. */
  #admit({ endpoint }: ServedRoute, request: FastifyRequest, next: () => void) {
    const { exchange } = request
    const refuse = (error: unknown) => this.#answers.refuse(exchange, translate(error))
    let asking: Promise<void> | undefined
    try {
      asking = this.#admission.admit(endpoint, request, exchange)
    } catch (error) {
      refuse(error)
      return
    }
    if (!asking) next()
    else asking.then(() => exchange.settled || next(), refuse)
  }

  #addressOf({ socket, headers }: FastifyRequest): string {
    return clientAddress(socket.remoteAddress ?? '', headers, this.#needs.trustedProxy)
  }

  #expire(exchange: Exchange) {
    if (exchange.settled) return // a long file is still on its way
    const late = apiErrors.REQUEST_TIMEOUT()
    this.#answers.refuse(exchange, late)
    exchange.abort(late)
  }

  /** The answer has left, or the client has. */
  #end(exchange: Exchange, request: FastifyRequest) {
    this.#deadlines.release(exchange)
    const code = exchange.reply.statusCode
    if (code !== 101) linger(request.raw, this.#needs.clock)
    this.#answers.cancel(exchange)
    const seconds = (this.#needs.clock.monotonicMs() - exchange.startedMs) / 1000
    this.#figures.ended(exchange.endpoint, code, seconds)
    this.#needs.log.debug(
      {
        request_id: exchange.request_id,
        method: request.method,
        // without the query: access keys and tokens travel there
        path: request.url.split('?', 1)[0],
        code,
        reason: exchange.reason,
        seconds,
        customer_id: exchange.identity.customer_id,
      },
      'request',
    )
  }

  /** The router could not even read the path. Hooks have not run. */
  #refuseUnrouted(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    this.#begin(request, reply, () => this.#answers.refuse(request.exchange, translate(error)))
  }

  #refuseBytes(error: Error, socket: Socket) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
    const exchange = this.#deadlines.of(socket)
    if (exchange?.settled) {
      socket.destroy() // an answer is on its way: a second one would run into it
      return
    }
    if (exchange) exchange.settled = true
    const reasoned = unreadable(code)
    this.#figures.refused(reasoned, exchange?.endpoint)
    refuse(socket, code, reasoned, exchange?.request_id ?? newRequestId(this.#needs.ids))
  }
}

function servedOf(request: FastifyRequest): ServedRoute | undefined {
  const { config } = request.routeOptions
  return config && 'served' in config && config.served instanceof ServedRoute ? config.served : undefined
}
