import { type CustomerService, isLiving, type PasswordCheck } from '#managers/customer'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import { NOBODYS_HASH, verifyPassword } from './password.ts'
import { AgentStore } from './store.ts'
import type { AgentTokens } from './token.ts'
import { Turnstile } from './turnstile.ts'

/** Passwords that are checked at once (each takes a core and 19 MiB), and that may wait for it. */
const AT_ONCE = 2
const MOST_WAITING = 100

/** Logs agents in. */
export class LoginService implements PasswordCheck {
  readonly #agents: AgentStore
  readonly #customers: CustomerService
  readonly #tokens: AgentTokens
  readonly #turnstile = new Turnstile(AT_ONCE, MOST_WAITING)

  constructor(needs: { db: Database; customers: CustomerService; tokens: AgentTokens }) {
    this.#agents = new AgentStore(needs.db)
    this.#customers = needs.customers
    this.#tokens = needs.tokens
  }

  /**
   * A token for seven days. An unknown username and a wrong password get the same answer after the same work, so that
   * nobody learns who is here; too many logins at once are `SERVICE_UNAVAILABLE`.
   */
  async login(username: string, password: string): Promise<{ username: string; token: string }> {
    const agent = await this.#agents.findByUsername(username.trim())
    const kept = agent?.password_hash || NOBODYS_HASH
    const right = await this.#verify(password, kept)
    if (!agent || !right) throw apiErrors.INVALID_CREDENTIALS()
    const customer = await this.#customers.find(agent.customer_id)
    if (!customer || !isLiving(customer)) throw apiErrors.INVALID_CREDENTIALS()
    const { id: agent_id, customer_id, token_version } = agent
    return { username: agent.username, token: await this.#tokens.sign({ agent_id, customer_id, token_version }) }
  }

  /** Whether this is the agent's password, for what is asked to be confirmed; waits its turn as logins do. */
  async isPasswordOf(customer: string, agent_id: string, password: string): Promise<boolean> {
    const agent = await this.#agents.find(customer, agent_id)
    return this.#verify(password, agent?.password_hash || NOBODYS_HASH)
  }

  #verify(password: string, kept: string): Promise<boolean> {
    return this.#turnstile.run(() => verifyPassword(password, kept), tooMany)
  }
}

function tooMany(): never {
  throw apiErrors.SERVICE_UNAVAILABLE({})
}
