import type { Database } from '#platform/db'
import { apiErrors, type Identity } from '#platform/http'
import type { Clock } from '#platform/time'
import type { AgentChanges } from './agent-changes.ts'
import type { Agent, AgentPassword } from './contract.ts'
import { noAgent } from './errors.ts'
import type { LoginAttempts } from './login-attempts.ts'
import type { Passwords } from './passwords.ts'
import { isSelf, refuseLesser } from './privilege.ts'
import { AgentStore } from './store.ts'

/** So long after a login nobody is asked for the password again. */
const FRESH_MS = 10 * 60_000

/** Sets passwords. Every token of the agent ends with its old one. */
export class PasswordChanges {
  readonly #store: AgentStore
  readonly #changes: AgentChanges
  readonly #passwords: Passwords
  readonly #attempts: LoginAttempts
  readonly #clock: Clock

  constructor(needs: {
    db: Database
    changes: AgentChanges
    passwords: Passwords
    attempts: LoginAttempts
    clock: Clock
  }) {
    this.#store = new AgentStore(needs.db)
    this.#changes = needs.changes
    this.#passwords = needs.passwords
    this.#attempts = needs.attempts
    this.#clock = needs.clock
  }

  /**
   * Sets the password of an agent whose powers the caller could give, or of oneself. Whoever changes its own says the
   * current one, or has just logged in: a token that was stolen must not become a password. Guesses count as logins.
   */
  async set(caller: Identity, id: string, { password, current_password }: AgentPassword, ip: string): Promise<Agent> {
    const agent = (await this.#store.find(caller.customer_id, id)) ?? noAgent(id)
    refuseLesser(caller, agent)
    if (isSelf(caller, id)) {
      const { username, password_hash } = agent
      if (current_password === undefined) this.#refuseOldLogin(caller)
      else if (
        !(await this.#attempts.check(username, ip, () => this.#passwords.verify(current_password, password_hash)))
      )
        throw apiErrors.INVALID_ARGUMENT({ field: 'current_password', issue: 'is not your password' })
    }
    const hash = await this.#passwords.hash(password)
    return this.#changes.setPasswordHash(caller.customer_id, id, hash, (now) => refuseLesser(caller, now))
  }

  #refuseOldLogin({ login_ms = 0 }: Identity): void {
    if (this.#clock.wallMs() - login_ms <= FRESH_MS) return
    throw apiErrors.INVALID_ARGUMENT({
      field: 'current_password',
      issue: 'is required, because your login is older than ten minutes',
    })
  }
}
