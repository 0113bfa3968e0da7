import { type CustomerService, isLiving } from '#managers/customer'
import type { Database } from '#platform/db'
import { type AuthenticateOptions, type Identity, Permission } from '#platform/http'
import type { Clock } from '#platform/time'
import { isSuperAdmin } from './agent.ts'
import { freezeOf } from './freeze.ts'
import { LastKnown } from './last-known.ts'
import { AgentStore } from './store.ts'
import type { DelegateClaims } from './tokens/delegate-token.ts'

interface KnownDelegate {
  identity: Identity
  /** The customer of the issuer. */
  home: string
  token_version: number
}

/**
 * Who is behind a delegate token: an admin of the customer that it is for, and never more, as long as its issuer is a
 * super admin whose logins have not been ended.
 */
export class DelegateIdentities {
  readonly #agents: AgentStore
  readonly #customers: CustomerService
  /** By issuer and customer. */
  readonly #known: LastKnown<KnownDelegate>

  constructor(needs: { db: Database; customers: CustomerService; clock: Clock }) {
    this.#agents = new AgentStore(needs.db)
    this.#customers = needs.customers
    this.#known = new LastKnown(needs.clock)
  }

  async identify(claims: DelegateClaims, options: AuthenticateOptions): Promise<Identity | undefined> {
    const { agent_customer_id, agent_id, customer_id, token_version } = claims
    const key = `${agent_customer_id} ${agent_id} ${customer_id}`
    const known = await this.#known.get(key, () => this.#load(claims), options)
    return known?.token_version === token_version ? known.identity : undefined
  }

  /** Forgets what is remembered of those whom an agent issued. */
  forgetIssuer(agent_id: string): void {
    this.#known.forget(({ identity }) => identity.agent_id === agent_id)
  }

  /** Forgets those who act for a customer, and those whom its agents issued. */
  forgetCustomer(customer_id: string): void {
    this.#known.forget(({ identity, home }) => identity.customer_id === customer_id || home === customer_id)
  }

  async #load({ agent_customer_id, agent_id, customer_id }: DelegateClaims): Promise<KnownDelegate | undefined> {
    const [agent, home, customer] = await Promise.all([
      this.#agents.find(agent_customer_id, agent_id),
      this.#customers.find(agent_customer_id),
      this.#customers.find(customer_id),
    ])
    if (!agent || !isSuperAdmin(agent.permission)) return undefined
    if (!home || !isLiving(home) || !customer || !isLiving(customer)) return undefined
    const who = { kind: 'delegate', customer_id, agent_id, permission: Permission.CustomerAdmin } as const
    return { identity: { ...who, ...freezeOf(customer) }, home: home.id, token_version: agent.token_version }
  }
}
