import type { Static, TObject, TSchema } from 'typebox'
import type { WebSocket } from 'ws'
import type { Reason } from '#platform/errors'
import type { AuthenticateOptions, Identity } from './identity.ts'
import type { Gate } from './permission.ts'
import type { Upload } from './upload.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What a WebSocket endpoint takes. */
export interface SocketLimits {
  /** Of one message, however many frames it comes in; a longer one closes the connection (1009). */
  maxMessageBytes: number
}

/** What an endpoint takes whose body is a form with files. */
export interface UploadLimits {
  /** Octets of the whole body. */
  maxBytes: number
  /** The parts as the document shows them; what is in them is for the handler to judge. */
  form: TObject
}

/** An object without declared members: what an endpoint without parameters or body is given. */
export type Nothing = TObject<Record<never, never>>

/**
 * What the API promises at one path: the schemas are the validation, the OpenAPI document and the types at once.
 * Every endpoint names its gate and its reasons: answering with an undeclared reason fails the tests. The reasons that
 * every endpoint shares (authentication, validation, `INTERNAL`, …) follow from its gate and schemas (`implied-errors.ts`)
 * and need not be listed.
 */
export interface Endpoint<
  P extends TObject = TObject,
  Q extends TObject = TObject,
  B extends TSchema = TSchema,
  R extends TSchema = TSchema,
> {
  method: HttpMethod
  /** Below `/v1.0`, e.g. `/calls/{id}/hangup`; see `root` for the few that are not. Hyphen spellings come by themselves. */
  path: string
  /** Served without the `/v1.0` prefix (`/ping`, `/openapi.json`) or with both (`/auth/*`, decision 4). */
  root?: 'only' | 'too'
  /** More spellings that are served silently, e.g. `/billing_accounts/{id}/balance-add`. */
  aliases?: readonly string[]
  summary: string
  description?: string
  /** Who may call: checked before anything is looked up. */
  allow: Gate
  /** An agent of whatever permission may ask it about itself: with its own id as `{id}`. */
  selfToo?: true
  /** Direct tokens that may use this kind of resource may ask, too; with `any` each of them. None may unless said. */
  direct?: 'aicall' | 'webchat_session' | 'any'
  /** Delegate tokens may not ask, whatever the gate says. */
  noDelegates?: true
  /** What a caller who is no agent is answered under the gate `agent`; `DIRECT_ACCESS_NOT_SUPPORTED` unless said. */
  notAgent?: Reason
  /** A frozen customer may ask it too, because it is what ends the freeze. */
  frozenToo?: true
  /** It ends a call, so it must work while the database is away (see `AuthenticateOptions`). */
  endsCall?: true
  /** Milliseconds until `REQUEST_TIMEOUT`; the server's deadline unless said (longer for long polls). */
  deadlineMs?: number
  params?: P
  query?: Q
  /** Members that the schema does not know are taken away before the handler sees them; defaults are filled in. */
  body?: B
  /** The body may be absent; the handler is then given `{}` with the defaults of the schema. */
  bodyOptional?: true
  /**
   * The body is `multipart/form-data`, read while it comes (see `handleUpload`). Its deadline begins anew with every octet
   * that comes.
   */
  upload?: UploadLimits
  /** The body is signed: the handler is given its very bytes, and this header (lower case). */
  signature?: string
  returns: R
  /** The handler returns an address: it goes into `Location`, and as JSON into the body, as VoIPbin's document has it. */
  redirects?: true
  /** Success is a `Download` of one of these content types (its `returns` is `fileSchema`). */
  files?: readonly string[]
  /** Success is a page for people: the handler returns its HTML. Nothing runs in it, unless it is a `program`. */
  page?: true | 'program'
  /** A `GET` that becomes a WebSocket (see `handleSocket`): success is 101, and `returns` describes nothing. */
  socket?: SocketLimits
  /**
   * The HTTP code of success; 200 unless the wire contract says otherwise. That of a `socket` is 101, whatever stands here:
   * the document declares both.
   */
  success?: 200 | 201 | 202 | 307
  errors: readonly Reason[]
}

/** Declares an endpoint (and keeps the exact types of its schemas). */
export function endpoint<
  P extends TObject = Nothing,
  Q extends TObject = Nothing,
  B extends TSchema = Nothing,
  R extends TSchema = TSchema,
>(declared: Endpoint<P, Q, B, R>): Endpoint<P, Q, B, R> {
  return declared
}

/** What a handler is given: validated input and who asks. */
export interface Request<P, Q, B> {
  params: P
  query: Q
  body: B
  /** Who asks. On a `public` endpoint it is the anonymous identity with the nil customer. */
  identity: Identity
  /** The customer of the caller: the tenant that every store method takes first. */
  customer: string
  request_id: string
  /** The true client address. */
  ip: string
  /** Aborted when the client goes away or the request's deadline passes. */
  signal: AbortSignal
  /** Sets a cookie on the answer (HttpOnly, Secure, SameSite=Strict, whole site). */
  setCookie(name: string, value: string, maxAgeSeconds: number): void
}

/** What the handler of a WebSocket endpoint is given. Whatever it throws before `accept` is an ordinary answer. */
export interface SocketRequest<P, Q> extends Request<P, Q, unknown> {
  /** Answers 101; from here on the connection is the handler's. Throws where the client did not ask for a WebSocket. */
  accept: () => WebSocket
  /** Who is behind the credentials of this request by now; rejects as the gate would. It may outlive the request. */
  authenticateAgain: (options?: AuthenticateOptions) => Promise<Identity>
}

/** What the handler of an endpoint with `upload` is given. */
export interface UploadRequest<P, Q> extends Request<P, Q, unknown> {
  upload: Upload
}

/** What the handler of an endpoint with `signature` is given. */
export interface SignedRequest<P, Q> extends Request<P, Q, unknown> {
  /** The body as it was sent. */
  bytes: Uint8Array
  /** The header; empty where it is missing. */
  signature: string
}

/** An endpoint with the code that serves it. */
export interface Route {
  endpoint: Endpoint
  handler: (request: Request<never, never, never>) => Promise<unknown> | unknown
}

/** Joins an endpoint and its handler: contract to service, one line each. */
export function handle<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema>(
  declared: Endpoint<P, Q, B, R>,
  handler: (request: Request<Static<P>, Static<Q>, Static<B>>) => Promise<Static<R>> | Static<R>,
): Route {
  return { endpoint: declared as unknown as Endpoint, handler: handler as Route['handler'] }
}

/** The same for an endpoint with `socket`: the handler calls `accept`, or throws. */
export function handleSocket<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema>(
  declared: Endpoint<P, Q, B, R>,
  handler: (request: SocketRequest<Static<P>, Static<Q>>) => Promise<void> | void,
): Route {
  return { endpoint: declared as unknown as Endpoint, handler: handler as unknown as Route['handler'] }
}

/** The same for an endpoint with `upload`. */
export function handleUpload<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema>(
  declared: Endpoint<P, Q, B, R>,
  handler: (request: UploadRequest<Static<P>, Static<Q>>) => Promise<Static<R>>,
): Route {
  return { endpoint: declared as unknown as Endpoint, handler: handler as unknown as Route['handler'] }
}

/** The same for an endpoint with `signature`. */
export function handleSigned<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema>(
  declared: Endpoint<P, Q, B, R>,
  handler: (request: SignedRequest<Static<P>, Static<Q>>) => Promise<Static<R>>,
): Route {
  return { endpoint: declared as unknown as Endpoint, handler: handler as unknown as Route['handler'] }
}
