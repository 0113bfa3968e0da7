import type { FastifyRequest } from 'fastify'
import { readCredentials } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { pass, refuseFrozen } from './gate.ts'
import type { Authenticate, AuthenticateOptions, Credentials, Identity } from './identity.ts'
import type { RateLimits } from './rate-limits.ts'

/** What ends a call is admitted while the database is away. */
const TRUSTING: AuthenticateOptions = { trustLastKnown: true }
const USUAL: AuthenticateOptions = {}

/** Who asks, and may they: decided before the body is read and before anything is looked up. */
export class Admission {
  readonly #authenticate: Authenticate
  readonly #limits: RateLimits | undefined

  constructor(authenticate: Authenticate, limits: RateLimits | undefined) {
    this.#authenticate = authenticate
    this.#limits = limits
  }

  /** Throws `RATE_LIMIT_EXCEEDED` where this address has to wait before it asks again. */
  checkAddress(endpoint: Endpoint | undefined, request: FastifyRequest, address: () => string) {
    if (!this.#limits) return
    const path = request.url.split('?', 1)[0] ?? ''
    this.#limits.checkAddress(address(), path, endpoint !== undefined && endpoint.allow !== 'public')
  }

  /**
   * Puts the caller into the exchange; throws, or rejects with, the reason why not. Who is remembered is admitted when this
   * returns nothing.
   */
  admit(endpoint: Endpoint, request: FastifyRequest, exchange: Exchange): Promise<void> | undefined {
    const credentials = readCredentials(request)
    const identity = this.#authenticate(credentials, endpoint.endsCall ? TRUSTING : USUAL)
    if (identity instanceof Promise)
      return identity.then((known) => this.#check(endpoint, request, exchange, known, credentials))
    this.#check(endpoint, request, exchange, identity, credentials)
    return undefined
  }

  #check(
    endpoint: Endpoint,
    request: FastifyRequest,
    exchange: Exchange,
    identity: Identity,
    credentials: Credentials,
  ): void {
    exchange.identity = identity
    if (!endpoint.root) this.#limits?.checkCustomer(identity)
    refuseFrozen(endpoint, identity)
    pass(endpoint, identity, (request.params as { id?: string } | undefined)?.id)
    if (endpoint.socket) exchange.authenticateAgain = this.#again(endpoint, credentials)
  }

  /** Holds on to the credentials and to nothing else of the request. */
  #again(endpoint: Endpoint, credentials: Credentials) {
    return async (options?: AuthenticateOptions): Promise<Identity> => {
      const identity = await this.#authenticate(credentials, options)
      refuseFrozen(endpoint, identity)
      pass(endpoint, identity)
      return identity
    }
  }
}
