import { type CustomerService, isEmail, isLiving, type PasswordCheck } from '#managers/customer'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import type { Clock } from '#platform/time'
import { LoginAttempts } from './login-attempts.ts'
import type { Passwords } from './passwords.ts'
import { AgentStore } from './store.ts'
import type { Tokens } from './tokens/tokens.ts'

/** Logs agents in. */
export class LoginService implements PasswordCheck {
  readonly #agents: AgentStore
  readonly #customers: CustomerService
  readonly #tokens: Tokens
  readonly #passwords: Passwords
  readonly #attempts: LoginAttempts

  constructor(needs: { db: Database; clock: Clock; customers: CustomerService; tokens: Tokens; passwords: Passwords }) {
    this.#agents = new AgentStore(needs.db)
    this.#customers = needs.customers
    this.#tokens = needs.tokens
    this.#passwords = needs.passwords
    this.#attempts = new LoginAttempts(needs)
  }

  /**
   * A token for seven days. An unknown username and a wrong password get the same answer after the same work, so that
   * nobody learns who is here; too many of them are `RATE_LIMIT_EXCEEDED`, too many logins at once `SERVICE_UNAVAILABLE`.
   */
  async login(username: string, password: string, ip: string): Promise<{ username: string; token: string }> {
    // what is no e-mail address is nobody's username, however a database folds its letters
    const agent = isEmail(username.trim()) ? await this.#agents.findByUsername(username.trim()) : undefined
    const kept = agent?.password_hash ?? ''
    const right = await this.#attempts.check(username, ip, async () => {
      if (!(await this.#passwords.verify(password, kept)) || !agent) return false
      const customer = await this.#customers.find(agent.customer_id)
      return customer !== undefined && isLiving(customer)
    })
    if (!agent || !right) throw apiErrors.INVALID_CREDENTIALS()
    const { id: agent_id, customer_id, token_version } = agent
    const { token } = await this.#tokens.sign({ type: 'agent', agent_id, customer_id, token_version })
    return { username: agent.username, token }
  }

  /** Whether this is the agent's password, for what is asked to be confirmed; guesses count like those of a login. */
  async isPasswordOf(customer: string, agent_id: string, password: string, ip: string): Promise<boolean> {
    const agent = await this.#agents.find(customer, agent_id)
    const { username = '', password_hash = '' } = agent ?? {}
    return this.#attempts.check(username, ip, () => this.#passwords.verify(password, password_hash))
  }
}
