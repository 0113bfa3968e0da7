import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { whileWanted } from '#platform/db'
import type { Catalogue, ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Counter, Histogram, Metrics } from '#platform/metrics'
import type { Clock } from '#platform/time'
import type { Answer } from './answer.ts'
import { clientAddress, isLocal, type TrustedProxy } from './client-address.ts'
import { refuse } from './client-error.ts'
import { readCredentials } from './credentials.ts'
import { Deadlines } from './deadlines.ts'
import { type Download, sendDownload } from './download.ts'
import type { Endpoint, Route, SocketLimits } from './endpoint.ts'
import { retryAfter } from './envelope.ts'
import { apiErrors } from './errors.ts'
import { Exchange } from './exchange.ts'
import { pass, refuseFrozen } from './gate.ts'
import { HandlerRequest, HandlerSocketRequest, HandlerUploadRequest } from './handler-request.ts'
import type { Idempotency } from './idempotency/idempotency.ts'
import { KeyedAnswers, keyOf } from './idempotency/keyed-answers.ts'
import type { Authenticate, AuthenticateOptions, Credentials, Identity } from './identity.ts'
import { BODY_LIMIT } from './json-body.ts'
import { linger } from './lingering.ts'
import { MultipartUpload } from './multipart.ts'
import { openapiDocument } from './openapi.ts'
import { servedPaths } from './paths.ts'
import { type Parts, platformRoutes } from './platform-routes.ts'
import { refusal } from './problem.ts'
import type { RateLimits } from './rate-limits.ts'
import { newRequestId, requestId } from './request-id.ts'
import { ServedRoute } from './served-route.ts'
import { translate, translateUpload } from './translate.ts'
import { Turns } from './turns.ts'
import { Upgrades } from './upgrade.ts'

/** What an HTTP server is made of. */
export interface HttpNeeds {
  routes: readonly Route[]
  authenticate: Authenticate
  /** What `GET /v1.0/errors` lists. */
  catalogues: readonly Catalogue[]
  clock: Clock
  ids: Ids
  log: Log
  metrics: Metrics
  /** Of the platform, as the OpenAPI document says it. */
  version: string
  /** What `/health` asks: all of them ready = 200. */
  parts?: Parts
  /** The text of `/metrics`; this thread's figures unless said. */
  scrape?: () => Promise<string>
  /** `/metrics` answers this machine only, unless said. */
  metricsFromAnywhere?: boolean
  /** Whose header is believed about the client's address. */
  trustedProxy?: TrustedProxy
  /** Keeps answers under the keys that clients send; keys mean nothing unless it is given. */
  idempotency?: Idempotency
  /** How often addresses and customers may ask; as often as they like unless said. */
  limits?: RateLimits
  /** Milliseconds until a request is answered with `REQUEST_TIMEOUT`; 10 s unless said. */
  deadlineMs?: number
  /** For tests and development: an undeclared reason becomes `INTERNAL` and is recorded in `undeclared`. */
  strictReasons?: boolean
}

