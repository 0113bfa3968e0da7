import type { AccesskeyService, CustomerLifecycle, CustomerService } from '#managers/customer'
import type { Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { MailOutbox, Templates } from '#platform/mail'
import type { Clock } from '#platform/time'
import type { AgentService } from '../service.ts'
import { AgentStore } from '../store.ts'
import { accountMails } from './account-mails.ts'
import { EmailVerification } from './email-verification.ts'
import { MailLimits } from './mail-limits.ts'
import { MailedTokens } from './mailed-tokens.ts'
import { PasswordReset } from './password-reset.ts'
import { Signups } from './signup.ts'

export interface MailboxesNeeds {
  db: Database
  clock: Clock
  ids: Ids
  agents: AgentService
  customers: CustomerService
  lifecycle: CustomerLifecycle
  accesskeys: AccesskeyService
  mails: MailOutbox
  /** Where people reach the API, without a slash at its end. */
  publicUrl: () => string
  /** Whether who signs up has to confirm its e-mail address. */
  checksEmail: boolean
}

/** Everything that rests on somebody having a mailbox: signing up, confirming it, and passwords without the one before. */
export class Mailboxes {
  readonly signups: Signups
  readonly verification: EmailVerification
  readonly resets: PasswordReset
  /** What the mails of all this say. */
  readonly templates: Templates
  readonly #tokens: MailedTokens

  constructor(needs: MailboxesNeeds) {
    const { db, agents, mails } = needs
    const tokens = new MailedTokens(needs)
    const limits = new MailLimits(needs)
    this.signups = new Signups({ ...needs, admins: agents, limits })
    this.verification = new EmailVerification({ ...needs, tokens, limits })
    this.resets = new PasswordReset({ db, mails, tokens, limits, changes: agents.changes })
    this.templates = accountMails({ ...needs, agents: new AgentStore(db), tokens })
    this.#tokens = tokens
  }

  /** Removes links that nobody can use any more. */
  forgetOldLinks(): Promise<void> {
    return this.#tokens.forget()
  }
}
