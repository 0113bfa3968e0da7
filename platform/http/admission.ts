import type { FastifyRequest } from 'fastify'
import { readCredentials } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { pass, refuseFrozen } from './gate.ts'
import type { Authenticate, AuthenticateOptions, Credentials, Identity } from './identity.ts'
import type { RateLimits } from './rate-limits.ts'

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

  /** Puts the caller into the exchange; throws the reason why not. */
  async admit(endpoint: Endpoint, request: FastifyRequest, exchange: Exchange) {
    const credentials = readCredentials(request)
    exchange.identity = await this.#authenticate(credentials, endpoint.endsCall ? { trustLastKnown: true } : {})
    if (!endpoint.root) this.#limits?.checkCustomer(exchange.identity)
    refuseFrozen(endpoint, exchange.identity)
    pass(endpoint, exchange.identity, (request.params as { id?: string } | undefined)?.id)
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
