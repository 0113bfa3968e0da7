import { type CustomerLifecycle, isEmail, presentCustomer } from '#managers/customer'
import type { Customer } from '#managers/customer/contract'
import type { Database } from '#platform/db'
import { NIL_UUID } from '#platform/ids'
import type { MailOutbox } from '#platform/mail'
import { refuseToken } from './contract.ts'
import type { MailLimits } from './mail-limits.ts'
import type { MailedTokens } from './mailed-tokens.ts'

export interface EmailVerificationNeeds {
  db: Database
  lifecycle: CustomerLifecycle
  tokens: MailedTokens
  mails: MailOutbox
  limits: MailLimits
}

/** Lets a customer show that its e-mail is its own. */
export class EmailVerification {
  readonly #needs: EmailVerificationNeeds

  constructor(needs: EmailVerificationNeeds) {
    this.#needs = needs
  }

  /**
   * Makes the customer active whose mailbox the token was sent to, and sends its first admin a link to set a password.
   * A customer that is verified already stays as it is. `INVALID_ARGUMENT` for a token that is unknown, used or too old.
   */
  async verify(token: string): Promise<Customer> {
    const { db, lifecycle, tokens, mails } = this.#needs
    return db.transaction(async (trx) => {
      const { customer_id, address } = (await tokens.use(trx, 'email_verify', token)) ?? refuseToken()
      const { record, isNew } = (await lifecycle.verifyEmail(trx, customer_id, address)) ?? refuseToken()
      if (isNew) await mails.post(trx, { kind: 'set_password', to: record.email, customer_id })
      return presentCustomer(record)
    })
  }

  /** Sends the link again, if there is a customer that waits for it; whoever asks does not learn whether there is. */
  async resend(email: string, ip: string): Promise<void> {
    const to = email.trim()
    if (!isEmail(to)) return
    const { db, mails, limits } = this.#needs
    await db.transaction(async (trx) => {
      if (await limits.take(trx, to, ip)) await mails.post(trx, { kind: 'verify_email', to, customer_id: NIL_UUID })
    })
  }
}