const JSON_TYPE = 'application/json; charset=utf-8'
const PAGE = { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' }
/** Pages are text and looks of our own: nothing in them runs, and nobody frames them. */
const TEXT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
/** A page that runs is made of files of this server alone and asks this server alone. */
const PROGRAM_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'"
const DEADLINE_MS = 10_000
/** The most files that are sent at once; further ones are asked to come back. */
const DOWNLOADS = 200
/** The most files that are taken in at once; so that nobody takes all turns, each customer has some of them. */
const UPLOADS = { most: 100, mostOfOne: 20 }
/** When a customer that sends as many as it may should ask again. */
const UPLOAD_RETRY_SECONDS = 1
/** Until the last octet of any request has come; deadlines are shorter for all but uploads, which are slow at times. */
const WHOLE_REQUEST_MS = 15 * 60_000
/** The most connections at once; further ones are closed as they come. */
const CONNECTIONS = 10_000
/** Once the server closes: when requests in flight are refused, and when their connections are cut. */
const DISMISS_MS = 1_500
const CUT_MS = 2_500

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Content-Length, X-Request-Id, Retry-After, Link, Idempotent-Replayed',
}
const PREFLIGHT = {
  'access-control-allow-methods': 'POST, GET, PUT, DELETE, PATCH, HEAD, OPTIONS',
  'access-control-allow-headers':
    'Origin, X-Requested-With, Content-Type, Accept, Authorization, Idempotency-Key, X-Request-Id',
  'access-control-max-age': '43200',
}

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
  readonly #requests: Counter<'method' | 'route' | 'code'>
  readonly #errors: Counter<'domain' | 'reason' | 'blame'>
  readonly #seconds: Histogram<'route'>
  readonly #undeclared: string[] = []
  readonly #routes: readonly Route[]
  readonly #upgrades = new Upgrades()
  readonly #keyed: KeyedAnswers | undefined
  readonly #uploads = new Turns(UPLOADS)
  #document: Record<string, unknown> | undefined
  #downloads = 0
  #closing = false

  constructor(needs: HttpNeeds) {
    const { metrics } = needs
    this.#needs = needs
    this.#keyed = needs.idempotency && new KeyedAnswers(needs.idempotency, needs.catalogues)
    this.#deadlines = new Deadlines(needs.clock, (exchange) => this.#expire(exchange))
    this.#requests = metrics.counter('http_requests_total', 'Requests answered.', ['method', 'route', 'code'])
    this.#errors = metrics.counter('errors_total', 'Error answers by reason.', ['domain', 'reason', 'blame'])
    this.#seconds = metrics.histogram('http_request_seconds', 'From a request to the end of its answer.', ['route'])
    metrics.gauge('http_requests_in_flight', 'Requests being worked on.', [], (gauge) =>
      gauge.set(this.#deadlines.live.size),
    )
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
    return this.#undeclared
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
    this.#closing = true
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
      this.#fail(exchange, unavailable)
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
    fastify.setErrorHandler((error, request) => this.#fail(request.exchange, translate(error)))
    fastify.setNotFoundHandler((request) => this.#fail(request.exchange, apiErrors.ROUTE_NOT_FOUND()))
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
    fastify.setErrorHandler((error, request) => this.#fail(request.exchange, translateUpload(error)))
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
          : { onRequest: (request, _reply, next) => void this.#admit(served, request, next) }),
        handler: (request, reply) => {
          void this.#handle(served, request, reply)
        },
      })
    }
  }

  /** Figures are for the operator: this machine, through no proxy; to anybody else the path does not exist. */
  #serveMetrics() {
    this.#fastify.get('/metrics', async (request, reply) => {
      if (!this.#needs.metricsFromAnywhere && !isLocal(request.socket.remoteAddress ?? '', request.headers)) {
        this.#fail(request.exchange, apiErrors.ROUTE_NOT_FOUND())
        return reply
      }
      const text = await (this.#needs.scrape ?? (() => this.#needs.metrics.text()))()
      request.exchange.settled = true
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text)
    })
  }

  /** Every request that could be read passes here first. */
  #begin(request: FastifyRequest, reply: FastifyReply, next: () => void) {
    const nowMs = this.#needs.clock.monotonicMs()
    const served = servedOf(request)
    const ownMs = served?.endpoint.deadlineMs
    const deadlineMs = nowMs + (ownMs ?? this.#needs.deadlineMs ?? DEADLINE_MS)
    const exchange = new Exchange(request.id, reply, nowMs, deadlineMs, ownMs !== undefined && !served?.endpoint.upload)
    request.exchange = exchange
    reply.headers(CORS).header('x-request-id', request.id)
    this.#deadlines.watch(exchange)
    reply.raw.once('close', () => this.#end(exchange, request, served))
    if (this.#closing) this.#fail(exchange, apiErrors.SERVICE_UNAVAILABLE())
    else if (request.method === 'OPTIONS') {
      exchange.settled = true
      reply.code(204).headers(PREFLIGHT).send()
    } else if (this.#isInTime(request, served)) next()
  }

  /** Whether this address may ask again by now; it is told when not. */
  #isInTime(request: FastifyRequest, served: ServedRoute | undefined): boolean {
    const { limits } = this.#needs
    if (!limits) return true
    const path = request.url.split('?', 1)[0] ?? ''
    const needsLogin = served !== undefined && served.endpoint.allow !== 'public'
    try {
      limits.checkAddress(this.#addressOf(request), path, needsLogin)
      return true
    } catch (error) {
      this.#fail(request.exchange, translate(error))
      return false
    }
  }

  /** Who asks, and may they: before the body is read and before anything is looked up. */
  async #admit({ endpoint }: ServedRoute, request: FastifyRequest, next: () => void) {
    const { exchange } = request
    try {
      const credentials = readCredentials(request)
      const options = endpoint.endsCall ? { trustLastKnown: true } : {}
      exchange.identity = await this.#needs.authenticate(credentials, options)
      if (!endpoint.root) this.#needs.limits?.checkCustomer(exchange.identity)
      refuseFrozen(endpoint, exchange.identity)
      pass(endpoint, exchange.identity)
      if (endpoint.socket) exchange.authenticateAgain = this.#again(endpoint, credentials)
    } catch (error) {
      this.#fail(exchange, translate(error))
      return
    }
    if (!exchange.settled) next()
  }

  /** Holds on to the credentials and to nothing else of the request. */
  #again(endpoint: Endpoint, credentials: Credentials) {
    return async (options?: AuthenticateOptions): Promise<Identity> => {
      const identity = await this.#needs.authenticate(credentials, options)
      refuseFrozen(endpoint, identity)
      pass(endpoint, identity)
      return identity
    }
  }

  async #handle(served: ServedRoute, request: FastifyRequest, reply: FastifyReply) {
    const { exchange } = request
    const { endpoint } = served
    try {
      const input = served.read(request)
      const handle = async () =>
        endpoint.upload
          ? await this.#takeUpload(served, input, request)
          : await served.route.handler(this.#input(served, input, request) as never)
      // what changes something is done to its end
      const work = endpoint.method === 'GET' ? () => whileWanted(exchange.signal, handle) : handle
      if (endpoint.files) {
        const file = (await work()) as Download
        return exchange.settled ? undefined : await this.#sendFile(exchange, request, file)
      }
      if (endpoint.socket) return void (await work())
      if (endpoint.page) return this.#sendPage(exchange, String(await work()), endpoint.page)
      const answer = async () => served.answer(await work(), reply)
      const key = this.#keyed ? keyOf(endpoint, request.headers) : undefined
      if (key === undefined) return this.#send(exchange, await answer())
      const asked = { key, endpoint, params: input.params, request, ip: this.#addressOf(request) }
      const judge = (thrown: unknown) => this.#declared(served, translate(thrown))
      this.#send(exchange, await this.#keyed?.answer(asked, answer, judge))
    } catch (thrown) {
      this.#fail(exchange, this.#declared(served, translate(thrown)))
    }
  }

  #send(exchange: Exchange, answer: Answer | undefined) {
    if (exchange.settled || !answer) return
    const { code, headers, text } = answer
    exchange.settled = true
    const { reply } = exchange
    if (this.#closing) reply.header('connection', 'close')
    reply.code(code)
    for (const [name, value] of Object.entries(headers)) if (!reply.hasHeader(name)) reply.header(name, value)
    if (text === undefined) reply.send()
    else reply.header('content-type', JSON_TYPE).send(text)
  }

  async #takeUpload(
    served: ServedRoute,
    input: { params: unknown; query: unknown },
    request: FastifyRequest,
  ): Promise<unknown> {
    const { exchange } = request
    const done = this.#uploads.take(exchange.identity.customer_id)
    if (done === 'customer')
      throw apiErrors.RATE_LIMIT_EXCEEDED({ limited_by: 'customer', retry_after: UPLOAD_RETRY_SECONDS })
    if (done === 'all') throw apiErrors.SERVICE_UNAVAILABLE()
    const { upload: { maxBytes } = { maxBytes: 0 }, deadlineMs = DEADLINE_MS } = served.endpoint
    const onBytes = () => {
      exchange.deadlineMs = this.#needs.clock.monotonicMs() + deadlineMs
    }
    try {
      const upload = new MultipartUpload(request.raw, { maxBytes, signal: exchange.signal, onBytes })
      return await served.route.handler(
        new HandlerUploadRequest(exchange, input, this.#addressOf(request), upload) as never,
      )
    } finally {
      done()
    }
  }

  #sendPage(exchange: Exchange, html: string, kind: true | 'program') {
    if (exchange.settled) return
    exchange.settled = true
    const policy = kind === 'program' ? PROGRAM_POLICY : TEXT_POLICY
    exchange.reply
      .code(200)
      .headers({ ...PAGE, 'content-security-policy': policy })
      .send(html)
  }

  /** What leaves a file unread has left already: nobody can be told but by a connection that is cut. */
  async #sendFile(exchange: Exchange, request: FastifyRequest, download: Download) {
    if (this.#downloads >= DOWNLOADS) throw apiErrors.SERVICE_UNAVAILABLE()
    const { reply, request_id } = exchange
    this.#downloads++
    if (this.#closing) reply.header('connection', 'close')
    const sent = sendDownload(request, reply, download)
    exchange.settled = reply.sent
    try {
      await sent
    } catch (error) {
      if (!reply.sent) throw error
      reply.raw.destroy()
      if (!isGone(error)) this.#needs.log.warn({ request_id, err: error }, 'a file could not be sent to its end')
    } finally {
      this.#downloads--
    }
  }

  #input(served: ServedRoute, input: { params: unknown; query: unknown; body: unknown }, request: FastifyRequest) {
    const { exchange } = request
    const ip = this.#addressOf(request)
    const { socket: limits } = served.endpoint
    if (!limits) return new HandlerRequest(exchange, input, ip)
    return new HandlerSocketRequest(exchange, input, ip, {
      accept: () => this.#accept(served, request, limits),
      authenticateAgain: exchange.authenticateAgain,
    })
  }

  #addressOf({ socket, headers }: FastifyRequest): string {
    return clientAddress(socket.remoteAddress ?? '', headers, this.#needs.trustedProxy)
  }

  /** Turns the connection over; the exchange ends with its 101. */
  #accept(served: ServedRoute, request: FastifyRequest, limits: SocketLimits): WebSocket {
    const { exchange } = request
    const { reply, request_id } = exchange
    if (exchange.settled) throw apiErrors.REQUEST_CANCELED()
    const socket = this.#upgrades.accept(request.raw, reply.raw, limits, request_id)
    exchange.settled = true
    reply.code(101).hijack()
    this.#end(exchange, request, served)
    return socket
  }

  /** A reason that the endpoint does not promise is a fault of ours: loud in tests, logged in production. */
  #declared(served: ServedRoute, error: ReasonedError): ReasonedError {
    if (served.declares(error)) return error
    const { method, path } = served.endpoint
    const breach = `${method} ${path}: ${error.domain}/${error.reason}`
    this.#needs.log.error({ breach }, 'an endpoint answered with a reason that it does not declare')
    if (!this.#needs.strictReasons) return error
    this.#undeclared.push(breach)
    return apiErrors.INTERNAL(undefined, { cause: new Error(`undeclared reason: ${breach}`, { cause: error }) })
  }

  /** The only way in which a refusal leaves. Whoever has been answered already is not answered again. */
  #fail(exchange: Exchange, error: ReasonedError) {
    if (exchange.settled) {
      if (error.http >= 500) this.#report(exchange, error, 'failed after the answer')
      return
    }
    exchange.settled = true
    this.#count(exchange, error)
    if (error.http >= 500) this.#report(exchange, error, 'request failed')
    const { reply } = exchange
    if (this.#closing) reply.header('connection', 'close')
    const after = retryAfter(error)
    if (after !== undefined) reply.header('retry-after', after)
    const { contentType, link, body } = refusal(error, exchange.request_id, reply.request.headers.accept)
    reply.code(error.http).header('content-type', contentType).header('link', link).header('vary', 'Accept').send(body)
  }

  #count(exchange: Exchange, { domain, reason, declaration: { blame } }: ReasonedError) {
    exchange.reason = reason
    this.#errors.inc({ domain, reason, blame })
  }

  #report(exchange: Exchange, error: ReasonedError, sentence: string) {
    const { request_id, identity } = exchange
    const fields = { request_id, reason: error.reason, customer_id: identity.customer_id, err: error.cause }
    if (error.reason === apiErrors.INTERNAL.reason) this.#needs.log.error(fields, sentence)
    else this.#needs.log.warn(fields, sentence)
  }

  #expire(exchange: Exchange) {
    if (exchange.settled) return // a long file is still on its way
    const late = apiErrors.REQUEST_TIMEOUT()
    this.#fail(exchange, late)
    exchange.abort(late)
  }

  /** The answer has left, or the client has. */
  #end(exchange: Exchange, request: FastifyRequest, served: ServedRoute | undefined) {
    this.#deadlines.release(exchange)
    if (exchange.reply.statusCode !== 101) linger(request.raw, this.#needs.clock)
    if (!exchange.settled) {
      const canceled = apiErrors.REQUEST_CANCELED()
      exchange.settled = true
      this.#count(exchange, canceled)
      this.#report(exchange, canceled, 'the client went away')
      exchange.abort(canceled)
    }
    const route = served?.endpoint.path ?? 'none'
    const seconds = (this.#needs.clock.monotonicMs() - exchange.startedMs) / 1000
    const code = String(exchange.reply.statusCode)
    this.#requests.inc({ method: served?.endpoint.method ?? 'none', route, code })
    this.#seconds.observe(seconds, { route })
    this.#needs.log.debug(
      {
        request_id: exchange.request_id,
        method: request.method,
        // without the query: access keys and tokens travel there
        path: request.url.split('?', 1)[0],
        code: exchange.reply.statusCode,
        reason: exchange.reason,
        seconds,
        customer_id: exchange.identity.customer_id,
      },
      'request',
    )
  }

  /** The router could not even read the path. Hooks have not run. */
  #refuseUnrouted(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    this.#begin(request, reply, () => this.#fail(request.exchange, translate(error)))
  }

  #refuseBytes(error: Error, socket: Socket) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
    const exchange = this.#deadlines.of(socket)
    if (exchange?.settled) {
      socket.destroy() // an answer is on its way: a second one would run into it
      return
    }
    if (exchange) exchange.settled = true
    const { domain, reason, declaration } = apiErrors.INVALID_ARGUMENT
    this.#errors.inc({ domain, reason, blame: declaration.blame })
    refuse(socket, code, exchange?.request_id ?? newRequestId(this.#needs.ids))
  }
}

/** Whether a file was not sent to its end because nobody takes it any more. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function servedOf(request: FastifyRequest): ServedRoute | undefined {
  const { config } = request.routeOptions
  return config && 'served' in config && config.served instanceof ServedRoute ? config.served : undefined
}
