import { hash } from 'node:crypto'
import { type AccesskeyService, type CustomerService, isAccesskeyToken, isLiving, isUsable } from '#managers/customer'
import type { Database } from '#platform/db'
import {
  type Authenticate,
  type AuthenticateOptions,
  apiErrors,
  type Credentials,
  type Identity,
  Permission,
} from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import { type Clock, timestampToMs } from '#platform/time'
import { DelegateIdentities } from './delegate-identity.ts'
import { DirectIdentities } from './direct-identity.ts'
import { freezeOf } from './freeze.ts'
import { LastKnown } from './last-known.ts'
import { AgentStore } from './store.ts'
import type { AgentClaims } from './tokens/agent-token.ts'
import type { Tokens } from './tokens/tokens.ts'

interface KnownAgent {
  identity: Identity
  token_version: number
}

interface KnownKey {
  identity: Identity
  accesskey_id: string
  expiresMs: number
}

/**
 * Finds out who is behind a token or an access key; a token wins over a key. What an agent may do is read anew at least
 * every 5 s, so that a demotion, a deletion or a revoked key takes effect that soon (in the process where it happened at
 * once). Where a request may trust the last known identity, the database may be away for 60 s.
 */
export class Authenticator {
  readonly #agents: AgentStore
  readonly #customers: CustomerService
  readonly #accesskeys: AccesskeyService
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #onKeyUsed: (accesskey_id: string) => void
  readonly #directs: DirectIdentities
  readonly #delegates: DelegateIdentities
  readonly #knownAgents: LastKnown<KnownAgent>
  readonly #knownKeys: LastKnown<KnownKey>

  /** `onKeyUsed` hears of each request with an access key that holds. */
  constructor(needs: {
    db: Database
    customers: CustomerService
    accesskeys: AccesskeyService
    tokens: Tokens
    clock: Clock
    onKeyUsed?: (accesskey_id: string) => void
  }) {
    this.#agents = new AgentStore(needs.db)
    this.#customers = needs.customers
    this.#accesskeys = needs.accesskeys
    this.#tokens = needs.tokens
    this.#clock = needs.clock
    this.#onKeyUsed = needs.onKeyUsed ?? (() => {})
    this.#directs = new DirectIdentities(needs)
    this.#delegates = new DelegateIdentities(needs)
    this.#knownAgents = new LastKnown(needs.clock)
    this.#knownKeys = new LastKnown(needs.clock)
  }

  /** The function that the HTTP server asks. A key that was looked up a moment ago is answered at once. */
  readonly authenticate: Authenticate = (credentials, options) => {
    const { token, accesskey } = credentials
    const known = token === undefined && accesskey !== undefined ? this.#freshKey(accesskey, options) : undefined
    return known ?? this.#look(credentials, options)
  }

  async #look(credentials: Credentials, options: AuthenticateOptions | undefined): Promise<Identity> {
    const identity = await this.#identify(credentials, options)
    if (!identity) throw apiErrors.INVALID_CREDENTIALS()
    return identity
  }

  /** Forgets what is remembered of a key that was deleted. */
  forgetAccesskey(accesskey_id: string): void {
    this.#knownKeys.forget((known) => known.accesskey_id === accesskey_id)
  }

  /** Forgets what is remembered of an agent whose permission, password or existence changed. */
  forgetAgent(agent_id: string): void {
    this.#knownAgents.forget((known) => known.identity.agent_id === agent_id)
    this.#delegates.forgetIssuer(agent_id)
  }

  /** Forgets what is remembered of everybody who acts for a customer: it was frozen, recovered or deleted. */
  forgetCustomer(customer_id: string): void {
    const picks = ({ identity }: { identity: Identity }) => identity.customer_id === customer_id
    this.#knownAgents.forget(picks)
    this.#knownKeys.forget(picks)
    this.#directs.forgetCustomer(customer_id)
    this.#delegates.forgetCustomer(customer_id)
  }

  #identify({ token, accesskey }: Credentials, options: AuthenticateOptions = {}): Promise<Identity | undefined> {
    if (token !== undefined) return this.#byToken(token, options)
    if (accesskey !== undefined) return this.#byAccesskey(accesskey, options)
    throw apiErrors.AUTHENTICATION_REQUIRED()
  }

  async #byToken(token: string, options: AuthenticateOptions): Promise<Identity | undefined> {
    const claims = await this.#tokens.read(token)
    if (!claims) return undefined
    switch (claims.type) {
      case 'agent':
        return this.#byLogin(claims, claims.issued_ms, options)
      case 'direct':
        return this.#directs.identify(claims, options)
      case 'delegate':
        return this.#delegates.identify(claims, options)
    }
  }

  async #byLogin(claims: AgentClaims, login_ms: number, options: AuthenticateOptions): Promise<Identity | undefined> {
    const { agent_id, customer_id, token_version } = claims
    const key = `${customer_id} ${agent_id}`
    const known = await this.#knownAgents.get(key, () => this.#loadAgent(customer_id, agent_id), options)
    return known?.token_version === token_version ? { ...known.identity, login_ms } : undefined
  }

  async #loadAgent(customer_id: string, agent_id: string): Promise<KnownAgent | undefined> {
    const [agent, customer] = await Promise.all([
      this.#agents.find(customer_id, agent_id),
      this.#customers.find(customer_id),
    ])
    if (!agent || !customer || !isLiving(customer)) return undefined
    const { permission, token_version } = agent
    return { identity: { kind: 'agent', customer_id, agent_id, permission, ...freezeOf(customer) }, token_version }
  }

  async #byAccesskey(token: string, options: AuthenticateOptions): Promise<Identity | undefined> {
    if (!isAccesskeyToken(token)) return undefined
    return this.#used(await this.#knownKeys.get(keyOf(token), () => this.#loadAccesskey(token), options))
  }

  #freshKey(token: string, options: AuthenticateOptions | undefined): Identity | undefined {
    return isAccesskeyToken(token) ? this.#used(this.#knownKeys.fresh(keyOf(token), options)) : undefined
  }

  #used(known: KnownKey | undefined): Identity | undefined {
    if (!known || known.expiresMs <= this.#clock.wallMs()) return undefined
    this.#onKeyUsed(known.accesskey_id)
    return known.identity
  }

  async #loadAccesskey(token: string): Promise<KnownKey | undefined> {
    const accesskey = await this.#accesskeys.findByToken(token)
    if (!accesskey || !isUsable(accesskey, this.#clock.wallMs())) return undefined
    const { id, customer_id, tm_expire } = accesskey
    const customer = await this.#customers.find(customer_id)
    if (!customer || !isLiving(customer)) return undefined
    return {
      identity: {
        kind: 'accesskey',
        customer_id,
        agent_id: NIL_UUID,
        accesskey_id: id,
        permission: Permission.CustomerAdmin,
        ...freezeOf(customer),
      },
      accesskey_id: id,
      expiresMs: timestampToMs(tm_expire) ?? 0,
    }
  }
}

/** What an access key is remembered by: nobody reads it in the memory. */
function keyOf(token: string): string {
  return hash('sha256', token, 'base64')
}
