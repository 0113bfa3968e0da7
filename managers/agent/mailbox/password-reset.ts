import { isEmail } from '#managers/customer'
import type { Database } from '#platform/db'
import { apiErrors } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { MailOutbox } from '#platform/mail'
import { GUEST_AGENT_ID } from '../agent.ts'
import type { AgentChanges } from '../changes.ts'
import { agentErrors } from '../errors.ts'
import { refuseToken } from './contract.ts'
import type { MailLimits } from './mail-limits.ts'
import type { MailedTokens } from './mailed-tokens.ts'

export interface PasswordResetNeeds {
  db: Database
  changes: AgentChanges
  tokens: MailedTokens
  mails: MailOutbox
  limits: MailLimits
}

/** Lets an agent who has its mailbox set a password without the one before. */
export class PasswordReset {
  readonly #needs: PasswordResetNeeds

  constructor(needs: PasswordResetNeeds) {
    this.#needs = needs
  }

  /**
   * Sends a link to the mailbox, if it is an agent's. Whether it is is looked up when the mail is written: the request is
   * the same work and the same answer for everybody.
   */
  async forgot(username: string, ip: string): Promise<void> {
    const to = username.trim()
    if (!isEmail(to)) return // nobody's: usernames are e-mail addresses
    const { db, mails, limits } = this.#needs
    await db.transaction(async (trx) => {
      if (await limits.take(trx, to, ip)) await mails.post(trx, { kind: 'password_forgot', to, customer_id: NIL_UUID })
    })
  }

  /**
   * Sets the password of the agent whose mailbox the token was sent to, and ends all its logins and all such links.
   * `INVALID_ARGUMENT` for a token that is unknown, used or too old; it is asked before anything is hashed.
   */
  async reset(token: string, password: string): Promise<void> {
    const { tokens, changes } = this.#needs
    const { customer_id, agent_id } = (await tokens.find('password_set', token)) ?? refuseToken()
    if (agent_id === GUEST_AGENT_ID) refuseToken('is of the guest agent, which must stay as it is')
    try {
      await changes.resetPassword(customer_id, agent_id, password, async (trx) => {
        if (!(await tokens.use(trx, 'password_set', token))) refuseToken()
      })
    } catch (error) {
      // the agent is gone, or its customer with all that it had
      if (agentErrors.AGENT_NOT_FOUND.is(error) || apiErrors.INVALID_CREDENTIALS.is(error)) refuseToken()
      throw error
    }
  }
}
