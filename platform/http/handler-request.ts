import type { WebSocket } from 'ws'
import type { Request, SignedRequest, SocketRequest, UploadRequest } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import type { AuthenticateOptions, Identity } from './identity.ts'
import type { Upload } from './upload.ts'

/** What a handler is given; the rarely asked parts are worked out when they are asked for. */
export class HandlerRequest implements Request<unknown, unknown, unknown> {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly identity: Identity
  readonly customer: string
  readonly request_id: string
  readonly ip: string
  readonly #exchange: Exchange

  constructor(exchange: Exchange, input: { params: unknown; query: unknown; body: unknown }, ip: string) {
    this.params = input.params
    this.query = input.query
    this.body = input.body
    this.identity = exchange.identity
    this.customer = exchange.identity.customer_id
    this.request_id = exchange.request_id
    this.ip = ip
    this.#exchange = exchange
  }

  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  get setCookie() {
    return (name: string, value: string, maxAgeSeconds: number) => {
      const cookie = `${name}=${encodeURIComponent(value)}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; Secure; SameSite=Strict`
      this.#exchange.reply.header('set-cookie', cookie)
    }
  }
}

/** What only a WebSocket endpoint asks for. */
export type ForSockets = Pick<SocketRequest<unknown, unknown>, 'accept' | 'authenticateAgain'>

/** What the handler of a WebSocket endpoint is given. */
export class HandlerSocketRequest extends HandlerRequest implements SocketRequest<unknown, unknown> {
  readonly accept: () => WebSocket
  readonly authenticateAgain: (options?: AuthenticateOptions) => Promise<Identity>

  constructor(exchange: Exchange, input: { params: unknown; query: unknown }, ip: string, forSockets: ForSockets) {
    super(exchange, { ...input, body: undefined }, ip)
    this.accept = forSockets.accept
    this.authenticateAgain = forSockets.authenticateAgain
  }
}

/** What the handler of an endpoint with `upload` is given. */
export class HandlerUploadRequest extends HandlerRequest implements UploadRequest<unknown, unknown> {
  readonly upload: Upload

  constructor(exchange: Exchange, input: { params: unknown; query: unknown }, ip: string, upload: Upload) {
    super(exchange, { ...input, body: undefined }, ip)
    this.upload = upload
  }
}

/** What the handler of an endpoint with `signature` is given. */
export class HandlerSignedRequest extends HandlerRequest implements SignedRequest<unknown, unknown> {
  readonly bytes: Uint8Array
  readonly signature: string

  constructor(
    exchange: Exchange,
    input: { params: unknown; query: unknown },
    ip: string,
    signed: Pick<SignedRequest<unknown, unknown>, 'bytes' | 'signature'>,
  ) {
    super(exchange, { ...input, body: undefined }, ip)
    this.bytes = signed.bytes
    this.signature = signed.signature
  }
}
