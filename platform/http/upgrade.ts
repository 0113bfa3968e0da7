import { type IncomingHttpHeaders, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { ReasonedError } from '#platform/errors'
import type { SocketLimits } from './endpoint.ts'
import { apiErrors } from './errors.ts'

/** What a connection is between its request and its becoming a WebSocket. */
interface Waiting {
  socket: Socket
  head: Buffer
}

/** Sixteen octets in Base64, and the versions of the protocol that are spoken. */
const KEY = /^[+/0-9A-Za-z]{22}==$/
const VERSIONS = ['13', '8']

/** How long a client has for its half of the closing handshake before its connection is cut. */
const CLOSE_TIMEOUT_MS = 3_000

/**
 * Requests that ask to become a WebSocket (RFC 6455 §4.2). They are ordinary requests first: the router, the gate and the
 * endpoint see them, and a refusal is an ordinary answer. Only `accept` turns the connection over, and then nothing of HTTP
 * is left on it.
 */
export class Upgrades {
  readonly #waiting = new WeakMap<IncomingMessage, Waiting>()
  readonly #servers = new Map<SocketLimits, WebSocketServer>()
  /** What `accept` is at; `handleUpgrade` is done when it returns, so there is one at a time. */
  #accepting: { request_id: string; refusal?: Error } = { request_id: '' }

  /** Which requests leave the HTTP parser; every other `Upgrade` (h2c, …) is ignored, as RFC 9110 §7.8 allows. */
  static wants({ method, headers }: IncomingMessage): boolean {
    return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
  }

  /** Hands such requests to the router, each with a response of its own. */
  listen(server: Server, route: (request: IncomingMessage, response: ServerResponse) => void): void {
    server.on('upgrade', (request, stream, head) => {
      const socket = stream as Socket // of an http server it always is one
      socket.on('error', () => socket.destroy()) // the parser has let go of it, and with it whoever listened
      const response = new ServerResponse(request)
      response.shouldKeepAlive = false // no parser would read a second request
      response.once('finish', () => socket.destroySoon())
      try {
        response.assignSocket(socket)
      } catch {
        socket.destroy() // pipelined behind a request that is still being answered
        return
      }
      this.#waiting.set(request, { socket, head })
      route(request, response)
    })
  }

  /**
   * Answers 101 and gives the WebSocket. Throws `INVALID_ARGUMENT` where the request does not ask for one correctly, and
   * has written nothing then.
   */
  accept(request: IncomingMessage, response: ServerResponse, limits: SocketLimits, request_id: string): WebSocket {
    const waiting = this.#waiting.get(request)
    if (!waiting) throw apiErrors.INVALID_ARGUMENT({ field: 'Upgrade', issue: 'must be websocket' })
    const accepting: { request_id: string; refusal?: Error } = { request_id }
    this.#accepting = accepting
    let accepted: WebSocket | undefined
    this.#serverOf(limits).handleUpgrade(request, waiting.socket, waiting.head, (socket) => {
      accepted = socket
    })
    if (accepting.refusal) throw refusalOf(request.headers, accepting.refusal)
    if (!accepted) throw apiErrors.REQUEST_CANCELED()
    response.detachSocket(waiting.socket)
    return accepted
  }

  #serverOf(limits: SocketLimits): WebSocketServer {
    const known = this.#servers.get(limits)
    if (known) return known
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      allowSynchronousEvents: false, // one message a turn: a chunk full of tiny ones holds nobody else up
      maxPayload: limits.maxMessageBytes,
      closeTimeout: CLOSE_TIMEOUT_MS,
    }
    const made = new WebSocketServer(options)
    made.on('headers', (headers) => headers.push(`X-Request-Id: ${this.#accepting.request_id}`))
    // it answers by itself, without the envelope, unless somebody listens here
    made.on('wsClientError', (error) => {
      this.#accepting.refusal = error
    })
    this.#servers.set(limits, made)
    return made
  }
}

/** Which header kept a request from becoming a WebSocket: RFC 6455 §4.2.1, in its order. */
function refusalOf(headers: IncomingHttpHeaders, cause: Error): ReasonedError {
  const field = [
    ['Sec-WebSocket-Key', KEY.test(headers['sec-websocket-key'] ?? '')],
    ['Sec-WebSocket-Version', VERSIONS.includes(headers['sec-websocket-version'] ?? '')],
    ['Sec-WebSocket-Protocol', headers['sec-websocket-protocol'] === undefined],
    ['Sec-WebSocket-Extensions', headers['sec-websocket-extensions'] === undefined],
  ].find(([, isRight]) => !isRight)?.[0]
  return apiErrors.INVALID_ARGUMENT(
    { field: String(field ?? 'Upgrade'), issue: 'is missing or cannot be read' },
    { cause },
  )
}
